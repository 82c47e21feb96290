// Addresses, and what else is said of a connection.

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/options.h"

namespace plumb {

CONFORMANCE_CASE(ConnConformance, TheEndsNameEachOther) {
  Covers({"S-AD-02", "N-G10", "C-AD-01"});
  const Addr local = near().LocalAddr(), remote = near().RemoteAddr();
  EXPECT_TRUE(local.has_value());
  EXPECT_TRUE(remote.has_value());
  EXPECT_EQ(local, near().LocalAddr());
  EXPECT_EQ(local.network(), remote.network());
  EXPECT_NE(local.ToString(), "");
  EXPECT_EQ(far().LocalAddr(), remote);
  EXPECT_EQ(far().RemoteAddr(), local);
}

CONFORMANCE_CASE(ConnConformance, AddressesStayAfterClose) {
  Covers({"S-CL-04", "C-AD-02"});
  const std::string local = near().LocalAddr().ToString();
  const std::string remote = near().RemoteAddr().ToString();
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_EQ(near().LocalAddr().ToString(), local);
  EXPECT_EQ(near().RemoteAddr().ToString(), remote);
}

CONFORMANCE_CASE(ConnConformance, ErrorsCarryTheirParts) {
  Covers({"S-ER-01", "S-ER-02", "S-ER-04", "S-ER-05", "C-ER-01", "N-G14"});
  ASSERT_THAT(near().SetDeadline(LongAgo()), IsOk());
  const absl::Status read = ReadSome(near()).status();
  EXPECT_TRUE(IsTimeoutOf("read", near(), read));
  EXPECT_EQ(GetErrorInfo(read)->kind, ErrorKind::kTimeout);
  EXPECT_EQ(GetErrorInfo(read)->errno_value, 0);
  const absl::Status wrapped = Annotate(read, "while it was tested");
  EXPECT_THAT(wrapped, IsTimeout());
  EXPECT_EQ(wrapped.message(),
            "while it was tested: " + std::string(read.message()));
  ASSERT_THAT(near().Close(), IsOk());
  const absl::Status set = near().SetDeadline(LongAgo());
  EXPECT_TRUE(IsClosedOf("set", near(), set));
  EXPECT_EQ(GetErrorInfo(set)->kind, ErrorKind::kClosed);
}

CONFORMANCE_CASE(ConnConformance, DescriptorsAreNotInheritedAndDoNotBlock) {
  bool any = false;
  // The one that was dialled, and the one that was accepted.
  for (Conn* const end : {&near(), &far()}) {
    auto* const handle = Extension<NativeHandle>(*end);
    if (handle == nullptr || handle->Descriptor() < 0) continue;
    any = true;
    const int fd = handle->Descriptor();
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ASSERT_THAT(end->Close(), IsOk());
    EXPECT_EQ(handle->Descriptor(), -1);
  }
  CoversIf(any, {"S-SG-02", "D-EX-02"});
  if (!any) {
    EXPECT_TRUE(Works());
  }
}

CONFORMANCE_CASE(ConnConformance, KeepAliveThatTcpDoesNotTake) {
  auto* const control = Extension<TcpControl>(near());
  CoversIf(control != nullptr, {"D-OP-02"});
  if (control != nullptr) {
    std::vector<KeepAlive> bad(7);
    bad[0].idle = absl::ZeroDuration();
    bad[1].idle = absl::Seconds(32768);
    bad[2].interval = -absl::Seconds(1);
    bad[3].interval = absl::InfiniteDuration();
    bad[4].count = 0;
    bad[5].count = 128;
    bad[6].count = -1;
    for (const KeepAlive& keep_alive : bad) {
      const absl::Status status = control->SetKeepAlive(keep_alive);
      EXPECT_THAT(status,
                  ErrorIs(absl::StatusCode::kInvalidArgument,
                          absl::StrCat("set ", backend().network, " ",
                                       near().LocalAddr().ToString(), "->",
                                       near().RemoteAddr().ToString(),
                                       ": setsockopt: invalid argument")));
      EXPECT_EQ(GetErrorInfo(status)->errno_value, EINVAL);
    }
    // Nobody looks at the times of what is off.
    bad[0].enable = false;
    EXPECT_THAT(control->SetKeepAlive(bad[0]), IsOk());
    KeepAlive most;
    most.idle = most.interval = absl::Seconds(32767);
    most.count = 127;
    EXPECT_THAT(control->SetKeepAlive(most), IsOk());
  }
  EXPECT_TRUE(Works());
}

}  // namespace plumb
