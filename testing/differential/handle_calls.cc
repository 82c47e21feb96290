#include "testing/differential/handle_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "transport/descriptor.h"

namespace plumb {
namespace {

// What is sent is duplicated: these are closed when the call is over.
std::vector<Descriptor> MakeHandles(int64_t count) {
  std::vector<Descriptor> handles;
  for (int64_t i = 0; i < count; ++i) {
    int ends[2] = {-1, -1};
    if (i % 2 == 0) {
      handles.emplace_back(open("/dev/null", O_RDWR | O_CLOEXEC));
    } else if (pipe2(ends, O_CLOEXEC) == 0) {
      handles.emplace_back(ends[0]);
      close(ends[1]);
    }
  }
  return handles;
}

const char* KindOf(const Descriptor& handle) {
  struct stat status = {};
  if (fstat(handle.get(), &status) != 0) return "nothing";
  return S_ISCHR(status.st_mode) ? "device" : "pipe";
}

}  // namespace

SplitCall SendHandles(Socket& socket, HandlePassing& passing, int64_t count,
                      Names& names) {
  auto result = std::make_shared<absl::Status>();
  SplitCall call;
  call.direction = Direction::kWrite;
  call.run = [result, &passing, count] {
    const std::vector<Descriptor> handles = MakeHandles(count);
    std::vector<int> numbers;
    for (const Descriptor& handle : handles) numbers.push_back(handle.get());
    if (count < 0) numbers.push_back(-1);
    *result = passing.WriteWithHandles("h", numbers);
  };
  call.tell = [result, &socket, &names] {
    if (result->ok()) {
      ++socket.written;
      ++socket.messages;
    }
    return Tell(*result, "", names);
  };
  return call;
}

SplitCall TakeHandles(Socket& socket, HandlePassing& passing, int64_t size,
                      Names& names) {
  using Result = absl::StatusOr<HandlePassing::Incoming>;
  auto result = std::make_shared<Result>(absl::UnknownError("not run"));
  SplitCall call;
  call.at_once = size == 0;
  call.run = [result, &passing, size] {
    std::string buffer(static_cast<size_t>(size), '\0');
    *result = passing.ReadWithHandles(absl::MakeSpan(buffer));
  };
  call.tell = [result, &socket, &names] {
    if (!result->ok()) return Tell(result->status(), "", names);
    socket.received += (*result)->size;
    std::string text = absl::StrCat((*result)->size, " bytes and");
    for (const Descriptor& handle : (*result)->handles) {
      absl::StrAppend(&text, " ", KindOf(handle));
    }
    return Tell(absl::OkStatus(), text, names);
  };
  return call;
}

}  // namespace plumb
