// The Conns of tcp and "fake" on a fake network.
#ifndef PLUMB_BACKENDS_FAKE_TCP_CONN_H_
#define PLUMB_BACKENDS_FAKE_TCP_CONN_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake_stream.h"
#include "transport/extensions.h"
#include "transport/options.h"

namespace plumb {

// The errno of setsockopt(2) for what it does not take of `keep_alive`; 0 for
// none.
int KeepAliveError(const KeepAlive& keep_alive);

// Extensions: those of FakeStreamConn, and TcpControl.
class FakeTcpConn final : public FakeStreamConn, public TcpControl {
 public:
  // Who has its port, which Close gives back.
  enum class Port : uint8_t { kOthers, kDialled, kAccepted };

  FakeTcpConn(const HostRef& host, StreamEnd end, Port port)
      : FakeStreamConn(host, std::move(end)), port_(port) {
    EnterTable();
  }
  ~FakeTcpConn() override { (void)Close(); }

  // Before anybody else has it: the port that was dialled from.
  void HoldPort() { port_ = Port::kDialled; }

  absl::Status Close() override;
  void* Extension(absl::string_view name) override;
  absl::Status SetNoDelay(bool on) override;
  absl::Status SetKeepAlive(const KeepAlive& keep_alive) override;
  absl::Status SetLinger(absl::Duration linger) override;

 private:
  absl::Status CheckOpen();
  void Release() override;
  std::atomic<Shown>& shown() const override { return shown_; }

  std::atomic<int> linger_seconds_{-1};
  Port port_;
  mutable std::atomic<Shown> shown_{Shown::kNot};
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_TCP_CONN_H_
