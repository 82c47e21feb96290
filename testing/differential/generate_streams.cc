#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "testing/differential/generators.h"

namespace plumb {
namespace {

// What is known of a connection while the script is made.
struct Made {
  bool open = false;       // nobody has closed it
  bool filled = false;     // and not drained
  bool read_past = false;  // its read deadline
  bool stopped = false;    // it reads no more
  uint64_t written = 0;
  int peer = -1;
};

// What one direction may hold on any network without a wait.
constexpr uint64_t kFits = 16 * 1024;
constexpr int kNoBacklog = -1;
constexpr int kRefusing = 2;  // the listener that is mostly not there

class StreamGenerator {
 public:
  explicit StreamGenerator(Choices& choices) : choices_(choices) {}

  Script Streams(const std::string& network) {
    network_ = network;
    OpenStreams();
    const uint32_t steps = 8 + choices_.Pick(is_tcp() ? 50 : 30);
    for (uint32_t i = 0; i < steps && !choices_.exhausted(); ++i) StreamStep();
    Finish();
    return std::move(script_);
  }

 private:
  void Add(absl::string_view text) { AppendStep(text, &script_); }

  bool is_tcp() const { return absl::StartsWith(network_, "tcp"); }
  bool is_message() const { return network_ == "unixpacket"; }

  // Streams.

  std::string ListenAddress(int listener) {
    if (network_ == "tcp4") {
      return absl::StrCat(choices_.Of({"A", "A", "B", "*4", "localhost"}), ":",
                          choices_.Pick(2) == 0 ? 0 : listener + 1);
    }
    if (network_ == "tcp6") {
      return absl::StrCat(choices_.Of({"6", "6", "*6", "*"}), ":",
                          choices_.Pick(2) == 0 ? 0 : listener + 1);
    }
    if (is_tcp()) {
      return absl::StrCat(choices_.Of({"A", "A", "B", "6", "*", "*4", "*6"}),
                          ":", choices_.Pick(2) == 0 ? 0 : listener + 1);
    }
    return absl::StrCat(choices_.Of({"/s", "@s"}), listener);
  }

  void OpenStreams() {
    const int count = 1 + static_cast<int>(choices_.Pick(4) == 3);
    for (int i = 0; i < count; ++i) Listen(i);
    if (choices_.Pick(8) != 7) Connect(0);
  }

  void Listen(int number) {
    listeners_[number] = true;
    host_[number] = ListenAddress(number);
    const int backlog = choices_.Of({kNoBacklog, kNoBacklog, kNoBacklog, 1, 3});
    // What is refused otherwise dials there without being counted.
    const bool set = backlog != kNoBacklog && number != kRefusing;
    fits_[number] = set ? static_cast<size_t>(backlog) + 1 : 3;
    Add(absl::StrCat("listen L", number, " ", network_, " ", host_[number],
                     set ? absl::StrCat(" backlog=", backlog) : ""));
    shut_[number] = late_[number] = false;
    dialled_[number].clear();
  }

  // Where L`number` can be dialled.
  std::string Target(int number) {
    if (!is_tcp()) return absl::StrCat("L", number);
    const std::string& at = host_[number];
    if (at[0] != '*') return absl::StrCat("L", number);
    const bool v6 = network_ == "tcp6" || absl::StartsWith(at, "*6");
    const bool v4 = network_ == "tcp4" || absl::StartsWith(at, "*4");
    const char* host = v6   ? "6"
                       : v4 ? choices_.Of({"A", "4", "B"})
                            : choices_.Of({"A", "6", "4", "localhost"});
    return absl::StrCat(host, ":L", number);
  }

  std::string From() {
    if (!choices_.OneIn(5)) return "";
    if (is_tcp()) return network_ == "tcp6" ? "" : " from=B:0";
    return absl::StrCat(" from=", choices_.Of({"@", "/c", "@c"}),
                        script_.size());
  }

  // A dial and the accept of it.
  void Connect(int listener) {
    if (Dial(listener) && !choices_.OneIn(6)) Accept(listener);
  }

  // Whether it should be there to be accepted.
  bool Dial(int listener) {
    const std::optional<int> near = FreeConn();
    if (!near.has_value() || dialled_[listener].size() >= fits_[listener]) {
      return false;
    }
    std::string from = From();
    if (from == absl::StrCat(" from=@", script_.size())) from = " from=@";
    const std::string target = Target(listener);
    const std::string& at = host_[listener];
    // B cannot be reached from, nor reach, what is of IPv6 only.
    const bool v6 = absl::StartsWith(at, "6") || absl::StartsWith(at, "*6") ||
                    absl::StartsWith(target, "6");
    if (v6 && from == " from=B:0") from = "";
    Add(absl::StrCat("dial C", *near, " ", network_, " ", target, from));
    if (shut_[listener]) return false;
    conns_[*near].open = true;
    dialled_[listener].push_back(*near);
    return true;
  }

