// A script: what some parties do with sockets, one step after the other. It is
// data, so that it can be made up, run anywhere, made smaller and printed, and
// a text, so that it can be read and written by hand:
//
//   listen L0 tcp A:1           L0 listens at address A, port 1 of the script
//   dial C0 tcp A:1 from=B:0    C0 is dialled from an address B
//   accept C1 L0                C1 is accepted
//   write C0 5                  five bytes
//   begin read C1 100           starts a read that may wait, until
//   end C1                      this step awaits it
//   close C1
//
// Slots are L (listeners), C (connections) and P (packet sockets) with a number
// below kSlots. A step whose slot is empty does nothing, and says so, on any
// network: every part of a script is a script.
//
// Addresses are names.h's. Verbs and what they take:
//
//   listen L network address [backlog= reuse_port= replace_stale=]
//   dial C network address [from=]     packet P network address [reuse_port=]
//   accept C L                         read C bytes     write C bytes
//   peek C bytes     as read, and takes nothing
//   readfrom P bytes                   writeto P address bytes
//   wait C           WaitReadable      fill C           writes until it blocks
//   drain C          reads all         closewrite C     closeread C
//   close SLOT                         linger C ms      -1 for none
//   deadline SLOT read|write|both past|none
//   credentials C                      handles C count  sends descriptors; -1:
//                                                       one that is not open
//   take C bytes     receives them     unlink address   removes a socket file
//   join P address   a group           leave P address
//   end SLOT         of a read, accept, write, wait, dial or close that began
//   still SLOT       whether that waits
//   pass ms          time passes; on the kernel it does by itself
//   lose SLOT        what is sent to C or L is lost     heal SLOT
//
// One call at a time waits in a slot. Nothing but its peer and its time ends a
// Close that lingers: it is to be begun, and what ends it to follow.
//
// tcp and unix streams have fixed buffers, unless `buffers=default` follows.
#ifndef PLUMB_TESTING_DIFFERENTIAL_SCRIPT_H_
#define PLUMB_TESTING_DIFFERENTIAL_SCRIPT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

// In the order of their names in script.cc.
enum class Verb : uint8_t {
  kListen,
  kDial,
  kPacket,
  kAccept,
  kRead,
  kWrite,
  kReadFrom,
  kWriteTo,
  kWait,
  kFill,
  kDrain,
  kCloseWrite,
  kCloseRead,
  kClose,
  kLinger,
  kDeadline,
  kCredentials,
  kHandles,
  kTake,
  kUnlink,
  kEnd,
  kJoin,
  kLeave,
  kStill,
  kPass,
  kLose,
  kHeal,
  kPeek,
};

struct Slot {
  static constexpr int kSlots = 10;

  char kind = 0;  // 'L', 'C', 'P'; 0 for none
  int number = 0;

  std::string ToString() const;
  friend bool operator==(const Slot& a, const Slot& b) {
    return a.kind == b.kind && a.number == b.number;
  }
  friend bool operator<(const Slot& a, const Slot& b) {
    return a.kind != b.kind ? a.kind < b.kind : a.number < b.number;
  }
};

struct Step {
  Verb verb = Verb::kEnd;
  Slot slot;
  Slot listener;        // of accept
  std::string network;  // of what opens
  std::string address;
  int64_t number = 0;     // bytes, milliseconds, a count
  std::string direction;  // of deadline
  bool past = false;      // of deadline
  bool begin = false;
  std::map<std::string, std::string> options;
};

using Script = std::vector<Step>;

const char* VerbName(Verb verb);
std::string FormatStep(const Step& step);
// One step a line.
std::string FormatScript(const Script& script);

// Empty lines, and what follows a '#', are nothing. Errors: InvalidArgument
// with the line.
absl::StatusOr<Script> ParseScript(absl::string_view text);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_SCRIPT_H_
