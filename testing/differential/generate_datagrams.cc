#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "testing/differential/generators.h"

namespace plumb {
namespace {

class DatagramGenerator {
 public:
  explicit DatagramGenerator(Choices& choices) : choices_(choices) {}

  Script Datagrams(const std::string& network) {
    network_ = network;
    const uint32_t steps = 6 + choices_.Pick(24);
    for (uint32_t i = 0; i < steps && !choices_.exhausted(); ++i) {
      DatagramStep();
    }
    return std::move(script_);
  }

 private:
  void Add(absl::string_view text) { AppendStep(text, &script_); }

  bool is_udp() const { return absl::StartsWith(network_, "udp"); }

  std::string PacketAddress(int number) {
    if (network_ == "udp6") return absl::StrCat("6:", choices_.Pick(2) * 2);
    if (is_udp()) {
      return absl::StrCat(choices_.Of({"A", "A", "B", "4"}), ":",
                          choices_.Pick(2) == 0 ? 0 : number + 1);
    }
    return choices_.Pick(3) == 0
               ? "@"
               : absl::StrCat(choices_.Of({"/p", "@p"}), number);
  }

  std::string SomeTarget() {
    const uint32_t what = choices_.Pick(12);
    if (what == 11)
      return is_udp() ? network_ == "udp6" ? "6:3" : "A:3" : "/none";
    if (what == 10 || (what == 9 && !is_udp())) {
      return absl::StrCat("C", choices_.Pick(4));
    }
    return absl::StrCat("P", choices_.Pick(3));
  }

  int DatagramSize() {
    return choices_.Of({0, 1, 10, 10, 100, 100, 1000, 1400, 3000});
  }

  // Descriptors go over unixgram alone.
  void PassHandles(uint32_t conn) {
    if (choices_.OneIn(2)) {
      return Add(absl::StrCat("take C", conn, " ", choices_.Of({1, 5, 1000})));
    }
    if (++sent_ > 60) return;
    Add(absl::StrCat("handles C", conn, " ",
                     choices_.Of({1, 2, 3, 0, -1, -1, -1})));
  }

  // Who is connected hears its peer alone, and can be connected to by nobody.
  void BeStrangers(uint32_t packet, uint32_t conn) {
    const std::string name = absl::StrCat("/c", script_.size());
    const uint32_t other = (packet + 1) % 3;
    Add(absl::StrCat("dial C", conn, " unixgram P", packet, " from=", name));
    if (++sent_ <= 60) Add(absl::StrCat("writeto P", other, " ", name, " 5"));
    Add(absl::StrCat("dial C", (conn + 1) % 4, " unixgram ", name));
    if (++sent_ <= 60) Add(absl::StrCat("writeto P", packet, " ", name, " 5"));
  }

  void DatagramStep() {
    const uint32_t what = choices_.Pick(100);
    const uint32_t packet = choices_.Pick(3);
    const uint32_t conn = choices_.Pick(4);
    if (!is_udp() && script_.size() > 3 && choices_.OneIn(5)) {
      return choices_.OneIn(2) ? BeStrangers(packet, conn) : PassHandles(conn);
    }
    if (script_.size() < 3 || what < 8) {
      Add(absl::StrCat("packet P", packet, " ", network_, " ",
                       PacketAddress(static_cast<int>(packet))));
    } else if (what < 20) {
      const char* from = network_ == "udp6" ? ""
                         : is_udp()         ? choices_.Of({"", "", " from=B:0"})
                                    : choices_.Of({" from=@", " from=@", ""});
      Add(absl::StrCat("dial C", conn, " ", network_, " ", SomeTarget(), from));
    } else if (what < 40) {
      WriteTo(packet);
    } else if (what < 60) {
      Add(absl::StrCat("readfrom P", packet, " ",
                       choices_.Of({0, 5, 1000, 1000, 70000})));
    } else if (what < 75) {
      if (++sent_ > 60) return;
      Add(absl::StrCat("write C", conn, " ", LongOr(DatagramSize())));
    } else if (what < 90) {
      Add(absl::StrCat(choices_.Of({"read", "read", "peek"}), " C", conn, " ",
                       choices_.Of({0, 5, 1000, 1000, 70000})));
    } else if (what < 92) {
      Add(absl::StrCat("wait C", conn));
    } else if (what < 95) {
      Add(absl::StrCat("close ", choices_.Pick(2) == 0
                                     ? absl::StrCat("C", conn)
                                     : absl::StrCat("P", packet)));
    } else if (what < 97) {
      Deadline(choices_.Pick(2) == 0 ? absl::StrCat("C", conn)
                                     : absl::StrCat("P", packet));
    } else if (what < 98) {
      Add(absl::StrCat("closewrite C", conn));
    } else {
      Add(absl::StrCat("closeread C", conn));
    }
  }

  // At times what no datagram can carry.
  int LongOr(int size) {
    if (!choices_.OneIn(8)) return size;
    return is_udp() ? choices_.Of({65507, 65508, 65527, 65528, 70000}) : 300000;
  }

  void WriteTo(uint32_t packet) {
    if (++sent_ > 60) return;
    Add(absl::StrCat("writeto P", packet, " ", SomeTarget(), " ",
                     LongOr(DatagramSize())));
  }

  void Deadline(const std::string& slot) {
    Add(absl::StrCat("deadline ", slot, " ",
                     choices_.Of({"read", "write", "both"}), " ",
                     choices_.Of({"past", "none", "none"})));
  }

  Choices& choices_;
  Script script_;
  std::string network_;
  int sent_ = 0;
};

}  // namespace

Script GenerateDatagrams(Choices& choices, const std::string& network) {
  return DatagramGenerator(choices).Datagrams(network);
}

}  // namespace plumb
