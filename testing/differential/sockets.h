// The sockets of a script, by slot, and what the run knows of them.
//
// Threads: that of the run.
#ifndef PLUMB_TESTING_DIFFERENTIAL_SOCKETS_H_
#define PLUMB_TESTING_DIFFERENTIAL_SOCKETS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/differential/net.h"
#include "testing/differential/script.h"
#include "testing/differential/trace.h"
#include "testing/differential/waiting_call.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"

namespace plumb {

// A call in two parts: what may wait, on any thread, and then telling of it.
struct SplitCall {
  std::function<void()> run;
  std::function<Outcome()> tell;
  Direction direction = Direction::kRead;
  bool at_once = false;  // it never waits
};

struct Socket {
  // One of these, or none of a Dial that has begun.
  std::unique_ptr<Conn> conn;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<PacketConn> packets;

  bool closed = false;
  bool dialled = false;
  bool peer_ended = false;  // the peer has written its last
  bool filled = false;      // more was written than is told
  bool stopped_read = false;
  bool deaf = false;       // what is sent to it is lost
  bool read_past = false;  // a deadline has passed
  bool write_past = false;
  Socket* peer = nullptr;  // when both ends are here
  uint64_t written = 0;    // bytes
  uint64_t received = 0;
  uint64_t messages = 0;  // written
  uint64_t begun = 0;     // bytes of a Write that waits

  SplitCall pending;
  std::unique_ptr<WaitingCall> waiting;

  bool is_open() const {
    return !closed &&
           (conn != nullptr || listener != nullptr || packets != nullptr);
  }
  bool past(Direction direction) const {
    return direction == Direction::kRead ? read_past : write_past;
  }
  void* Extension(absl::string_view name);
  // How many calls wait.
  int Blocked(Direction direction);
  absl::Status SetDeadline(Direction direction, absl::Time when);
  absl::Status Close();  // once `closed` says so
  // Bound to, or listening at; no value of none.
  Addr LocalAddr() const;
};

class Sockets {
 public:
  // Null for an empty slot.
  Socket* Find(const Slot& slot);
  // A new one in the place of what was there.
  Socket& Make(const Slot& slot);
  void Remove(const Slot& slot);

  // `far` was accepted: finds who has dialled it.
  void Pair(Socket& far, const Addr& listener);
  // `near` writes nothing more.
  void NoteEnd(Socket& near);
  // Nobody accepts what was dialled to there any more.
  void NoteListenerEnd(Socket& listener);

  std::vector<OpenConn> OpenConns();
  // Whether a call has begun.
  bool AnyBegun() const;

 private:
  std::map<Slot, std::unique_ptr<Socket>> sockets_;
  std::vector<Socket*> dialled_;  // in order, and not accepted yet
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_SOCKETS_H_
