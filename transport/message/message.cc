#include "transport/message/message.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/io.h"

namespace plumb {
namespace {

using ::google::protobuf::MessageLite;

constexpr size_t kLengthBytes = 4;

// What protobuf can serialize and parse.
constexpr size_t kProtobufLimit = std::numeric_limits<int>::max();

size_t LimitOf(const MessageOptions& options) {
  return std::min(options.max_bytes, kProtobufLimit);
}

void PutLength(uint32_t length, char* to) {
  for (size_t i = 0; i < kLengthBytes; ++i) {
    to[i] = static_cast<char>(length >> (8 * (kLengthBytes - 1 - i)));
  }
}

uint32_t GetLength(absl::string_view bytes) {
  uint32_t length = 0;
  for (char byte : bytes.substr(0, kLengthBytes)) {
    length = length << 8 | static_cast<uint8_t>(byte);
  }
  return length;
}

absl::Status MessageError(absl::StatusCode code, const Conn& conn,
                          absl::string_view op, absl::string_view cause,
                          uint64_t bytes_done = 0) {
  ErrorInfo info;
  info.op = std::string(op);
  info.source = conn.LocalAddr();
  info.addr = conn.RemoteAddr();
  info.network = std::string(info.source.network());
  info.bytes_done = bytes_done;
  return OpError(code, std::move(info), cause);
}

absl::Status TooLong(const Conn& conn, absl::string_view op, uint64_t size,
                     size_t limit, uint64_t bytes_done = 0) {
  return MessageError(
      absl::StatusCode::kResourceExhausted, conn, op,
      absl::StrCat("message of ", size, " bytes is longer than the limit of ",
                   limit),
      bytes_done);
}

// `status`, the error of a Read after the length was read.
absl::Status InsideMessage(const absl::Status& status) {
  const uint64_t done = kLengthBytes + BytesDone(status);
  if (IsEof(status)) return UnexpectedEofError(status, done);
  ErrorInfo info = GetErrorInfo(status).value_or(ErrorInfo());
  info.bytes_done = done;
  return WithErrorInfo(status, info);
}

absl::Status Parse(const Conn& conn, absl::string_view bytes,
                   MessageLite* message) {
  // The partial one, since the other logs what is missing.
  if (!message->ParsePartialFromArray(bytes.data(),
                                      static_cast<int>(bytes.size()))) {
    return MessageError(
        absl::StatusCode::kInvalidArgument, conn, "read",
        absl::StrCat(bytes.size(), " bytes are no ", message->GetTypeName()));
  }
  if (!message->IsInitialized()) {
    return MessageError(absl::StatusCode::kInvalidArgument, conn, "read",
                        absl::StrCat(message->GetTypeName(), " without ",
                                     message->InitializationErrorString()));
  }
  return absl::OkStatus();
}

absl::Status ReadFromStream(Conn& conn, MessageLite* message, size_t limit) {
  char head[kLengthBytes];
  absl::Status read = ReadFull(conn, absl::MakeSpan(head));
  if (!read.ok()) return read;
  const size_t size = GetLength(absl::string_view(head, kLengthBytes));
  if (size > limit) return TooLong(conn, "read", size, limit, kLengthBytes);

  const std::unique_ptr<char[]> body(new char[size]);
  read = ReadFull(conn, absl::MakeSpan(body.get(), size));
  if (!read.ok()) return InsideMessage(read);
  return Parse(conn, absl::string_view(body.get(), size), message);
}

absl::Status ReadFromDatagram(Conn& conn, const MessageTraits& traits,
                              MessageLite* message, size_t limit) {
  const size_t room = std::min(kLengthBytes + limit, traits.MaxMessageSize());
  const std::unique_ptr<char[]> buffer(new char[room]);
  const absl::StatusOr<size_t> n =
      conn.Read(absl::MakeSpan(buffer.get(), room));
  if (!n.ok()) {
    const uint64_t full_size = BytesDone(n.status());
    if (full_size <= room) return n.status();
    return TooLong(conn, "read", full_size - kLengthBytes, limit);
  }
  const absl::string_view datagram(buffer.get(), *n);
  if (datagram.size() < kLengthBytes ||
      GetLength(datagram) != datagram.size() - kLengthBytes) {
    return MessageError(
        absl::StatusCode::kInvalidArgument, conn, "read",
        absl::StrCat("datagram of ", *n, " bytes is not one whole message"));
  }
  return Parse(conn, datagram.substr(kLengthBytes), message);
}

}  // namespace

absl::Status WriteMessage(Conn& conn, const MessageLite& message,
                          const MessageOptions& options) {
  if (!message.IsInitialized()) {
    return MessageError(absl::StatusCode::kInvalidArgument, conn, "write",
                        absl::StrCat(message.GetTypeName(), " without ",
                                     message.InitializationErrorString()));
  }
  const size_t size = message.ByteSizeLong();
  const size_t limit = LimitOf(options);
  if (size > limit) return TooLong(conn, "write", size, limit);

  const size_t total = kLengthBytes + size;
  const std::unique_ptr<char[]> bytes(new char[total]);
  PutLength(static_cast<uint32_t>(size), bytes.get());
  message.SerializePartialToArray(bytes.get() + kLengthBytes,
                                  static_cast<int>(size));
  return conn.Write(absl::string_view(bytes.get(), total));
}

absl::Status ReadMessage(Conn& conn, MessageLite* message,
                         const MessageOptions& options) {
  message->Clear();
  const size_t limit = LimitOf(options);
  const auto* traits = Extension<MessageTraits>(conn);
  return traits == nullptr ? ReadFromStream(conn, message, limit)
                           : ReadFromDatagram(conn, *traits, message, limit);
}

}  // namespace plumb