  void Accept(int listener) {
    const std::optional<int> far = FreeConn();
    if (!far.has_value()) return;
    Add(absl::StrCat("accept C", *far, " L", listener));
    Pair(listener, *far);
  }

  // An Accept that waits, and what ends it.
  void BeginAccept(int listener) {
    const std::optional<int> far = FreeConn();
    if (!far.has_value()) return;
    Add(absl::StrCat("begin accept C", *far, " L", listener));
    const uint32_t end = dialled_[listener].empty() ? choices_.Pick(6) : 0;
    if (end < 4) {
      Dial(listener);
    } else if (end == 4) {
      AcceptDeadline(listener, true);
    } else {
      CloseListener(listener);
    }
    Add(absl::StrCat("end L", listener));
    if (end == 4) AcceptDeadline(listener, false);
    Pair(listener, *far);
  }

  void AcceptDeadline(int listener, bool past) {
    late_[listener] = past;
    Add(absl::StrCat("deadline L", listener, " both ", past ? "past" : "none"));
  }

  // The next one of `listener` is accepted as `far`.
  void Pair(int listener, int far) {
    if (dialled_[listener].empty() || late_[listener]) return;
    conns_[far].open = true;
    const int near = dialled_[listener].front();
    dialled_[listener].erase(dialled_[listener].begin());
    conns_[far].peer = near;
    conns_[near].peer = far;
  }

  std::optional<int> FreeConn() {
    for (int i = 0; i < Slot::kSlots; ++i) {
      if (used_[i]) continue;
      used_[i] = true;
      return i;
    }
    return std::nullopt;
  }

  // One that there is, mostly an open one.
  std::optional<int> SomeConn() {
    std::vector<int> open;
    std::vector<int> all;
    for (int i = 0; i < Slot::kSlots; ++i) {
      if (!used_[i]) continue;
      all.push_back(i);
      if (conns_[i].open) open.push_back(i);
    }
    if (focus_.has_value() && choices_.OneIn(3)) return focus_;
    if (!open.empty() && !choices_.OneIn(8)) all = open;
    if (all.empty()) return std::nullopt;
    return all[choices_.Pick(static_cast<uint32_t>(all.size()))];
  }

  void StreamStep() {
    const uint32_t what = choices_.Pick(100);
    if (what < 80) {
      const std::optional<int> conn = SomeConn();
      if (conn.has_value()) ConnStep(*conn);
      return;
    }
    const int listener = listeners_[1] ? static_cast<int>(choices_.Pick(2)) : 0;
    if (what < 88) return Connect(listener);
    if (what < 92) return Accept(listener);
    if (what < 93) return BeginAccept(listener);
    if (what < 95) return CloseListener(listener);
    if (what < 96) return AcceptDeadline(listener, choices_.Pick(2) == 0);
    if (what < 98) return Refused();
    return Listen(choices_.Pick(2) == 0 ? listener : kRefusing);
  }

  void CloseListener(int listener) {
    Add(absl::StrCat("close L", listener));
    shut_[listener] = true;
    dialled_[listener].clear();
  }

  void Refused() {
    const std::optional<int> conn = FreeConn();
    if (!conn.has_value()) return;
    const char* const address = network_ == "tcp6" ? "6:3"
                                : is_tcp()
                                    ? choices_.Of({"A:3", "B:3", "4:3"})
                                    : choices_.Of({"/none", "@none", "/long"});
    Add(absl::StrCat("dial C", *conn, " ", network_, " ", address));
  }

  int Size() { return choices_.Of({1, 1, 2, 5, 10, 100, 700, 1000, 3000}); }

  void Write(int conn) {
    Made& made = conns_[conn];
    if (made.filled) return;
    // Kernels differ in what unixpacket makes of an empty message that is left.
    const int size = choices_.OneIn(12) && !is_message() ? 0 : Size();
    if (made.written + static_cast<uint64_t>(size) > kFits) return;
    made.written += static_cast<uint64_t>(size);
    Add(absl::StrCat("write C", conn, " ", size));
  }

