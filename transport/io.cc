#include "transport/io.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "transport/error.h"

namespace plumb {
namespace {

constexpr size_t kFirstReadAll = 4096;

ErrorInfo InfoOf(const absl::Status& status, const char* op) {
  std::optional<ErrorInfo> info = GetErrorInfo(status);
  if (!info.has_value()) info.emplace();
  if (info->op.empty()) info->op = op;
  return *std::move(info);
}

// `status`, an error, which says that `bytes_done` bytes were moved in all.
absl::Status WithBytesDone(const absl::Status& status, const char* op,
                           uint64_t bytes_done) {
  ErrorInfo info = InfoOf(status, op);
  info.bytes_done = bytes_done;
  return WithErrorInfo(status, info);
}

// What `status`, the error of a Read, is after `done` bytes.
absl::Status ReadError(const absl::Status& status, size_t done) {
  if (done == 0) return status;
  if (IsEof(status)) return UnexpectedEofError(status, done);
  return WithBytesDone(status, "read", done);
}

// Moves at most `max` bytes; an early end of the stream comes out as IsEof.
absl::StatusOr<uint64_t> CopyUpTo(Conn& destination, Conn& source,
                                  uint64_t max) {
  const size_t size = static_cast<size_t>(std::min<uint64_t>(max, kCopyBuffer));
  const std::unique_ptr<char[]> buffer(new char[size]);
  uint64_t done = 0;
  while (done < max) {
    const size_t want =
        static_cast<size_t>(std::min<uint64_t>(size, max - done));
    const absl::StatusOr<size_t> n =
        source.Read(absl::MakeSpan(buffer.get(), want));
    if (!n.ok()) return WithBytesDone(n.status(), "read", done);
    const absl::Status written =
        destination.Write(absl::string_view(buffer.get(), *n));
    if (!written.ok()) {
      return WithBytesDone(written, "write", done + BytesDone(written));
    }
    done += *n;
  }
  return done;
}

}  // namespace

absl::StatusOr<size_t> ReadAtLeast(ReadFunction read, absl::Span<char> buffer,
                                   size_t min) {
  if (buffer.size() < min) {
    ErrorInfo info;
    info.op = "read";
    return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                   "short buffer");
  }
  size_t done = 0;
  while (done < min) {
    const absl::StatusOr<size_t> n = read(buffer.subspan(done));
    if (!n.ok()) return ReadError(n.status(), done);
    done += *n;
  }
  return done;
}

absl::StatusOr<std::string> ReadAll(Conn& conn, size_t limit) {
  std::string all;
  size_t done = 0;
  for (;;) {
    if (done == all.size()) {
      // One byte more than the limit tells the end from too much.
      const size_t most =
          std::min(limit, std::numeric_limits<size_t>::max() / 2) + 1;
      all.resize(std::min(most, std::max(kFirstReadAll, done * 2)));
    }
    const absl::StatusOr<size_t> n =
        conn.Read(absl::MakeSpan(&all[done], all.size() - done));
    if (!n.ok() && !IsEof(n.status())) {
      return WithBytesDone(n.status(), "read", done);
    }
    if (!n.ok()) break;
    done += *n;
    if (done > limit) return TooLongError(conn, "stream", limit);
  }
  all.resize(done);
  return all;
}

absl::StatusOr<uint64_t> Copy(Conn& destination, Conn& source) {
  absl::StatusOr<uint64_t> copied =
      CopyUpTo(destination, source, std::numeric_limits<uint64_t>::max());
  if (IsEof(copied.status())) return BytesDone(copied.status());
  return copied;
}

absl::StatusOr<uint64_t> CopyN(Conn& destination, Conn& source, uint64_t n) {
  return CopyUpTo(destination, source, n);
}

absl::Status WriteCord(Conn& conn, const absl::Cord& cord) {
  absl::InlinedVector<absl::string_view, 16> pieces;
  for (absl::string_view chunk : cord.Chunks()) pieces.push_back(chunk);
  return conn.Write(absl::MakeConstSpan(pieces));
}

absl::Status UnexpectedEofError(const absl::Status& eof, uint64_t bytes_done) {
  ErrorInfo info = InfoOf(eof, "read");
  info.kind = ErrorKind::kUnexpectedEof;
  info.bytes_done = bytes_done;
  return WithErrorInfo(absl::DataLossError("unexpected EOF"), info);
}

absl::Status TooLongError(const Conn& conn, absl::string_view what,
                          size_t limit) {
  ErrorInfo info;
  info.op = "read";
  info.source = conn.LocalAddr();
  info.addr = conn.RemoteAddr();
  info.network = std::string(info.addr.network());
  return OpError(
      absl::StatusCode::kResourceExhausted, std::move(info),
      absl::StrCat(what, " is longer than the limit of ", limit, " bytes"));
}

}  // namespace plumb
