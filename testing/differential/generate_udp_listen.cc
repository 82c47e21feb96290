#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/differential/generators.h"

namespace plumb {
namespace {

// The first slots are of those who dial, the others of those who are accepted.
constexpr uint32_t kDialled = 4;

class UdpListenGenerator {
 public:
  explicit UdpListenGenerator(Choices& choices) : choices_(choices) {}

  Script Make() {
    Listen();
    Dial(0);
    Write(0);
    Accept();
    const uint32_t steps = 6 + choices_.Pick(30);
    for (uint32_t i = 0; i < steps && !choices_.exhausted(); ++i) Step();
    return std::move(script_);
  }

 private:
  void Add(absl::string_view text) { AppendStep(text, &script_); }

  void Listen() {
    Add(absl::StrCat("listen L0 udp ", choices_.Of({"A", "A", "*4", "*"}),
                     ":1"));
  }

  void Dial(uint32_t conn) {
    const char* const from = choices_.OneIn(3) ? " from=B:0" : "";
    Add(absl::StrCat("dial C", conn, " udp A:1", from));
  }

  void Write(uint32_t conn) {
    if (++sent_ > 60) return;
    Add(absl::StrCat("write C", conn, " ",
                     choices_.Of({0, 1, 5, 10, 100, 1000, 1400})));
  }

  void Read(uint32_t conn) {
    Add(absl::StrCat(choices_.Of({"read", "read", "peek"}), " C", conn, " ",
                     choices_.Of({0, 3, 1000, 70000})));
  }

  void Accept() {
    if (accepted_ == Slot::kSlots) accepted_ = kDialled;
    Add(absl::StrCat("accept C", accepted_++, " L0"));
  }

  // One that dials, or one that was accepted.
  uint32_t SomeConn() {
    if (choices_.OneIn(2) || accepted_ == kDialled) {
      return choices_.Pick(kDialled);
    }
    return kDialled + choices_.Pick(accepted_ - kDialled);
  }

  void Step() {
    const uint32_t what = choices_.Pick(100);
    const uint32_t conn = SomeConn();
    if (what < 10) return Dial(choices_.Pick(kDialled));
    if (what < 40) return Write(conn);
    if (what < 62) return Read(conn);
    if (what < 78) return Accept();
    if (what < 82) return Add(absl::StrCat("wait C", conn));
    // One that was accepted may have something under way (pinned).
    if (what < 89) return Add(absl::StrCat("close C", conn % kDialled));
    if (what < 92) return Add(absl::StrCat("closewrite C", conn));
    if (what < 95) {
      return Add(absl::StrCat("deadline C", conn, " read ",
                              choices_.Of({"past", "none", "none"})));
    }
    if (what < 97) return Add("deadline L0 read none");
    if (what < 98) return Add("close L0");
    Listen();
  }

  Choices& choices_;
  Script script_;
  uint32_t accepted_ = kDialled;  // the next slot
  int sent_ = 0;
};

}  // namespace

Script GenerateUdpListen(Choices& choices) {
  return UdpListenGenerator(choices).Make();
}

}  // namespace plumb
