// A Capture remembers what went over a network, as packets, and writes them to
// a file that Wireshark opens:
//
//   plumb::Capture capture;
//   plumb::CaptureTransport client(tcp, capture, "client");
//   RunTheTest(client);
//   absl::Status written = capture.WriteFile("/tmp/test.pcapng");
//
// What it sees comes from elsewhere: capture_transport.h is a decorator for any
// Transport. In a test, capture_on_failure.h writes the file when it fails.
// `bazel run //testing/capture:show -- /tmp/test.pcapng` draws it as a page.
//
// It holds the newest packets, up to a size (CaptureOptions::max_bytes); the
// file tells how many are gone. How packets are made of calls that carry none
// is told in README.md.
//
// A Capture never fails what it looks at: WriteFile alone has an error.
//
// Threads: any method at any time.
//
// Lifetime: what it sees may outlive it.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURE_H_
#define PLUMB_TESTING_CAPTURE_CAPTURE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/capture/capture_options.h"
#include "transport/ip_addr.h"

namespace plumb {

struct CaptureState;

struct CaptureCounters {
  uint64_t packets = 0;  // in all
  uint64_t dropped = 0;  // of them, for want of room
  size_t bytes = 0;      // that are held
};

class Capture {
 public:
  explicit Capture(CaptureOptions options = CaptureOptions());
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  // Goes into the comment of the next packet: "rule 3 dropped the next
  // segment".
  void Comment(absl::string_view text);
  // An entry of its own, at `host`.
  void Note(absl::string_view host, absl::string_view text);

  // Wireshark and the page show the name in place of the address. It is known
  // already for hosts that were dialled by name. An address keeps its first
  // name, and loopback addresses have none.
  void NameAddress(const IpAddr& ip, absl::string_view name);

  // All of it, as a pcapng file.
  std::string Encode() const;

  // Encode() into a file, which is replaced; one that cannot be written whole
  // is removed.
  //
  // Errors: by errno, as in error.h; "write /dev/full: no space left on
  // device" (ResourceExhausted), "open /nowhere/x.pcapng: no such file or
  // directory" (NotFound).
  absl::Status WriteFile(const std::string& path) const;

  CaptureCounters Counters() const;

  // For those who see packets.
  const std::shared_ptr<CaptureState>& state() const { return state_; }

 private:
  const std::shared_ptr<CaptureState> state_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURE_H_
