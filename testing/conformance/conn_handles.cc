// Descriptors that go along with bytes, where they can.

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// Two connected sockets, of which one is passed and the other tells whether
// that one is open.
class Tracer {
 public:
  Tracer() {
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return;
    passed_ = Descriptor(fds[0]);
    kept_ = Descriptor(fds[1]);
  }

  // What to pass; the peer's descriptor is another one.
  std::vector<int> handles() const { return {passed_.get()}; }
  void CloseOwn() { passed_.Close(); }

  // Whether `fd` is the passed socket.
  bool Is(const Descriptor& fd) const {
    char byte = 0;
    return write(fd.get(), "x", 1) == 1 && read(kept_.get(), &byte, 1) == 1 &&
           byte == 'x';
  }
  // Whether nobody has the passed socket any more. CloseOwn was called.
  bool Gone() const {
    char byte = 0;
    return recv(kept_.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  Descriptor passed_;
  Descriptor kept_;
};

// Whether `to` and `from` are there, which asserts that they are where they
// should be.
bool CanPass(const ConnAbilities& abilities, const Variant& variant,
             const HandlePassing* to, const HandlePassing* from) {
  const bool can = to != nullptr && from != nullptr;
  EXPECT_EQ(can, abilities.handles && !variant.decorated);
  return can;
}

absl::StatusOr<HandlePassing::Incoming> ReadHandles(
    HandlePassing& from, absl::Span<char> buffer,
    size_t max_handles = kMaxHandles) {
  return from.ReadWithHandles(buffer, max_handles);
}

}  // namespace

CONFORMANCE_CASE(ConnConformance, HandlesGoAlongWithBytes) {
  auto* const to = Extension<HandlePassing>(near());
  auto* const from = Extension<HandlePassing>(far());
  if (!CanPass(abilities(), GetParam().variant, to, from)) {
    return CoversLack({"S-UX-06", "C-FD"});
  }
  Covers({"S-UX-06", "C-FD"});
  Tracer tracer;
  char buffer[64];
  auto reader = Go([&] {
    const auto got = ReadHandles(*from, absl::MakeSpan(buffer));
    ASSERT_THAT(got.status(), IsOk());
    EXPECT_EQ(absl::string_view(buffer, got->size), "with");
    ASSERT_EQ(got->handles.size(), 1u);
    EXPECT_TRUE(tracer.Is(got->handles[0]));
  });
  ASSERT_TRUE(WaitUntilBlocked(far(), 1));
  ASSERT_THAT(to->WriteWithHandles("with", tracer.handles()), IsOk());
  reader->Join();
  tracer.CloseOwn();
  EXPECT_TRUE(tracer.Gone());
  // Bytes without any, by either kind of call.
  ASSERT_THAT(to->WriteWithHandles("none", {}), IsOk());
  EXPECT_THAT(ReadBytes(far(), 4), IsOkAndHolds("none"));
  ASSERT_THAT(near().Write("none"), IsOk());
  const auto got = ReadHandles(*from, absl::MakeSpan(buffer));
  ASSERT_THAT(got.status(), IsOk());
  EXPECT_EQ(got->size, 4u);
  EXPECT_TRUE(got->handles.empty());
  CancelScope scope;
  scope.Cancel();
  EXPECT_THAT(ReadHandles(*from, absl::MakeSpan(buffer)).status(),
              IsCancelledCall());
  EXPECT_THAT(to->WriteWithHandles("none", {}), IsCancelledCall());
}

CONFORMANCE_CASE(ConnConformance, HandlesThatNobodyTakesAreClosed) {
  auto* const to = Extension<HandlePassing>(near());
  auto* const from = Extension<HandlePassing>(far());
  if (!CanPass(abilities(), GetParam().variant, to, from)) {
    return CoversLack({"S-UX-08"});
  }
  Covers({"S-UX-08"});
  char buffer[64];
  {
    Tracer tracer;
    ASSERT_THAT(to->WriteWithHandles("read", tracer.handles()), IsOk());
    tracer.CloseOwn();
    EXPECT_FALSE(tracer.Gone());
    EXPECT_THAT(ReadSome(far()), IsOkAndHolds("read"));
    EXPECT_TRUE(tracer.Gone());
  }
  {
    Tracer tracer;
    ASSERT_THAT(to->WriteWithHandles("many", tracer.handles()), IsOk());
    tracer.CloseOwn();
    const absl::Status status =
        ReadHandles(*from, absl::MakeSpan(buffer), 0).status();
    EXPECT_TRUE(HasError(status, Code::kInvalidArgument, "read", far(),
                         "too many handles: 1, at most 0"));
    EXPECT_EQ(BytesDone(status), 4u);
    EXPECT_TRUE(tracer.Gone());
  }
  Tracer tracer;
  ASSERT_THAT(to->WriteWithHandles("queued", tracer.handles()), IsOk());
  tracer.CloseOwn();
  ASSERT_THAT(far().Close(), IsOk());
  EXPECT_TRUE(tracer.Gone());
}

CONFORMANCE_CASE(ConnConformance, HandlesThatCannotGo) {
  auto* const to = Extension<HandlePassing>(near());
  auto* const from = Extension<HandlePassing>(far());
  if (!CanPass(abilities(), GetParam().variant, to, from)) {
    return CoversLack({"S-UX-07"});
  }
  Covers({"S-UX-07"});
  const Tracer tracer;
  const absl::Status closed = to->WriteWithHandles("x", {1 << 30});
  EXPECT_TRUE(HasError(closed, Code::kInvalidArgument, "write", near(),
                       "sendmsg: bad file descriptor"));
  EXPECT_EQ(GetErrorInfo(closed)->errno_value, EBADF);
  const std::vector<int> many(kMaxHandles + 1, tracer.handles()[0]);
  EXPECT_TRUE(HasError(to->WriteWithHandles("x", many), Code::kInvalidArgument,
                       "write", near(), "too many handles: 254, at most 253"));
  const absl::Status alone = to->WriteWithHandles("", tracer.handles());
  char buffer[64];
  if (abilities().messages) {
    ASSERT_THAT(alone, IsOk());
    const auto got = ReadHandles(*from, absl::MakeSpan(buffer));
    ASSERT_THAT(got.status(), IsOk());
    EXPECT_EQ(got->size, 0u);
    EXPECT_EQ(got->handles.size(), 1u);
  } else {
    EXPECT_TRUE(HasError(alone, Code::kInvalidArgument, "write", near(),
                         "handles without a byte to go along with"));
  }
  const std::vector<int> most(kMaxHandles, tracer.handles()[0]);
  ASSERT_THAT(to->WriteWithHandles("x", most), IsOk());
  const auto got = ReadHandles(*from, absl::MakeSpan(buffer));
  ASSERT_THAT(got.status(), IsOk());
  EXPECT_EQ(got->size, 1u);
  EXPECT_EQ(got->handles.size(), kMaxHandles);
}

CONFORMANCE_CASE(ConnConformance, AnEmptyReadWithHandlesTakesNothing) {
  auto* const to = Extension<HandlePassing>(near());
  auto* const from = Extension<HandlePassing>(far());
  if (!CanPass(abilities(), GetParam().variant, to, from)) {
    return CoversLack({"S-EOF-06"});
  }
  Covers({"S-EOF-06"});
  const auto returns_nothing = [&] {
    const auto got = ReadHandles(*from, absl::Span<char>());
    ASSERT_THAT(got.status(), IsOk());
    EXPECT_EQ(got->size, 0u);
    EXPECT_TRUE(got->handles.empty());
  };
  returns_nothing();
  Tracer tracer;
  ASSERT_THAT(to->WriteWithHandles("kept", tracer.handles()), IsOk());
  returns_nothing();
  char buffer[64];
  const auto got = ReadHandles(*from, absl::MakeSpan(buffer));
  ASSERT_THAT(got.status(), IsOk());
  EXPECT_EQ(absl::string_view(buffer, got->size), "kept");
  EXPECT_EQ(got->handles.size(), 1u);
  if (abilities().end_of_stream) {
    ASSERT_THAT(near().Close(), IsOk());
    EXPECT_THAT(ReadHandles(*from, absl::MakeSpan(buffer)).status(), IsEof());
    returns_nothing();
  }
  ASSERT_THAT(far().Close(), IsOk());
  EXPECT_TRUE(IsClosedOf("read", far(),
                         ReadHandles(*from, absl::Span<char>()).status()));
}

CONFORMANCE_CASE(ConnConformance, HandleCallsEndAsOthersDo) {
  auto* const to = Extension<HandlePassing>(near());
  auto* const from = Extension<HandlePassing>(far());
  if (!CanPass(abilities(), GetParam().variant, to, from)) {
    return CoversLack({"S-UX-06"});
  }
  Covers({"S-UX-06"});
  char buffer[64];
  const auto read = [&](HandlePassing& conn) {
    return ReadHandles(conn, absl::MakeSpan(buffer)).status();
  };
  ASSERT_THAT(far().SetDeadline(LongAgo()), IsOk());
  EXPECT_TRUE(IsTimeoutOf("read", far(), read(*from)));
  EXPECT_TRUE(IsTimeoutOf("write", far(), from->WriteWithHandles("x", {})));
  ASSERT_THAT(far().SetDeadline(absl::InfiniteFuture()), IsOk());
  if (abilities().half_close == HalfClose::kFull) {
    ASSERT_THAT(near().CloseWrite(), IsOk());
    EXPECT_THAT(read(*from), IsEof());
    EXPECT_TRUE(HasError(to->WriteWithHandles("x", {}),
                         Code::kFailedPrecondition, "write", near(),
                         "write: broken pipe"));
  }
  auto blocked =
      Go([&] { EXPECT_TRUE(IsClosedOf("read", near(), read(*to))); });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1));
  ASSERT_THAT(near().Close(), IsOk());
  blocked->Join();
  EXPECT_TRUE(IsClosedOf("write", near(), to->WriteWithHandles("x", {})));
}

