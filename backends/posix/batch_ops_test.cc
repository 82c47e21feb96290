#include "backends/posix/batch_ops.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

class BatchOpsTest : public testing::Test {
 protected:
  static Descriptor Bound() {
    Descriptor fd = *MakeSocket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_TRUE(
        BindSocket(fd.get(), *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET))
            .ok());
    return fd;
  }

  const Descriptor a_ = Bound();
  const Descriptor b_ = Bound();
};

TEST_F(BatchOpsTest, ManyInOneCall) {
  std::vector<std::string> texts = {"one", "", "three and more"};
  MessageBatch outgoing;
  outgoing.Resize(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    outgoing.SetData(i, texts[i].data(), texts[i].size());
    outgoing.address(i) = *SocketName(b_.get());
    outgoing.UseAddress(i);
  }
  SendBatchOp send(a_.get(), outgoing);
  EXPECT_TRUE(send.Attempt());
  EXPECT_EQ(send.error(), 0);
  EXPECT_EQ(send.count(), 3u);

  char buffers[4][8];
  std::vector<InPacket> packets(4);
  for (size_t i = 0; i < 4; ++i) packets[i].buffer = absl::MakeSpan(buffers[i]);
  MessageBatch incoming;
  ReceiveBatchOp receive(b_.get(), incoming, absl::MakeSpan(packets), "udp");
  EXPECT_TRUE(receive.Attempt());
  ASSERT_EQ(receive.count(), 3u);
  EXPECT_EQ(absl::string_view(buffers[0], packets[0].received.size), "one");
  EXPECT_EQ(packets[0].received.from, SocketName(a_.get())->ToAddr("udp"));
  EXPECT_EQ(packets[1].received.size, 0u);
  EXPECT_EQ(absl::string_view(buffers[2], packets[2].received.size),
            "three an");
  EXPECT_EQ(packets[2].received.full_size, texts[2].size());
  EXPECT_TRUE(packets[2].received.truncated());
}

// The kernel changes what it was told of those datagrams that it has received.
TEST_F(BatchOpsTest, OneAfterTheOtherOfAnySize) {
  MessageBatch outgoing;
  MessageBatch incoming;
  for (const size_t size : {size_t{2}, size_t{1}, size_t{3}, size_t{2}}) {
    outgoing.Resize(size);
    std::vector<std::string> texts;
    for (size_t i = 0; i < size; ++i) texts.push_back(absl::StrCat(size, i));
    for (size_t i = 0; i < size; ++i) {
      outgoing.SetData(i, texts[i].data(), texts[i].size());
      outgoing.address(i) = *SocketName(b_.get());
      outgoing.UseAddress(i);
    }
    SendBatchOp send(a_.get(), outgoing);
    EXPECT_TRUE(send.Attempt());
    EXPECT_EQ(send.count(), size);

    char buffers[3][8];
    std::vector<InPacket> packets(size);
    for (size_t i = 0; i < size; ++i) {
      packets[i].buffer = absl::MakeSpan(buffers[i]);
    }
    ReceiveBatchOp receive(b_.get(), incoming, absl::MakeSpan(packets), "udp");
    EXPECT_TRUE(receive.Attempt());
    ASSERT_EQ(receive.count(), size);
    for (size_t i = 0; i < size; ++i) {
      EXPECT_EQ(absl::string_view(buffers[i], packets[i].received.size),
                texts[i]);
      EXPECT_EQ(packets[i].received.from, SocketName(a_.get())->ToAddr("udp"));
    }
  }
}

TEST_F(BatchOpsTest, WaitsForTheFirst) {
  std::vector<InPacket> packets(2);
  MessageBatch batch;
  ReceiveBatchOp op(b_.get(), batch, absl::MakeSpan(packets), "udp");
  EXPECT_FALSE(op.Attempt());
}

TEST_F(BatchOpsTest, TakesNoMoreThanItsCapacity) {
  MessageBatch batch;
  batch.Resize(1000);
  EXPECT_EQ(batch.size(), MessageBatch::kCapacity);
}

TEST_F(BatchOpsTest, KeepsTheErrno) {
  std::string big(70000, 'x');
  MessageBatch batch;
  batch.Resize(1);
  batch.SetData(0, big.data(), big.size());
  batch.address(0) = *SocketName(b_.get());
  batch.UseAddress(0);
  SendBatchOp op(a_.get(), batch);
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), EMSGSIZE);
  EXPECT_EQ(op.count(), 0u);
}

}  // namespace
}  // namespace plumb
