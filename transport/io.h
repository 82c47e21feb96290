// Reading and writing whole things over a Conn, as in Go's io package.
//
//   char header[8];
//   RETURN_IF_ERROR(plumb::ReadFull(*conn, absl::MakeSpan(header)));
//   ASSIGN_OR_RETURN(uint64_t bytes, plumb::Copy(*destination, *source));
//
// All are for streams. Copy and CopyN carry datagrams of up to kCopyBuffer
// bytes as well, each as one.
//
// Threads: as Conn; but a thing that takes several Reads is not whole when
// others read in between. Nothing is closed here.
//
// Errors: the Conn's own, with in BytesDone(status) how many bytes were moved
// before, and those below.
#ifndef PLUMB_TRANSPORT_IO_H_
#define PLUMB_TRANSPORT_IO_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/conn.h"

namespace plumb {

// What ReadAll reads at most unless told otherwise: 64 MiB.
constexpr size_t kReadAllLimit = size_t{64} << 20;

// How much Copy moves at a time: 32 KiB.
constexpr size_t kCopyBuffer = size_t{32} << 10;

using ReadFunction =
    absl::FunctionRef<absl::StatusOr<size_t>(absl::Span<char>)>;

// Reads until `min` bytes or more are in `buffer`; returns how many. With a
// `min` of 0 does nothing. `Reader` is a Conn, a BufferedReader or anything
// else with their Read.
//
// IsEof when the stream ends before the first byte. DataLoss, "unexpected EOF",
// of kind kUnexpectedEof, when it ends after that and before `min`; what came
// is in `buffer`. InvalidArgument, "short buffer", when `buffer` is smaller
// than `min`.
absl::StatusOr<size_t> ReadAtLeast(ReadFunction read, absl::Span<char> buffer,
                                   size_t min);
template <typename Reader>
absl::StatusOr<size_t> ReadAtLeast(Reader& reader, absl::Span<char> buffer,
                                   size_t min) {
  return ReadAtLeast(
      ReadFunction([&reader](absl::Span<char> b) { return reader.Read(b); }),
      buffer, min);
}

// Fills `buffer`. Errors: as ReadAtLeast.
template <typename Reader>
absl::Status ReadFull(Reader& reader, absl::Span<char> buffer) {
  return ReadAtLeast(reader, buffer, buffer.size()).status();
}

// Reads to the end of the stream. ResourceExhausted, which names the limit,
// when there are more than `limit` bytes; what was read then is lost.
absl::StatusOr<std::string> ReadAll(Conn& conn, size_t limit = kReadAllLimit);

// Moves everything up to the end of the stream `source`, which is success;
// returns how many bytes. After an error BytesDone(status) of them were
// written.
absl::StatusOr<uint64_t> Copy(Conn& destination, Conn& source);

// Moves `n` bytes and takes no more than that from `source`; 0 touches neither.
// IsEof, with BytesDone(status), when the stream ends before.
absl::StatusOr<uint64_t> CopyN(Conn& destination, Conn& source, uint64_t n);

// Writes all of `cord` as one Write, without copying it.
absl::Status WriteCord(Conn& conn, const absl::Cord& cord);

// The error for a stream that ended in the middle of something, of which
// `bytes_done` were read; `eof` is what Read returned.
absl::Status UnexpectedEofError(const absl::Status& eof, uint64_t bytes_done);

// The ResourceExhausted error for a `what` of more than `limit` bytes.
absl::Status TooLongError(const Conn& conn, absl::string_view what,
                          size_t limit);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_IO_H_
