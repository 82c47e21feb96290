// The Conns of tcp and "fake" on a fake network.
#ifndef PLUMB_BACKENDS_FAKE_TCP_CONN_H_
#define PLUMB_BACKENDS_FAKE_TCP_CONN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake_stream.h"
#include "transport/extensions.h"

namespace plumb {

// Extensions: those of FakeStreamConn, and TcpControl.
class FakeTcpConn final : public FakeStreamConn, public TcpControl {
 public:
  using FakeStreamConn::FakeStreamConn;
  ~FakeTcpConn() override { (void)Close(); }

  void* Extension(absl::string_view name) override;
  absl::Status SetNoDelay(bool on) override;
  absl::Status SetKeepAlive(const KeepAlive& keep_alive) override;
  absl::Status SetLinger(absl::Duration linger) override;

 private:
  absl::Status CheckOpen();
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_TCP_CONN_H_
