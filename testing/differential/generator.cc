#include "testing/differential/generator.h"

#include <utility>

#include "absl/status/statusor.h"
#include "testing/differential/generators.h"

namespace plumb {

void AppendStep(absl::string_view text, Script* script) {
  absl::StatusOr<Script> step = ParseScript(text);
  script->push_back(std::move(step->front()));
}

Script Generate(Choices& choices) {
  const uint32_t what = choices.Pick(20);
  if (what < 8) {
    return GenerateStreams(choices, choices.Of({"tcp", "tcp4", "tcp6"}));
  }
  if (what < 11) return GenerateStreams(choices, "unix");
  if (what < 13) return GenerateStreams(choices, "unixpacket");
  if (what < 16) {
    return GenerateDatagrams(choices, choices.Of({"udp", "udp4", "udp6"}));
  }
  if (what < 17) return GenerateDatagrams(choices, "unixgram");
  if (what < 18) {
    return choices.OneIn(3) ? GenerateGroups(choices)
                            : GenerateUdpListen(choices);
  }
  return GenerateBindings(choices);
}

}  // namespace plumb
