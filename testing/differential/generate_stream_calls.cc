// What is done with a connection that there is.
#include <string>

#include "absl/strings/str_cat.h"
#include "testing/differential/stream_generator.h"

namespace plumb {
namespace {

// What one direction may hold on any network without a wait.
constexpr uint64_t kFits = 16 * 1024;

}  // namespace

int StreamGenerator::Size() {
  return choices_.Of({1, 1, 2, 5, 10, 100, 700, 1000, 3000});
}

void StreamGenerator::Write(int conn) {
  Made& made = conns_[conn];
  if (made.filled) return;
  // Kernels differ in what unixpacket makes of an empty message that is left.
  const int size = choices_.OneIn(12) && !is_message() ? 0 : Size();
  if (made.written + static_cast<uint64_t>(size) > kFits) return;
  made.written += static_cast<uint64_t>(size);
  Add(absl::StrCat("write C", conn, " ", size));
}

void StreamGenerator::ConnStep(int conn) {
  const std::string slot = absl::StrCat("C", conn);
  if (!is_tcp() && choices_.OneIn(8)) return Unix(conn);
  const uint32_t what = choices_.Pick(100);
  if (what < 18) return Write(conn);
  if (what < 34) return Read(conn);
  if (what < 41) return Peek(conn);
  if (what < 48) return Add(absl::StrCat("wait ", slot));
  if (what < 57) return CloseWrite(conn);
  if (what < 64) return CloseRead(conn);
  if (what < 72) return Close(conn);
  if (what < 79) return Linger(conn);
  if (what < 84) return ConnDeadline(conn);
  if (what < 92) return Fill(conn);
  if (what < 94) return Drain(conn);
  if (what < 97) return Begin(conn);
  BeginWrite(conn);
}

void StreamGenerator::Unix(int conn) {
  const std::string slot = absl::StrCat("C", conn);
  Made& made = conns_[conn];
  switch (choices_.Pick(5)) {
    case 0:
      return Add(absl::StrCat("credentials ", slot));
    case 1:
    case 2:
      if (made.filled || made.written + 1 > kFits) return;
      ++made.written;
      return Add(absl::StrCat("handles ", slot, " ",
                              choices_.Of({1, 2, 3, 0, -1, -1, -1})));
    default:
      return Add(
          absl::StrCat("take ", slot, " ", choices_.Of({1, 10, 1000, 20000})));
  }
}

int StreamGenerator::RoomToRead() {
  if (choices_.OneIn(20)) return 0;
  return choices_.Of({1, 3, 10, 100, 1000, 5000, 5000, 20000});
}

void StreamGenerator::Read(int conn) {
  Add(absl::StrCat("read C", conn, " ", RoomToRead()));
}

void StreamGenerator::Peek(int conn) {
  Add(absl::StrCat("peek C", conn, " ", RoomToRead()));
}

bool StreamGenerator::Unstick(int conn) {
  Made& made = conns_[conn];
  if (made.filled && made.peer >= 0) Drain(made.peer);
  return !made.filled;
}

void StreamGenerator::CloseWrite(int conn) {
  if (!Unstick(conn)) return;
  Add(absl::StrCat("closewrite C", conn));
  focus_ = choices_.Pick(2) == 0 && conns_[conn].peer >= 0 ? conns_[conn].peer
                                                           : conn;
}

void StreamGenerator::CloseRead(int conn) {
  const int peer = conns_[conn].peer;
  if (peer >= 0 && !Unstick(peer)) return;
  conns_[conn].stopped = true;
  Add(absl::StrCat("closeread C", conn));
}

void StreamGenerator::Close(int conn) {
  if (!Unstick(conn)) return;
  conns_[conn].open = false;
  Add(absl::StrCat("close C", conn));
  focus_ =
      conns_[conn].peer >= 0 && !choices_.OneIn(4) ? conns_[conn].peer : conn;
}

void StreamGenerator::Linger(int conn) {
  if (!is_tcp()) return;
  conns_[conn].lingers = true;
  Add(absl::StrCat("linger C", conn, " ", choices_.Of({0, 0, -1})));
}

void StreamGenerator::ConnDeadline(int conn) {
  Add(absl::StrCat("deadline C", conn, " ",
                   choices_.Of({"read", "write", "both"}), " ",
                   choices_.Of({"past", "none", "none"})));
  const Step& step = script_.back();
  if (step.direction != "write") conns_[conn].read_past = step.past;
}

void StreamGenerator::Fill(int conn) {
  const int peer = conns_[conn].peer;
  if (peer >= 0 && conns_[peer].stopped) return;
  conns_[conn].filled = conns_[conn].open;
  Add(absl::StrCat("fill C", conn));
}

void StreamGenerator::Drain(int conn) {
  Add(absl::StrCat("drain C", conn));
  const Made& made = conns_[conn];
  const int peer = made.peer;
  if (peer < 0 || !made.open || made.read_past || made.stopped) return;
  conns_[peer].filled = false;
  conns_[peer].written = 0;
}

void StreamGenerator::Begin(int conn) {
  Made& made = conns_[conn];
  if (!made.open || made.filled) return;
  if (made.peer >= 0 && conns_[made.peer].filled) return;
  const std::string slot = absl::StrCat("C", conn);
  Add(choices_.OneIn(3)
          ? absl::StrCat("begin wait ", slot)
          : absl::StrCat("begin ", choices_.Of({"read", "peek"}), " ", slot,
                         " ", choices_.Of({10, 5000})));
  const bool peer = made.peer >= 0 && conns_[made.peer].open;
  switch (choices_.Pick(peer ? 6 : 3)) {
    case 0:
      Add(absl::StrCat("deadline ", slot, " read past"));
      break;
    case 1:
      Close(conn);
      break;
    case 2:
      CloseRead(conn);
      break;
    case 3:
      Close(made.peer);
      break;
    case 4:
      Write(made.peer);
      break;
    default:
      CloseWrite(made.peer);
  }
  Add(absl::StrCat("end ", slot));
  made.read_past = false;
  if (made.open) Add(absl::StrCat("deadline ", slot, " read none"));
}

void StreamGenerator::BeginWrite(int conn) {
  Made& made = conns_[conn];
  if (!made.open || made.filled || made.peer < 0) return;
  Made& peer = conns_[made.peer];
  if (!peer.open || peer.filled || peer.stopped || peer.read_past) return;
  const std::string slot = absl::StrCat("C", conn);
  if (is_message()) Fill(conn);
  Add(absl::StrCat("begin write ", slot, is_message() ? " 1000" : " 300000"));
  made.filled = true;
  // A reset takes back what is behind it, or not (pinned).
  const bool resets = made.lingers || peer.written > 0;
  switch (choices_.Pick(resets ? 5 : 6)) {
    case 3:
      Add(absl::StrCat("deadline ", slot, " write past"));
      break;
    case 4:
      peer.open = false;
      Add(absl::StrCat("close C", made.peer));
      break;
    case 5:
      made.open = false;
      Add(absl::StrCat("close ", slot));
      break;
    default:
      Drain(made.peer);
  }
  Add(absl::StrCat("end ", slot));
  if (made.open) Add(absl::StrCat("deadline ", slot, " write none"));
  if (peer.open) Drain(made.peer);
}

void StreamGenerator::Finish() {
  for (int i = 0; i < Slot::kSlots; ++i) {
    if (conns_[i].open) Add(absl::StrCat("drain C", i));
  }
}

}  // namespace plumb