CONFORMANCE_CASE(ConnConformance, ScopesEndBlockedHandleCalls) {
  auto* const to = Extension<HandlePassing>(near());
  auto* const from = Extension<HandlePassing>(far());
  if (!CanPass(abilities(), GetParam().variant, to, from)) {
    return CoversLack({"S-UX-06"});
  }
  Covers({"S-UX-06"});
  char buffer[64];
  const auto read = [&] {
    return ReadHandles(*to, absl::MakeSpan(buffer)).status();
  };
  const auto write_until_error = [&] {
    const std::string piece = TestBytes(abilities().messages ? 1000 : 70000);
    absl::Status status;
    while (status.ok()) status = to->WriteWithHandles(piece, {});
    return status;
  };
  {
    const DeadlineScope limit(absl::Milliseconds(1));
    EXPECT_TRUE(IsTimeoutOf("read", near(), read()));
    EXPECT_TRUE(IsTimeoutOf("write", near(), write_until_error()));
  }
  CancelSource stop;
  auto reader = Go([&] {
    const CancelScope scope(stop);
    EXPECT_TRUE(IsCancelOf("read", near(), read()));
  });
  auto writer = Go([&] {
    const CancelScope scope(stop);
    EXPECT_TRUE(IsCancelOf("write", near(), write_until_error()));
  });
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
  ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kWrite));
  stop.Cancel();
  reader->Join();
  writer->Join();
}

}  // namespace plumb
