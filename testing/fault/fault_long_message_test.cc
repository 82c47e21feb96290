// Messages through a FaultTransport that are longer than what the kernel's
// default buffers carry.
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_handles_fixture.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

class FaultLongMessageTest : public FaultCellTest {
 protected:
  static constexpr size_t kSize = 300000;
  void AllowLong(Conn& conn) {
    ASSERT_THAT(Extension<BufferControl>(conn)->SetWriteBuffer(1 << 20),
                IsOk());
  }
  const std::string long_ = std::string(kSize - 1, 'x') + 'y';
};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultLongMessageTest,
    ::testing::ValuesIn(Cells({kUnixpacket, kFakeUnixpacket})), CellName);

TEST_P(FaultLongMessageTest, ComesWholeOrIsCutByItsReader) {
  Connect(
      R"(rule { id: "never" active { from: "9h" } optional: true hold {} })");
  AllowLong(*far_);
  for (const bool with_handles : {false, true}) {
    Passed passed;
    const std::vector<int> handles =
        with_handles ? passed.handles() : std::vector<int>();
    ASSERT_THAT(WriteHandles(*far_, long_, handles), IsOk());
    const Got got = ReadHandles(*near_, kSize + 1);
    ASSERT_THAT(got.status, IsOk());
    EXPECT_TRUE(got.data == long_) << got.data.size();
    EXPECT_EQ(got.handles.size(), handles.size());
    ASSERT_THAT(WriteHandles(*far_, long_, handles), IsOk());
    const absl::Status cut = ReadHandles(*near_, kSize - 1).status;
    EXPECT_EQ(cut.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(BytesDone(cut), kSize);
  }
}

class FaultLongDatagramTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultLongDatagramTest,
                         ::testing::ValuesIn(Cells({kUnixgram, kFakeUnixgram})),
                         CellName);

TEST_P(FaultLongDatagramTest, IsCutWhereItsReaderSendsNoneAsLong) {
  Load(R"(rule { id: "never" active { from: "9h" } optional: true hold {} })");
  const auto a = *client_->ListenPacket(net().network, "");
  const auto b = *inner_->ListenPacket(net().network, "");
  const std::string sent(300000, 'x');
  ASSERT_THAT(Extension<BufferControl>(*b)->SetWriteBuffer(1 << 20), IsOk());
  for (const bool longer : {false, true}) {
    if (longer) {
      ASSERT_THAT(Extension<BufferControl>(*a)->SetWriteBuffer(1 << 20),
                  IsOk());
    }
    ASSERT_THAT(b->WriteTo(sent, a->LocalAddr()), IsOk());
    std::string buffer(sent.size(), '\0');
    PLUMB_ASSERT_OK_AND_ASSIGN(
        const Received got,
        a->ReadFrom(absl::MakeSpan(&buffer[0], buffer.size())));
    EXPECT_EQ(got.full_size, sent.size());
    EXPECT_EQ(got.truncated(), !longer);
    EXPECT_EQ(got.size, longer ? sent.size() : 256 * 1024);
  }
}

}  // namespace
}  // namespace plumb
