#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/differential/generators.h"

namespace plumb {
namespace {

class BindingGenerator {
 public:
  explicit BindingGenerator(Choices& choices) : choices_(choices) {}

  // Who may bind what, beside whom; and who is reached there.
  Script Bindings() {
    const uint32_t steps = 4 + choices_.Pick(20);
    const bool unix_only = choices_.OneIn(2);
    for (uint32_t i = 0; i < steps && !choices_.exhausted(); ++i) {
      unix_only ? UnixBinding(choices_.Pick(4)) : BindingStep();
    }
    return std::move(script_);
  }

 private:
  void Add(absl::string_view text) { AppendStep(text, &script_); }

  void BindingStep() {
    const uint32_t what = choices_.Pick(10);
    const uint32_t number = choices_.Pick(4);
    const std::string at =
        absl::StrCat(choices_.Of({"A", "B", "4", "6", "*4", "*6", "*", "G",
                                  "all", "every", "link"}),
                     ":", choices_.Of({1, 1, 1, 2, 0}));
    const char* const family = choices_.Of({"", "", "4", "6"});
    const char* const share = choices_.OneIn(4) ? " reuse_port=1" : "";
    if (what < 4) {
      Add(absl::StrCat("listen L", number, " tcp", family, " ", at, share));
    } else if (what < 6) {
      Add(absl::StrCat(choices_.OneIn(4) ? "listen L" : "packet P", number,
                       " udp", family, " ", at, share));
    } else if (what < 7) {
      Add(absl::StrCat("close ", choices_.Of({"L", "P"}), number));
    } else if (what < 8) {
      UnixBinding(number);
    } else {
      ReachStep(number, family);
    }
  }

  void UnixBinding(uint32_t number) {
    const char* const network = choices_.Of({"unix", "unixpacket"});
    const char* const at = choices_.Of(
        {"/x", "/x", "/x", "@x", "@x", "/y", "/long", "@long", "@"});
    switch (choices_.Pick(8)) {
      case 0:
        return Add(absl::StrCat("packet P", number, " unixgram ", at));
      case 1:
        return Add(absl::StrCat("unlink /x"));
      case 2:
      case 3:
      case 4:
      case 5:
        return Dial(choices_.Of({"unix", "unixpacket", "unixgram"}),
                    choices_.Of({"/x", "/x", "/x", "/x", "/x", "@x", "@x", "/y",
                                 "@long"}));
      default:
        return Add(absl::StrCat("listen L", number, " ", network, " ", at,
                                choices_.OneIn(3) ? " replace_stale=1" : ""));
    }
  }

  void Dial(const std::string& network, const std::string& to) {
    if (conns_ == Slot::kSlots) return;
    Add(absl::StrCat("dial C", conns_++, " ", network, " ", to));
  }

  void ReachStep(uint32_t number, absl::string_view family) {
    if (choices_.Pick(3) == 0) {
      if (conns_ == Slot::kSlots) return;
      return Add(absl::StrCat("accept C", conns_++, " L", number));
    }
    // Whether localhost has an address of IPv6 is up to the machine.
    const char* const host =
        family == "4" ? choices_.Of({"A", "B", "4", "6", "localhost", "*"})
                      : choices_.Of({"A", "B", "4", "6", "*"});
    const std::string from =
        choices_.OneIn(3) ? absl::StrCat(" from=",
                                         choices_.Of({"A", "6", "*6", "*", "G",
                                                      "all", "every", "link"}),
                                         ":0")
                          : "";
    Dial(absl::StrCat("tcp", family),
         absl::StrCat(host, ":", choices_.Of({1, 1, 2}), from));
  }

  Choices& choices_;
  Script script_;
  int conns_ = 0;  // made
};

}  // namespace

Script GenerateBindings(Choices& choices) {
  return BindingGenerator(choices).Bindings();
}

}  // namespace plumb
