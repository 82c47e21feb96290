// Addresses, and what else is said of a connection.

#include <fcntl.h>

#include <string>

#include "testing/conformance/case.h"
#include "testing/conformance/conn_fixture.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

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
  auto* const handle = Extension<NativeHandle>(near());
  if (handle == nullptr || handle->Descriptor() < 0) {
    EXPECT_TRUE(Works());
    return CoversLack({"S-SG-02", "D-EX-02"});
  }
  Covers({"S-SG-02", "D-EX-02"});
  const int fd = handle->Descriptor();
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_EQ(handle->Descriptor(), -1);
}

}  // namespace plumb
