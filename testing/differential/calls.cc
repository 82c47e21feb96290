#include "testing/differential/calls.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/unix_options.h"

namespace plumb {
namespace {

// Short data itself; of longer data how much, and FNV-1a of it.
std::string Digest(absl::string_view data) {
  if (data.size() <= 10) return absl::StrCat("'", data, "'");
  uint32_t hash = 2166136261;
  for (const char c : data) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  }
  return absl::StrFormat("%u:%08x", data.size(), hash);
}

struct Reading {
  std::string buffer;
  absl::StatusOr<size_t> result = size_t{0};
};

// What comes next from `socket`, of `size`.
std::string NextData(Socket& socket, size_t size, bool stream) {
  const uint64_t offset = stream ? socket.written : socket.messages * 37;
  return Pattern(offset, size);
}

// Of what is resolved.
Addr AddressOf(const char* network, const std::string& text) {
  if (absl::string_view(network) == "unixgram") {
    return text.empty() ? Addr() : Addr::Named(network, text);
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return Addr();
  std::string host = text.substr(0, colon);
  if (host.size() > 1 && host[0] == '[') host = host.substr(1, host.size() - 2);
  uint32_t port = 0;
  (void)absl::SimpleAtoi(text.substr(colon + 1), &port);
  if (host.empty()) host = "0.0.0.0";
  const auto ip = IpAddr::Parse(host);
  if (!ip.ok()) return Addr();
  return Addr::Ip(network, {*ip, static_cast<uint16_t>(port)});
}

template <typename Options>
void FixBuffers(const Step& step, Options* options) {
  if (step.options.count("buffers") > 0) return;
  if (absl::StartsWith(step.network, "tcp")) {
    options->send_buffer = options->receive_buffer = kFixedBuffer;
  }
  if (step.network == "unix") options->send_buffer = kFixedBuffer;
}

}  // namespace

// The bytes of a stream from `offset` on.
std::string Pattern(uint64_t offset, size_t size) {
  std::string data(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    const uint64_t at = offset + i;
    data[i] = static_cast<char>('a' + (at * 7 + at / 251) % 26);
  }
  return data;
}

bool IsStream(absl::string_view network) {
  return absl::StartsWith(network, "tcp") || network == "unix";
}

ListenOptions MakeListenOptions(const Step& step) {
  ListenOptions options;
  for (const auto& [name, value] : step.options) {
    int number = 0;
    (void)absl::SimpleAtoi(value, &number);
    if (name == "backlog") options.backlog = number;
    if (name == "reuse_port") options.reuse_port = number != 0;
    if (name == "replace_stale") {
      UnixListenOptions extra;
      extra.replace_stale = number != 0;
      options.extras.Set(extra);
    }
  }
  FixBuffers(step, &options);
  return options;
}

SplitCall Calls::Dial(const Step& step) {
  DialOptions options;
  const auto from = step.options.find("from");
  if (from != step.options.end()) {
    options.local_address = names_.Resolve(from->second);
  }
  FixBuffers(step, &options);
  auto result = std::make_shared<absl::StatusOr<std::unique_ptr<Conn>>>(
      absl::UnknownError("not run"));
  SplitCall call;
  call.direction = Direction::kWrite;
  call.run = [this, result, network = step.network,
              address = names_.Resolve(step.address), options] {
    *result = net_.transport().Dial(network, address, options);
  };
  call.tell = [this, result, slot = step.slot] {
    if (!result->ok()) return Fail(slot, result->status());
    Socket& socket = *sockets_.Find(slot);
    socket.conn = *std::move(*result);
    socket.dialled = true;
    return TellConn(*socket.conn);
  };
  return call;
}

Outcome Calls::TellConn(const Conn& conn) {
  return Tell(absl::OkStatus(),
              absl::StrCat(names_.Tell(conn.LocalAddr()), " to ",
                           names_.Tell(conn.RemoteAddr())));
}

SplitCall Calls::Accept(Socket& listener, const Slot& slot) {
  auto result = std::make_shared<absl::StatusOr<std::unique_ptr<Conn>>>(
      absl::UnknownError("not run"));
  SplitCall call;
  call.run = [result, l = listener.listener.get()] { *result = l->Accept(); };
  call.tell = [this, result, slot, address = listener.listener->Address()] {
    if (!result->ok()) return Tell(result->status());
    Socket& socket = sockets_.Make(slot);
    socket.conn = *std::move(*result);
    sockets_.Pair(socket, address);
    return TellConn(*socket.conn);
  };
  return call;
}

SplitCall Calls::Read(Socket& socket, int64_t size) {
  auto reading = std::make_shared<Reading>();
  reading->buffer.resize(static_cast<size_t>(size));
  SplitCall call;
  call.at_once = size == 0;
  call.run = [reading, conn = socket.conn.get()] {
    reading->result = conn->Read(absl::MakeSpan(reading->buffer));
  };
  call.tell = [this, reading, &socket] {
    if (!reading->result.ok()) return Tell(reading->result.status());
    socket.received += *reading->result;
    reading->buffer.resize(*reading->result);
    return Tell(absl::OkStatus(), Digest(reading->buffer));
  };
  return call;
}

SplitCall Calls::Peek(Peeker& peeker, int64_t size) {
  auto reading = std::make_shared<Reading>();
  reading->buffer.resize(static_cast<size_t>(size));
  SplitCall call;
  call.at_once = size == 0;
  call.run = [reading, &peeker] {
    reading->result = peeker.Peek(absl::MakeSpan(reading->buffer));
  };
  call.tell = [this, reading] {
    if (!reading->result.ok()) return Tell(reading->result.status());
    reading->buffer.resize(*reading->result);
    return Tell(absl::OkStatus(), Digest(reading->buffer));
  };
  return call;
}

SplitCall Calls::Write(Socket& socket, int64_t size) {
  auto result = std::make_shared<absl::Status>();
  const auto bytes = static_cast<size_t>(size);
  const bool stream = IsStream(socket.conn->LocalAddr().network());
  SplitCall call;
  call.direction = Direction::kWrite;
  call.run = [result, data = NextData(socket, bytes, stream),
              conn = socket.conn.get()] { *result = conn->Write(data); };
  call.tell = [this, result, &socket, bytes] {
    socket.written += result->ok() ? bytes : BytesDone(*result);
    socket.begun = 0;
    if (result->ok()) ++socket.messages;
    return Tell(*result);
  };
  return call;
}

SplitCall Calls::WaitReadable(Socket& socket) {
  auto result = std::make_shared<absl::Status>();
  SplitCall call;
  call.run = [result, conn = socket.conn.get()] {
    *result = conn->WaitReadable();
  };
  call.tell = [this, result] { return Tell(*result); };
  return call;
}

SplitCall Calls::ReadFrom(Socket& socket, int64_t size) {
  struct Result {
    std::string buffer;
    absl::StatusOr<Received> received = Received();
  };
  auto result = std::make_shared<Result>();
  result->buffer.resize(static_cast<size_t>(size));
  SplitCall call;
  call.run = [result, packets = socket.packets.get()] {
    result->received = packets->ReadFrom(absl::MakeSpan(result->buffer));
  };
  call.tell = [this, result] {
    if (!result->received.ok()) return Tell(result->received.status());
    const Received& got = *result->received;
    result->buffer.resize(got.size);
    return Tell(absl::OkStatus(),
                absl::StrCat(Digest(result->buffer), " of ", got.full_size,
                             " from ", names_.Tell(got.from)));
  };
  return call;
}

SplitCall Calls::WriteTo(Socket& socket, const Step& step) {
  const char* const network =
      socket.packets->LocalAddr().is_ip() ? "udp" : "unixgram";
  auto result = std::make_shared<absl::Status>();
  SplitCall call;
  call.direction = Direction::kWrite;
  call.run = [result, to = AddressOf(network, names_.Resolve(step.address)),
              data = NextData(socket, static_cast<size_t>(step.number), false),
              packets = socket.packets.get()] {
    *result = packets->WriteTo(data, to);
  };
  call.tell = [this, result, &socket] {
    if (result->ok()) ++socket.messages;
    return Tell(*result);
  };
  return call;
}

}  // namespace plumb