  void ConnStep(int conn) {
    const std::string slot = absl::StrCat("C", conn);
    if (!is_tcp() && choices_.OneIn(8)) return Unix(conn);
    const uint32_t what = choices_.Pick(100);
    if (what < 20) return Write(conn);
    if (what < 42) return Read(conn);
    if (what < 48) return Add(absl::StrCat("wait ", slot));
    if (what < 57) return CloseWrite(conn);
    if (what < 64) return CloseRead(conn);
    if (what < 72) return Close(conn);
    if (what < 78) return Linger(slot);
    if (what < 83) return ConnDeadline(conn);
    if (what < 92) return Fill(conn);
    if (what < 95) return Drain(conn);
    Begin(conn);
  }

  // What only unix has.
  void Unix(int conn) {
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
                                choices_.Of({1, 1, 2, 2, 3, 3, 0, -1})));
      default:
        return Add(absl::StrCat("take ", slot, " ",
                                choices_.Of({1, 10, 1000, 20000})));
    }
  }

  void Read(int conn) {
    const int size =
        choices_.OneIn(20)
            ? 0
            : choices_.Of({1, 3, 10, 100, 1000, 5000, 5000, 20000});
    Add(absl::StrCat("read C", conn, " ", size));
  }

  // The end of what is stuck comes when there is room.
  bool Unstick(int conn) {
    Made& made = conns_[conn];
    if (made.filled && made.peer >= 0) Drain(made.peer);
    return !made.filled;
  }

  void CloseWrite(int conn) {
    if (!Unstick(conn)) return;
    Add(absl::StrCat("closewrite C", conn));
    focus_ = choices_.Pick(2) == 0 && conns_[conn].peer >= 0 ? conns_[conn].peer
                                                             : conn;
  }

  void CloseRead(int conn) {
    const int peer = conns_[conn].peer;
    if (peer >= 0 && !Unstick(peer)) return;
    conns_[conn].stopped = true;
    Add(absl::StrCat("closeread C", conn));
  }

  void Close(int conn) {
    if (!Unstick(conn)) return;
    conns_[conn].open = false;
    Add(absl::StrCat("close C", conn));
    focus_ =
        conns_[conn].peer >= 0 && !choices_.OneIn(4) ? conns_[conn].peer : conn;
  }

  void Linger(const std::string& slot) {
    if (is_tcp())
      Add(absl::StrCat("linger ", slot, " ", choices_.Of({0, 0, -1})));
  }

  void ConnDeadline(int conn) {
    Add(absl::StrCat("deadline C", conn, " ",
                     choices_.Of({"read", "write", "both"}), " ",
                     choices_.Of({"past", "none", "none"})));
    const Step& step = script_.back();
    if (step.direction != "write") conns_[conn].read_past = step.past;
  }

  void Fill(int conn) {
    const int peer = conns_[conn].peer;
    if (peer >= 0 && conns_[peer].stopped) return;
    conns_[conn].filled = conns_[conn].open;
    Add(absl::StrCat("fill C", conn));
  }

  void Drain(int conn) {
    Add(absl::StrCat("drain C", conn));
    const Made& made = conns_[conn];
    const int peer = made.peer;
    if (peer < 0 || !made.open || made.read_past || made.stopped) return;
    conns_[peer].filled = false;
    conns_[peer].written = 0;
  }

  // A Read that waits, unless there is something, and what ends it.
  void Begin(int conn) {
    Made& made = conns_[conn];
    if (!made.open || made.filled) return;
    if (made.peer >= 0 && conns_[made.peer].filled) return;
    const std::string slot = absl::StrCat("C", conn);
    Add(choices_.OneIn(3) ? absl::StrCat("begin wait ", slot)
                          : absl::StrCat("begin read ", slot, " 10"));
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

  // What is left to be read tells what has gone wrong before.
  void Finish() {
    for (int i = 0; i < Slot::kSlots; ++i) {
      if (conns_[i].open) Add(absl::StrCat("drain C", i));
    }
  }

  Choices& choices_;
  std::string network_;
  Script script_;
  bool listeners_[Slot::kSlots] = {};
  std::string host_[Slot::kSlots];
  bool shut_[Slot::kSlots] = {};
  bool late_[Slot::kSlots] = {};    // its deadline has passed
  size_t fits_[Slot::kSlots] = {};  // of those that nobody has accepted
  std::vector<int> dialled_[Slot::kSlots];
  bool used_[Slot::kSlots] = {};
  Made conns_[Slot::kSlots];
  std::optional<int> focus_;  // of which the state has changed
};

}  // namespace

Script GenerateStreams(Choices& choices, const std::string& network) {
  return StreamGenerator(choices).Streams(network);
}

}  // namespace plumb
