// Makes up scripts of streams (generator.h): what is known of each connection
// while the script is made, and what may be done with it.
#ifndef PLUMB_TESTING_DIFFERENTIAL_STREAM_GENERATOR_H_
#define PLUMB_TESTING_DIFFERENTIAL_STREAM_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "testing/differential/choices.h"
#include "testing/differential/generators.h"
#include "testing/differential/script.h"

namespace plumb {

class StreamGenerator {
 public:
  explicit StreamGenerator(Choices& choices) : choices_(choices) {}

  Script Streams(const std::string& network);

 private:
  // What is known of a connection while the script is made.
  struct Made {
    bool open = false;       // nobody has closed it
    bool filled = false;     // and not drained
    bool read_past = false;  // its read deadline
    bool stopped = false;    // it reads no more
    bool lingers = false;    // or resets, when it closes
    uint64_t written = 0;
    int peer = -1;
  };

  void Add(absl::string_view text) { AppendStep(text, &script_); }

  bool is_tcp() const { return absl::StartsWith(network_, "tcp"); }
  bool is_message() const { return network_ == "unixpacket"; }

  // Opening (generate_streams.cc).

  std::string ListenAddress(int listener);
  void OpenStreams();
  void Listen(int number);

  // Where L`number` can be dialled.
  std::string Target(int number);
  std::string From();

  // A dial and the accept of it.
  void Connect(int listener);

  // Whether it should be there to be accepted.
  bool Dial(int listener);
  void Accept(int listener);

  // A Dial that waits for room in the backlog, if that was set, and what ends
  // it. On tcp the kernel asks for room again after a second.
  void BeginDial(int listener);

  // An Accept that waits, and what ends it.
  void BeginAccept(int listener);
  void AcceptDeadline(int listener, bool past);

  // The next one of `listener` is accepted as `far`.
  void Pair(int listener, int far);
  std::optional<int> FreeConn();

  // One that there is, mostly an open one.
  std::optional<int> SomeConn();
  void StreamStep();
  void CloseListener(int listener);
  void Refused();
  // What is done with them (generate_stream_calls.cc).

  int Size();
  int RoomToRead();
  void Write(int conn);
  void ConnStep(int conn);

  // What only unix has.
  void Unix(int conn);
  void Read(int conn);
  void Peek(int conn);

  // The end of what is stuck comes when there is room.
  bool Unstick(int conn);
  void CloseWrite(int conn);
  void CloseRead(int conn);
  void Close(int conn);
  void Linger(int conn);
  void ConnDeadline(int conn);
  void Fill(int conn);
  void Drain(int conn);

  // A Read that waits, unless there is something, and what ends it.
  void Begin(int conn);
  // A Write of more bytes than fit, and what ends it; or of a message where
  // nothing fits.
  void BeginWrite(int conn);

  // What is left to be read tells what has gone wrong before.
  void Finish();

  Choices& choices_;
  std::string network_;
  Script script_;
  bool listeners_[Slot::kSlots] = {};
  std::string host_[Slot::kSlots];
  bool shut_[Slot::kSlots] = {};
  bool late_[Slot::kSlots] = {};  // its deadline has passed
  bool limited_[Slot::kSlots] = {};
  size_t fits_[Slot::kSlots] = {};  // of those that nobody has accepted
  std::vector<int> dialled_[Slot::kSlots];
  bool used_[Slot::kSlots] = {};
  Made conns_[Slot::kSlots];
  std::optional<int> focus_;  // of which the state has changed
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_STREAM_GENERATOR_H_
