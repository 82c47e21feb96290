#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/differential/generators.h"

namespace plumb {
namespace {

// The first of the packet sockets hear, and the others send: who is bound to no
// address would send by whatever way the machine has.
constexpr uint32_t kHearers = 3;
constexpr uint32_t kSenders = 2;

class GroupGenerator {
 public:
  explicit GroupGenerator(Choices& choices) : choices_(choices) {}

  Script Make() {
    for (uint32_t i = 0; i < kHearers; ++i) OpenHearer(i);
    for (uint32_t i = 0; i < kSenders; ++i) {
      Add(absl::StrCat("packet P", kHearers + i, " udp4 ", i == 0 ? "A" : "B",
                       ":2"));
    }
    const uint32_t steps = 8 + choices_.Pick(24);
    for (uint32_t i = 0; i < steps && !choices_.exhausted(); ++i) Step();
    for (uint32_t i = 0; i < kHearers; ++i) Read(i);
    return std::move(script_);
  }

 private:
  void Add(absl::string_view text) { AppendStep(text, &script_); }

  void OpenHearer(uint32_t number) {
    const char* const at =
        choices_.Of({"G:1", "G:1", "*4:1 reuse_port=1", "*4:1 reuse_port=1",
                     "A:1 reuse_port=1"});
    Add(absl::StrCat("packet P", number, " udp4 ", at));
  }

  const char* Everybody() { return choices_.Of({"G:1", "G:1", "all:1"}); }

  int Size() { return choices_.Of({0, 1, 5, 10, 100, 1000}); }

  void Send() {
    if (++sent_ > 60) return;
    const uint32_t number = choices_.Pick(kSenders + 1);
    if (number == kSenders) return Add(absl::StrCat("write C0 ", Size()));
    Add(absl::StrCat("writeto P", kHearers + number, " ", Everybody(), " ",
                     Size()));
  }

  void Read(uint32_t number) {
    Add(absl::StrCat("readfrom P", number, " ", choices_.Of({5, 1000, 1000})));
  }

  void Step() {
    const uint32_t what = choices_.Pick(100);
    const uint32_t hearer = choices_.Pick(kHearers);
    if (what < 25) {
      Add(absl::StrCat("join P", choices_.Pick(kHearers + 1), " G"));
    } else if (what < 35) {
      Add(absl::StrCat("leave P", hearer, " G"));
    } else if (what < 60) {
      Send();
    } else if (what < 85) {
      Read(hearer);
    } else if (what < 90) {
      Add(absl::StrCat("dial C0 udp4 ", Everybody(),
                       " from=", choices_.Of({"A:0", "B:0"})));
    } else if (what < 94) {
      OpenHearer(hearer);
    } else if (what < 97) {
      Add(absl::StrCat("close P", hearer));
    } else {
      Add(absl::StrCat("deadline P", hearer, " read ",
                       choices_.Of({"past", "none", "none"})));
    }
  }

  Choices& choices_;
  Script script_;
  int sent_ = 0;
};

}  // namespace

Script GenerateGroups(Choices& choices) {
  return GroupGenerator(choices).Make();
}

}  // namespace plumb
