// Opening: who listens, dials and accepts.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/differential/stream_generator.h"

namespace plumb {
namespace {

constexpr int kNoBacklog = -1;
constexpr int kRefusing = 2;  // the listener that is mostly not there

}  // namespace

Script StreamGenerator::Streams(const std::string& network) {
  network_ = network;
  OpenStreams();
  const uint32_t steps = 8 + choices_.Pick(is_tcp() ? 50 : 30);
  for (uint32_t i = 0; i < steps && !choices_.exhausted(); ++i) StreamStep();
  Finish();
  return std::move(script_);
}

std::string StreamGenerator::ListenAddress(int listener) {
  if (network_ == "tcp4") {
    return absl::StrCat(choices_.Of({"A", "A", "B", "*4", "localhost"}), ":",
                        choices_.Pick(2) == 0 ? 0 : listener + 1);
  }
  if (network_ == "tcp6") {
    return absl::StrCat(choices_.Of({"6", "6", "*6", "*"}), ":",
                        choices_.Pick(2) == 0 ? 0 : listener + 1);
  }
  if (is_tcp()) {
    return absl::StrCat(choices_.Of({"A", "A", "B", "6", "*", "*4", "*6"}), ":",
                        choices_.Pick(2) == 0 ? 0 : listener + 1);
  }
  return absl::StrCat(choices_.Of({"/s", "@s"}), listener);
}

void StreamGenerator::OpenStreams() {
  const int count = 1 + static_cast<int>(choices_.Pick(4) == 3);
  for (int i = 0; i < count; ++i) Listen(i);
  if (choices_.Pick(8) != 7) Connect(0);
}

void StreamGenerator::Listen(int number) {
  listeners_[number] = true;
  host_[number] = ListenAddress(number);
  const int backlog = choices_.Of({kNoBacklog, kNoBacklog, kNoBacklog, 1, 3});
  // What is refused otherwise dials there without being counted.
  const bool set = backlog != kNoBacklog && number != kRefusing;
  limited_[number] = set;
  fits_[number] = set ? static_cast<size_t>(backlog) + 1 : 3;
  Add(absl::StrCat("listen L", number, " ", network_, " ", host_[number],
                   set ? absl::StrCat(" backlog=", backlog) : ""));
  shut_[number] = late_[number] = false;
  dialled_[number].clear();
}

std::string StreamGenerator::Target(int number) {
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

std::string StreamGenerator::From() {
  if (!choices_.OneIn(5)) return "";
  if (is_tcp()) return network_ == "tcp6" ? "" : " from=B:0";
  return absl::StrCat(" from=", choices_.Of({"@", "/c", "@c"}), script_.size());
}

void StreamGenerator::Connect(int listener) {
  if (Dial(listener) && !choices_.OneIn(6)) Accept(listener);
}

bool StreamGenerator::Dial(int listener) {
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

void StreamGenerator::Accept(int listener) {
  const std::optional<int> far = FreeConn();
  if (!far.has_value()) return;
  Add(absl::StrCat("accept C", *far, " L", listener));
  Pair(listener, *far);
}

void StreamGenerator::BeginDial(int listener) {
  if (shut_[listener]) return;
  // One that waits in vain takes a while to be told from one that does not.
  const bool fill = limited_[listener] && (!is_tcp() || choices_.OneIn(24));
  while (fill && Dial(listener)) {
  }
  const std::optional<int> near = FreeConn();
  if (!near.has_value()) return;
  const bool full =
      limited_[listener] && dialled_[listener].size() >= fits_[listener];
  Add(absl::StrCat("begin dial C", *near, " ", network_, " ",
                   Target(listener)));
  // Of unix a name that is gone is told otherwise, if it has not dialled yet.
  const uint32_t end = full ? choices_.Pick(is_tcp() ? 4 : 3) : 2;
  if (end < 2) Accept(listener);
  if (end == 3) CloseListener(listener);
  Add(absl::StrCat("end C", *near));
  if (full && end >= 2) return;
  conns_[*near].open = true;
  dialled_[listener].push_back(*near);
}

void StreamGenerator::BeginAccept(int listener) {
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

void StreamGenerator::AcceptDeadline(int listener, bool past) {
  late_[listener] = past;
  Add(absl::StrCat("deadline L", listener, " both ", past ? "past" : "none"));
}

void StreamGenerator::Pair(int listener, int far) {
  if (dialled_[listener].empty() || late_[listener]) return;
  conns_[far].open = true;
  const int near = dialled_[listener].front();
  dialled_[listener].erase(dialled_[listener].begin());
  conns_[far].peer = near;
  conns_[near].peer = far;
}

std::optional<int> StreamGenerator::FreeConn() {
  for (int i = 0; i < Slot::kSlots; ++i) {
    if (used_[i]) continue;
    used_[i] = true;
    return i;
  }
  return std::nullopt;
}

std::optional<int> StreamGenerator::SomeConn() {
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

void StreamGenerator::StreamStep() {
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
  if (what < 94) return BeginDial(listener);
  if (what < 95) return CloseListener(listener);
  if (what < 96) return AcceptDeadline(listener, choices_.Pick(2) == 0);
  if (what < 98) return Refused();
  return Listen(choices_.Pick(2) == 0 ? listener : kRefusing);
}

void StreamGenerator::CloseListener(int listener) {
  Add(absl::StrCat("close L", listener));
  shut_[listener] = true;
  dialled_[listener].clear();
}

void StreamGenerator::Refused() {
  const std::optional<int> conn = FreeConn();
  if (!conn.has_value()) return;
  const char* const address = network_ == "tcp6" ? "6:3"
                              : is_tcp()
                                  ? choices_.Of({"A:3", "B:3", "4:3"})
                                  : choices_.Of({"/none", "@none", "/long"});
  Add(absl::StrCat("dial C", *conn, " ", network_, " ", address));
}

Script GenerateStreams(Choices& choices, const std::string& network) {
  return StreamGenerator(choices).Streams(network);
}

}  // namespace plumb
