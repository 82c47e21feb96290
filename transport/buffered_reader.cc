#include "transport/buffered_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "transport/error.h"
#include "transport/io.h"

namespace plumb {
namespace {

constexpr size_t kFirstBuffer = 4096;

}  // namespace

BufferedReader::BufferedReader(Conn& conn, size_t limit)
    : conn_(conn), limit_(std::max<size_t>(limit, 1)) {}

absl::StatusOr<std::string> BufferedReader::ReadLine() {
  const absl::StatusOr<size_t> end = FindEnd('\n', "line");
  if (!end.ok()) return end.status();
  std::string line = Take(*end);
  line.pop_back();
  if (absl::EndsWith(line, "\r")) line.pop_back();
  return line;
}

absl::StatusOr<std::string> BufferedReader::ReadUntil(char delimiter) {
  const absl::StatusOr<size_t> end = FindEnd(delimiter, "delimited text");
  if (!end.ok()) return end.status();
  return Take(*end);
}

absl::StatusOr<size_t> BufferedReader::Read(absl::Span<char> buffer) {
  if (buffered() == 0) {
    // What is as big as the buffer would be needs no copy through it.
    if (buffer.empty() || buffer.size() >= kFirstBuffer) {
      return conn_.Read(buffer);
    }
    absl::Status status = Fill();
    if (!status.ok()) return status;
  }
  const size_t n = std::min(buffer.size(), buffered());
  std::copy_n(unread().begin(), n, buffer.begin());
  begin_ += n;
  return n;
}

absl::StatusOr<absl::string_view> BufferedReader::Peek(size_t n) {
  if (n > limit_) return TooLongError(conn_, "peek", limit_);
  while (buffered() < n) {
    absl::Status status = Fill();
    if (!status.ok()) return status;
  }
  return unread().substr(0, n);
}

std::string BufferedReader::Take(size_t n) {
  std::string taken(unread().substr(0, n));
  begin_ += n;
  return taken;
}

absl::StatusOr<size_t> BufferedReader::FindEnd(char delimiter,
                                               absl::string_view what) {
  size_t searched = 0;
  for (;;) {
    const size_t found = unread().find(delimiter, searched);
    if (found != absl::string_view::npos) return found + 1;
    searched = buffered();
    if (searched >= limit_) return TooLongError(conn_, what, limit_);
    absl::Status status = Fill();
    if (!status.ok()) return status;
  }
}

absl::Status BufferedReader::Fill() {
  if (begin_ > 0) {
    std::memmove(&buffer_[0], &buffer_[begin_], buffered());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    buffer_.resize(std::min(limit_, std::max(kFirstBuffer, end_ * 2)));
  }
  const absl::StatusOr<size_t> n =
      conn_.Read(absl::MakeSpan(&buffer_[end_], buffer_.size() - end_));
  if (n.ok()) {
    end_ += *n;
    return absl::OkStatus();
  }
  if (buffered() > 0 && IsEof(n.status())) {
    return UnexpectedEofError(n.status(), buffered());
  }
  return n.status();
}

}  // namespace plumb
