// A BufferedReader reads lines and other delimited or peeked-at things from a
// stream, with few Reads of the Conn below.
//
//   plumb::BufferedReader reader(*conn);
//   ASSIGN_OR_RETURN(std::string request, reader.ReadLine());
//   char body[100];
//   RETURN_IF_ERROR(plumb::ReadFull(reader, absl::MakeSpan(body)));   // io.h
//
// It takes from the Conn more than it hands out; so read the rest of the stream
// through it as well. Writing to the Conn beside it is fine.
//
// Nothing is ever lost by an error: what had come stays in the buffer, and the
// same call or another one can take it. So a ReadLine that timed out may be
// called again.
//
// Threads: one at a time. Lifetime: `conn` must outlive it; it never closes it.
//
// Errors: the Conn's own; IsEof when the stream ends and the buffer is empty;
// DataLoss, "unexpected EOF", when it ends in the middle, with the number of
// buffered bytes in BytesDone(status); ResourceExhausted, which names the
// limit, when the limit is reached.
#ifndef PLUMB_TRANSPORT_BUFFERED_READER_H_
#define PLUMB_TRANSPORT_BUFFERED_READER_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/conn.h"

namespace plumb {

class BufferedReader {
 public:
  // 64 KiB.
  static constexpr size_t kDefaultLimit = size_t{64} << 10;

  // `limit`, at least 1, is the most that is buffered: the longest line, with
  // what ends it, and the longest Peek.
  explicit BufferedReader(Conn& conn, size_t limit = kDefaultLimit);
  BufferedReader(const BufferedReader&) = delete;
  BufferedReader& operator=(const BufferedReader&) = delete;

  // Suspends until there is a whole line; returns it without its "\n" or
  // "\r\n". A "\r" elsewhere is kept. The rest of a stream that does not end in
  // "\n" is not a line: DataLoss, since nobody can know whether it is whole.
  absl::StatusOr<std::string> ReadLine();

  // The same up to and with the first `delimiter`.
  absl::StatusOr<std::string> ReadUntil(char delimiter);

  // As Conn::Read; takes what is buffered first, without a Read of the Conn.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer);

  // Suspends until `n` bytes are there and shows them without taking them. Good
  // until the next call of any other method than buffered().
  absl::StatusOr<absl::string_view> Peek(size_t n);

  // How many bytes can be had without a Read of the Conn.
  size_t buffered() const { return end_ - begin_; }

 private:
  absl::string_view unread() const {
    return absl::string_view(buffer_).substr(begin_, buffered());
  }
  std::string Take(size_t n);
  // Suspends until `delimiter` is buffered; returns where its end is.
  absl::StatusOr<size_t> FindEnd(char delimiter, absl::string_view what);
  // Reads once from the Conn into the buffer, which is not at the limit.
  absl::Status Fill();

  Conn& conn_;
  const size_t limit_;
  std::string buffer_;  // [begin_, end_) is unread, the rest is room
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_BUFFERED_READER_H_
