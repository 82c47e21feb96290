// Cases for addresses, Close, and extensions of PacketConns.
#include <atomic>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/packet_suite.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extensions.h"

namespace plumb {

using Code = absl::StatusCode;

constexpr char kClosed[] = "use of closed network connection";

CONFORMANCE_CASE(PacketConnConformance, AddressIsReal) {
  Covers({"S-LN-06", "S-AD-02", "S-CL-04", "N-G02"});
  const Addr before = near_addr();
  EXPECT_EQ(before.network(), backend().addr_network);
  EXPECT_EQ(before.port() != 0, backend().ports);
  EXPECT_NE(before, far_addr());
  EXPECT_THAT(near().Close(), IsOk());
  EXPECT_EQ(near_addr(), before);
}

CONFORMANCE_CASE(PacketConnConformance, AddressCanBeDialled) {
  Covers({"S-DI-15", "C-AD-03", "C-LS"});
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn, transport().Dial(network(), near_addr().ToString()));
  EXPECT_EQ(conn->RemoteAddr(), near_addr());
  ASSERT_THAT(conn->Write("hello"), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(near()));
  EXPECT_EQ(got.data, "hello");
  if (backend().diallers_have_addresses) {
    EXPECT_EQ(got.from, conn->LocalAddr());
  } else {
    EXPECT_FALSE(got.from.has_value());
  }
}

CONFORMANCE_CASE(PacketConnConformance, AddressInUse) {
  CoversIf(backend().exclusive,
           {"S-UD-07", "S-LN-09", "S-LN-10", "N-G11", "C-RS-01"});
  const absl::Status status =
      transport().ListenPacket(network(), near_addr().ToString()).status();
  if (!backend().exclusive) {
    EXPECT_THAT(status, IsOk());
    return;
  }
  EXPECT_TRUE(HasError(status, Code::kAlreadyExists, "listen", Addr(),
                       near_addr(), "bind: address already in use"));
  EXPECT_THAT(status, IsAddressInUse());
  EXPECT_EQ(GetErrorInfo(status)->errno_value, EADDRINUSE);
}

CONFORMANCE_CASE(PacketConnConformance, AddressIsFreeWhenCloseReturns) {
  Covers({"S-CL-05", "C-RS-01", "D-CL-03"});
  std::unique_ptr<PacketConn> current = TakeNear();
  const std::string where = current->LocalAddr().ToString();
  for (int i = 0; i < 20; ++i) {
    absl::Status status;
    std::atomic<bool> ran{false};
    const std::unique_ptr<Task> read = Go([&, &from = *current] {
      status = Receive(from).status();
      ran = true;
    });
    ASSERT_TRUE(WaitUntilBlocked(*current, 1));
    ASSERT_THAT(current->Close(), IsOk());
    // A decorator waits until all have left it.
    if (executor().one_at_a_time() && !close_waits()) {
      EXPECT_FALSE(ran);
    }
    auto next = transport().ListenPacket(network(), where);
    read->Join();
    EXPECT_THAT(status, IsClosed());
    ASSERT_THAT(next, IsOk());
    current = *std::move(next);
  }
}

CONFORMANCE_CASE(PacketConnConformance, CloseEndsEveryRead) {
  Covers({"S-CL-01", "S-CN-06", "S-ER-05", "S-ER-07", "S-UD-06", "D-CL-01",
          "D-TQ-01"});
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 1; i <= 3; ++i) readers.push_back(StartRead(i));
  EXPECT_THAT(near().Close(), IsOk());
  for (const auto& reader : readers) {
    EXPECT_TRUE(FailsToRead(reader->Join(), Code::kCancelled, kClosed));
    EXPECT_THAT(reader->result, IsClosed());
  }
}

CONFORMANCE_CASE(PacketConnConformance, AfterClose) {
  Covers({"S-CL-02", "S-CL-03", "S-CL-04", "S-DL-14", "S-ER-04", "S-ER-05",
          "N-G02"});
  EXPECT_THAT(near().Close(), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(HasError(near().Close(), Code::kCancelled, "close", near_addr(),
                         Addr(), kClosed));
  }
  EXPECT_TRUE(FailsToRead(Receive(near()).status(), Code::kCancelled, kClosed));
  EXPECT_TRUE(
      FailsToRead(near().ReadFrom({}).status(), Code::kCancelled, kClosed));
  EXPECT_TRUE(FailsToWrite(near().WriteTo("x", far_addr()), far_addr(),
                           Code::kCancelled, kClosed));
  EXPECT_TRUE(FailsToWrite(near().WriteTo("", far_addr()), far_addr(),
                           Code::kCancelled, kClosed));
  for (const Direction direction :
       {Direction::kRead, Direction::kWrite, Direction::kBoth}) {
    EXPECT_TRUE(IsClosedOf("set", near_addr(),
                           near().SetDeadline(direction, LongAgo())));
  }
}

CONFORMANCE_CASE(PacketConnConformance, ClosesAtTheSameTime) {
  Covers({"S-CL-03", "D-CL-02"});
  int ok = 0;
  std::vector<absl::Status> results(4);
  std::vector<std::unique_ptr<Task>> tasks;
  for (absl::Status& result : results) {
    tasks.push_back(Go([this, &result] { result = near().Close(); }));
  }
  for (const auto& task : tasks) task->Join();
  for (const absl::Status& result : results) {
    if (result.ok()) {
      ++ok;
    } else {
      EXPECT_THAT(result, IsClosed());
    }
  }
  EXPECT_EQ(ok, 1);
}

CONFORMANCE_CASE(PacketConnConformance, DestructionEndsReads) {
  Covers({"S-CL-11", "C-CN-04", "D-DT-01", "D-DT-02"});
  const Addr where = near_addr();
  const auto reader = StartRead();
  TakeNear() = nullptr;
  EXPECT_TRUE(HasError(reader->Join(), Code::kCancelled, "read", where, Addr(),
                       kClosed));
  EXPECT_THAT(transport().ListenPacket(network(), where.ToString()), IsOk());
}

CONFORMANCE_CASE(PacketConnConformance, OutlivesItsTransport) {
  Covers({"C-LI-06"});
  DropTransport();
  EXPECT_TRUE(Works());
}

CONFORMANCE_CASE(PacketConnConformance, BufferSizes) {
  Covers({"D-EX-01", "S-ER-05"});
  auto* const buffers = Extension<BufferControl>(near());
  ASSERT_NE(buffers, nullptr);
  if (network() == "unixgram") {
    EXPECT_THAT(buffers->SetReadBuffer(100000),
                ErrorIs(Code::kUnimplemented,
                        absl::StrCat("set unixgram ", near_addr().ToString(),
                                     ": read buffer not supported")));
  } else {
    EXPECT_THAT(buffers->SetReadBuffer(100000), IsOk());
  }
  EXPECT_THAT(buffers->SetWriteBuffer(100000), IsOk());
  EXPECT_TRUE(Works());
  EXPECT_THAT(near().Close(), IsOk());
  EXPECT_TRUE(IsClosedOf("set", near_addr(), buffers->SetReadBuffer(1000)));
  EXPECT_TRUE(IsClosedOf("set", near_addr(), buffers->SetWriteBuffer(1000)));
}

CONFORMANCE_CASE(PacketConnConformance, UnknownExtensionIsNone) {
  Covers({"D-EX-01"});
  EXPECT_EQ(near().Extension("plumb.NoSuchThing"), nullptr);
  EXPECT_EQ(near().Extension(""), nullptr);
}

}  // namespace plumb
