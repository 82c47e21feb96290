// What the tests of forwarding.h put into a decorator: objects that write down
// what is called, and whose blocking calls wait until Close.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_FORWARDING_INNER_FOR_TEST_H_
#define PLUMB_TRANSPORT_FORWARDING_INNER_FOR_TEST_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/ip_addr.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"

namespace plumb {

using Log = std::vector<std::string>;

// `text` is all in front of the reason.
inline void ExpectClosed(const absl::Status& status, absl::string_view text) {
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(status.message(),
            absl::StrCat(text, ": use of closed network connection"));
  EXPECT_TRUE(IsClosed(status));
}

// What is called is written down here, and blocking calls wait here for Close.
// Outlives the object that a decorator owns.
class Inner final : public BlockedProbe, public ReadCloser {
 public:
  // Returns an error with the same text.
  absl::Status Note(std::string what) {
    absl::MutexLock lock(&mutex_);
    log_.push_back(std::move(what));
    return absl::UnknownError(log_.back());
  }
  absl::Status NoteDeadline(Direction direction, absl::Time when) {
    const char* const name = direction == Direction::kRead ? "read" : "other";
    return Note(absl::StrCat("deadline ", name, absl::ToUnixSeconds(when)));
  }
  // Waits until Close.
  absl::Status Block(std::string what) {
    absl::MutexLock lock(&mutex_);
    ++blocked_;
    mutex_.Await(absl::Condition(&closed_));
    --blocked_;
    ErrorInfo info;
    info.op = std::move(what);
    info.network = "inner";
    return ClosedError(std::move(info));
  }
  absl::Status Close() {
    absl::MutexLock lock(&mutex_);
    if (!closed_) log_.push_back("close");
    closed_ = true;
    return absl::OkStatus();
  }

  // Until this many calls wait in Block.
  void AwaitBlocked(int n) {
    absl::MutexLock lock(&mutex_);
    auto blocked = [this, n]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return blocked_ == n;
    };
    mutex_.Await(absl::Condition(&blocked));
  }
  void AwaitClosed() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&closed_));
  }

  Log log() const {
    absl::MutexLock lock(&mutex_);
    return log_;
  }

  int BlockedCalls(Direction) const override {
    absl::MutexLock lock(&mutex_);
    return blocked_;
  }
  absl::Status CloseRead() override { return Note("close read"); }

  void* Extension(absl::string_view name) {
    return FindExtension<BlockedProbe, ReadCloser>(name, this);
  }

 private:
  mutable absl::Mutex mutex_;
  Log log_ ABSL_GUARDED_BY(mutex_);
  int blocked_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

// What the three kinds of objects have in common.
template <typename Endpoint>
class InnerEndpoint : public Endpoint {
 public:
  explicit InnerEndpoint(std::shared_ptr<Inner> inner)
      : inner_(std::move(inner)) {}
  ~InnerEndpoint() override = default;

  absl::Status Close() override { return inner_->Close(); }
  void* Extension(absl::string_view name) override {
    return inner_->Extension(name);
  }

 protected:
  const std::shared_ptr<Inner> inner_;
};

// Only a Read with room blocks, here and in InnerPackets.
class InnerConn : public InnerEndpoint<Conn> {
 public:
  using InnerEndpoint::InnerEndpoint;

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    if (!buffer.empty()) return inner_->Block("read");
    return inner_->Note("read");
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) override {
    return inner_->Note(absl::StrCat("write ", absl::StrJoin(pieces, "|")));
  }
  absl::Status WaitReadable() override { return inner_->Note("wait"); }
  absl::Status CloseWrite() override { return inner_->Note("close write"); }
  Addr LocalAddr() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9);
  }
  Addr RemoteAddr() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 80);
  }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return inner_->NoteDeadline(direction, when);
  }
};

class InnerListener final : public InnerEndpoint<Listener> {
 public:
  using InnerEndpoint::InnerEndpoint;

  absl::StatusOr<std::unique_ptr<Conn>> Accept() override {
    return inner_->Block("accept");
  }
  Addr Address() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9);
  }
  absl::Status SetDeadline(absl::Time when) override {
    return inner_->Note(absl::StrCat("deadline ", absl::ToUnixSeconds(when)));
  }
};

class InnerPackets final : public InnerEndpoint<PacketConn> {
 public:
  using InnerEndpoint::InnerEndpoint;

  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) override {
    if (!packets.empty()) return inner_->Block("read");
    return inner_->Note("read");
  }
  absl::StatusOr<size_t> WriteBatch(
      absl::Span<const OutPacket> packets) override {
    return inner_->Note(absl::StrCat("write ", packets.size()));
  }
  Addr LocalAddr() const override {
    return Addr::Udp(IpAddr::V4(10, 0, 0, 1), 9);
  }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return inner_->NoteDeadline(direction, when);
  }
};

class ForwardingTest : public testing::Test {
 protected:
  const std::shared_ptr<Inner> inner_ = std::make_shared<Inner>();
  char buffer_[1] = {};
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FORWARDING_INNER_FOR_TEST_H_
