// The Conns of unix streams on a fake network.
#ifndef PLUMB_BACKENDS_FAKE_UNIX_CONN_H_
#define PLUMB_BACKENDS_FAKE_UNIX_CONN_H_

#include <atomic>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/fake/fake_stream.h"
#include "backends/fake/lease.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"

namespace plumb {

// Who is at the other end of all unix sockets of a fake network.
Credentials CredentialsOfThisProcess();

// Extensions: those of FakeStreamConn, HandlePassing and PeerCredentials.
class FakeUnixConn final : public FakeStreamConn,
                           public HandlePassing,
                           public PeerCredentials {
 public:
  // Holds `lease` until Close.
  FakeUnixConn(const HostRef& host, StreamEnd end, Lease lease)
      : FakeStreamConn(host, std::move(end)), lease_(std::move(lease)) {
    EnterTable();
  }
  ~FakeUnixConn() override { (void)Close(); }

  void* Extension(absl::string_view name) override;
  absl::Status SetReadBuffer(int bytes) override;
  absl::Status WriteWithHandles(absl::string_view data,
                                absl::Span<const int> handles) override;
  absl::StatusOr<Incoming> ReadWithHandles(absl::Span<char> buffer,
                                           size_t max_handles) override;
  absl::StatusOr<Credentials> GetPeerCredentials() override;

 private:
  void Release() override { lease_.Release(); }
  std::atomic<Shown>& shown() const override { return shown_; }

  Lease lease_;
  mutable std::atomic<Shown> shown_{Shown::kNot};
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_UNIX_CONN_H_
