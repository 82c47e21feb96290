#include "testing/fault/fuzz_conn.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/faulty_conn.h"
#include "testing/fault/fuzz_peer.h"
#include "testing/fault/make_faults.h"
#include "transport/direction.h"

namespace plumb {
namespace {

constexpr int kRules = 5;

class Bytes {
 public:
  explicit Bytes(absl::string_view bytes) : bytes_(bytes) {}

  uint8_t Next() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  absl::string_view rest() const { return bytes_; }

 private:
  absl::string_view bytes_;
};

const char* ErrnoNameOf(uint8_t byte) {
  constexpr std::array<const char*, 5> kErrors = {
      "EIO", "ECONNRESET", "ETIMEDOUT", "ENOBUFS", "EHOSTUNREACH"};
  return kErrors[byte % kErrors.size()];
}

void AddRule(Bytes& bytes, FaultPlan* plan) {
  const uint8_t kind = bytes.Next();
  const uint64_t place = bytes.Next();
  const uint8_t first = bytes.Next();
  const uint8_t second = bytes.Next();
  FaultRule& rule = *plan->add_rule();
  rule.set_id(absl::StrCat("rule ", plan->rule_size()));
  FaultRule::Match& match = *rule.mutable_match();
  const bool write = (kind & 1) != 0;
  const auto call = write ? FaultRule::Match::WRITE : FaultRule::Match::READ;
  switch (kind / 2 % 4) {
    case 0:
      match.set_operation(call);
      rule.mutable_chunk()->set_max_bytes(1 + first);
      break;
    case 1:
      match.set_operation(call);
      match.set_nth(1 + place);
      rule.mutable_fail_op()->set_error(ErrnoNameOf(first));
      break;
    case 2:
      match.set_nth(1 + place);
      match.set_direction(FaultRule::Match::BOTH);
      rule.mutable_corrupt()->set_bytes(1 + first % 8);
      break;
    default:
      match.set_after_bytes(static_cast<int64_t>(place * 256 + first));
      match.set_nth(1 + second % 4);
      rule.mutable_reset();
      break;
  }
}

}  // namespace

FaultSetting FuzzSetting() {
  FaultSetting setting;
  setting.may_contradict = true;
  return setting;
}

FuzzInput ParseFuzzInput(absl::string_view bytes, const FuzzOptions& options) {
  Bytes rest(bytes);
  FuzzInput input;
  const int first = rest.Next();
  const int rules = first % kRules;
  input.end = static_cast<FuzzEnd>(first / kRules % kFuzzEnds);
  for (int i = 0; i < rules; ++i) {
    AddRule(rest, &input.plan);
  }
  input.plan.set_seed(rest.Next());
  input.data = std::string(rest.rest().substr(0, options.max_data));
  return input;
}

std::string FuzzBytes(absl::string_view data, FuzzEnd end) {
  const char first = static_cast<char>(kRules * static_cast<int>(end));
  return absl::StrCat(std::string{first, '\0'}, data);
}

std::string DescribeFuzzInput(const FuzzInput& input) {
  return absl::StrCat(input.plan.DebugString(), "data: \"",
                      absl::CHexEscape(input.data), "\"\nthen the peer ",
                      FuzzEndText(input.end), "\n");
}

std::unique_ptr<Conn> MakeFuzzConn(absl::string_view bytes,
                                   const FuzzOptions& options) {
  FuzzInput input = ParseFuzzInput(bytes, options);
  FaultContext context;
  context.faults = *MakeFaults(input.plan, FuzzSetting());
  context.linger = std::make_shared<FaultLinger>();
  auto peer = std::make_unique<FuzzPeer>(std::move(input.data), input.end,
                                         options.max_written);
  FuzzPeer* const inside = peer.get();
  FaultEnds ends =
      context.Ends(FaultNetwork::kTcp, peer->LocalAddr(), peer->RemoteAddr());
  auto conn = std::make_unique<FaultyConn>(std::move(context), std::move(ends),
                                           std::move(peer));
  // Of what is around it: that looks at its own deadline. It outlives the
  // calls inside: no rule of AddRule delays or holds what is sent, so that no
  // thread sends any of it later.
  inside->SetExpire([outer = conn.get()](Direction direction) {
    outer->SetDeadline(direction, absl::Time()).IgnoreError();
  });
  return conn;
}

}  // namespace plumb
