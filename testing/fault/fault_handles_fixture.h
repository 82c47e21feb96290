// What tests of handles have in common: one to pass, and calls that pass it.
#ifndef PLUMB_TESTING_FAULT_FAULT_HANDLES_FIXTURE_H_
#define PLUMB_TESTING_FAULT_FAULT_HANDLES_FIXTURE_H_

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/conn.h"
#include "transport/descriptor.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"

namespace plumb {

// The writing end of a pipe(2), to pass.
class Passed {
 public:
  Passed() {
    int fds[2] = {-1, -1};
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return;
    read_ = Descriptor(fds[0]);
    write_ = Descriptor(fds[1]);
  }
  std::vector<int> handles() const { return {write_.get()}; }
  void CloseOwn() { write_.Close(); }
  bool Is(const Descriptor& handle) const {
    char byte = 0;
    return write(handle.get(), "x", 1) == 1 &&
           ::read(read_.get(), &byte, 1) == 1;
  }
  // Nobody has it any more.
  bool Gone() const {
    char byte = 0;
    return ::read(read_.get(), &byte, 1) == 0;
  }
  // Waits for who sends in the background, and so has it for a moment more.
  bool AwaitGone() const {
    pollfd fd = {read_.get(), POLLIN, 0};
    return poll(&fd, 1, -1) == 1 && Gone();
  }

 private:
  Descriptor read_;
  Descriptor write_;
};

// What one ReadWithHandles got.
struct Got {
  absl::Status status;
  std::string data;
  std::vector<Descriptor> handles;
};
inline Got ReadHandles(Conn& conn, size_t size = 100,
                       size_t max_handles = kMaxHandles) {
  Got result;
  result.data.resize(size);
  auto got = Extension<HandlePassing>(conn)->ReadWithHandles(
      absl::MakeSpan(&result.data[0], size), max_handles);
  result.status = got.status();
  result.data.resize(got.ok() ? got->size : 0);
  if (got.ok()) result.handles = std::move(got->handles);
  return result;
}
inline absl::Status WriteHandles(Conn& conn, absl::string_view data,
                                 absl::Span<const int> handles) {
  return Extension<HandlePassing>(conn)->WriteWithHandles(data, handles);
}

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_HANDLES_FIXTURE_H_
