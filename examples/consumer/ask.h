// A question and an answer, each of one line, over a connection of their own.
#ifndef CONSUMER_ASK_H_
#define CONSUMER_ASK_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/transport.h"

// Gives up after 5 seconds.
absl::StatusOr<std::string> Ask(plumb::Transport& transport,
                                absl::string_view address,
                                absl::string_view question);

#endif  // CONSUMER_ASK_H_
