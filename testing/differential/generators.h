// The kinds of scripts that generator.h makes up.
#ifndef PLUMB_TESTING_DIFFERENTIAL_GENERATORS_H_
#define PLUMB_TESTING_DIFFERENTIAL_GENERATORS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "testing/differential/choices.h"
#include "testing/differential/script.h"

namespace plumb {

// "tcp", "tcp4", "tcp6", "unix" or "unixpacket".
Script GenerateStreams(Choices& choices, const std::string& network);
// "udp", "udp4", "udp6" or "unixgram".
Script GenerateDatagrams(Choices& choices, const std::string& network);
// Listen("udp", ...): the Conns of one port, by their peers.
Script GenerateUdpListen(Choices& choices);
// Multicast and broadcast: who has joined a group, who hears what is for all.
Script GenerateGroups(Choices& choices);
// Who may bind what, beside whom; and who is reached there.
Script GenerateBindings(Choices& choices);

// `text` is a step.
void AppendStep(absl::string_view text, Script* script);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_GENERATORS_H_
