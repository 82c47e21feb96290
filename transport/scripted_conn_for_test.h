// A Conn whose Reads and Writes a test writes down beforehand.
//
//   ScriptedConn conn({"ab", "c"});              // then the end of the stream
//   conn.EndReadsWith(TimeoutError(...));        // or that
//
// Never blocks. Threads: one.
#ifndef PLUMB_TRANSPORT_SCRIPTED_CONN_FOR_TEST_H_
#define PLUMB_TRANSPORT_SCRIPTED_CONN_FOR_TEST_H_

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/ip_addr.h"

namespace plumb {

class ScriptedConn : public Conn {
 public:
  // Each Read returns the next of `reads`, or as much of it as there is room
  // for.
  explicit ScriptedConn(std::initializer_list<std::string> reads = {})
      : reads_(reads) {}
  ~ScriptedConn() override = default;

  void AddRead(std::string data) { reads_.push_back(std::move(data)); }
  void EndReadsWith(absl::Status status) { end_ = std::move(status); }
  // Writes after the first `n` bytes fail.
  void FailWritesAfter(size_t n) { room_ = n; }

  int reads() const { return read_count_; }
  size_t largest_read() const { return largest_read_; }
  // What was written; one entry a Write, pieces with '|' between them.
  const std::vector<std::string>& writes() const { return writes_; }
  // How much of `reads` nobody has read.
  size_t unread() const {
    size_t n = 0;
    for (const std::string& read : reads_) n += read.size();
    return n;
  }

  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    ++read_count_;
    largest_read_ = std::max(largest_read_, buffer.size());
    if (buffer.empty()) return 0;
    if (reads_.empty()) return end_;
    std::string& next = reads_.front();
    const size_t n = std::min(next.size(), buffer.size());
    std::copy_n(next.begin(), n, buffer.begin());
    next.erase(0, n);
    if (next.empty()) reads_.pop_front();
    return n;
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) override {
    writes_.push_back(absl::StrJoin(pieces, "|"));
    size_t size = 0;
    for (absl::string_view piece : pieces) size += piece.size();
    if (size > room_) {
      ErrorInfo info = Info("write");
      info.bytes_done = room_;
      return TimeoutError(info);
    }
    room_ -= size;
    return absl::OkStatus();
  }
  absl::Status WaitReadable() override { return absl::OkStatus(); }
  absl::Status CloseWrite() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }
  Addr LocalAddr() const override { return Addr::Tcp(Ip(1), 9); }
  Addr RemoteAddr() const override { return Addr::Tcp(Ip(2), 80); }
  absl::Status SetDeadline(Direction, absl::Time) override {
    return absl::OkStatus();
  }
  void* Extension(absl::string_view) override { return nullptr; }

  ErrorInfo Info(const char* op) const {
    ErrorInfo info;
    info.op = op;
    info.network = "tcp";
    info.source = LocalAddr();
    info.addr = RemoteAddr();
    return info;
  }

 private:
  static IpAddr Ip(uint8_t last) { return IpAddr::V4(10, 0, 0, last); }

  std::deque<std::string> reads_;
  absl::Status end_ = EofError();
  size_t room_ = std::numeric_limits<size_t>::max();
  int read_count_ = 0;
  size_t largest_read_ = 0;
  std::vector<std::string> writes_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SCRIPTED_CONN_FOR_TEST_H_
