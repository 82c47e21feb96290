#include "testing/differential/world.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "testing/differential/call_runner.h"
#include "testing/differential/calls.h"
#include "testing/differential/handle_calls.h"
#include "testing/differential/sockets.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"
#include "transport/ip_addr.h"
#include "transport/multicast.h"

namespace plumb {
namespace {

constexpr size_t kPiece = 256 * 1024;  // of what fills a stream
constexpr size_t kMessage = 1000;      // the same of messages

class World {
 public:
  World(Net& net, const Trace* expected)
      : net_(net),
        expected_(expected),
        names_(net.MakePlace(), [this](absl::string_view slot, bool peer) {
          Socket* const socket = sockets_.Find({slot[0], slot[1] - '0'});
          if (socket == nullptr) return Addr();
          if (peer) {
            return socket->conn == nullptr ? Addr()
                                           : socket->conn->RemoteAddr();
          }
          return socket->LocalAddr();
        }) {}

  // Until it is different from `other`, unless that is null.
  Trace Run(const Script& script, const Trace* other) {
    for (const Step& step : script) {
      net_.Settle(sockets_.OpenConns());
      const std::string state = StateBefore(step);
      Outcome outcome = Do(step);
      outcome.state = state;
      trace_.push_back(std::move(outcome));
      if (other == nullptr) continue;
      if (trace_.back().text != (*other)[trace_.size() - 1].text) break;
    }
    return std::move(trace_);
  }

 private:
  // Of the step that is being done.
  bool Expects(bool Outcome::*what) const {
    return expected_ != nullptr && trace_.size() < expected_->size() &&
           (*expected_)[trace_.size()].*what;
  }
  bool hopes() const {
    return expected_ != nullptr && !Expects(&Outcome::blocked);
  }

  std::string StateBefore(const Step& step) {
    Socket* const socket = sockets_.Find(step.slot);
    if (socket == nullptr || socket->conn == nullptr) return "";
    const absl::string_view network = socket->conn->LocalAddr().network();
    if (network != "tcp") return "";
    return socket->closed ? "gone" : net_.StateOf(*socket->conn);
  }

  static Outcome Say(std::string text) {
    return {std::move(text), 0, false, ""};
  }

  Outcome Do(const Step& step) {
    switch (step.verb) {
      case Verb::kListen:
        return Listen(step);
      case Verb::kPacket:
        return ListenPacket(step);
      case Verb::kDial:
        if (!IsThere(step.address)) return Say("nobody there");
        return Dial(step);
      case Verb::kUnlink:
        return plumb::Tell(net_.RemovePath(names_.Resolve(step.address)), "",
                           names_);
      case Verb::kPass:
        net_.Pass(absl::Milliseconds(step.number), sockets_.AnyBegun());
        return Say("ok");
      default:
        break;
    }
    Socket* const socket = step.verb == Verb::kAccept
                               ? sockets_.Find(step.listener)
                               : sockets_.Find(step.slot);
    if (socket == nullptr) return Say("nothing there");
    if (step.verb == Verb::kEnd || step.verb == Verb::kStill) {
      return socket->waiting == nullptr ? Say("nothing began")
                                        : FinishOrLook(*socket, step);
    }
    if (socket->LocalAddr() == Addr() && socket->conn == nullptr) {
      return Say("not open yet");
    }
    if (!IsThere(step.address)) return Say("nobody there");
    if (socket->waiting != nullptr && (step.begin || !CanRunBeside(step))) {
      return Say("busy");
    }
    return DoOn(*socket, step);
  }

  Outcome FinishOrLook(Socket& socket, const Step& step) {
    if (step.verb == Verb::kEnd) {
      // A Dial that fails leaves no socket.
      const bool filled = socket.filled;
      const Outcome outcome = runner_.Finish(socket, hopes());
      return filled ? WithoutBytes(outcome) : outcome;
    }
    return Say(runner_.Waits(socket) ? "waits" : "done");
  }

  // Not an address of an empty slot.
  bool IsThere(absl::string_view address) const {
    return names_.Resolve(address) != Addr().ToString();
  }

  // While a call waits in the slot.
  static bool CanRunBeside(const Step& step) {
    return step.verb == Verb::kClose || step.verb == Verb::kDeadline ||
           step.verb == Verb::kCloseRead || step.verb == Verb::kCloseWrite ||
           step.verb == Verb::kLose || step.verb == Verb::kHeal;
  }

  Outcome DoOn(Socket& socket, const Step& step) {
    switch (step.verb) {
      case Verb::kAccept:
        return socket.listener == nullptr
                   ? Say("no listener")
                   : StartOrDo(socket, step, calls_.Accept(socket, step.slot));
      case Verb::kClose:
        return StartOrDo(socket, step, Close(socket));
      case Verb::kLose:
      case Verb::kHeal:
        return SetLoss(socket, step.verb == Verb::kLose);
      case Verb::kDeadline:
        return SetDeadline(socket, step);
      case Verb::kReadFrom:
        return socket.packets == nullptr
                   ? Say("no packets")
                   : StartOrDo(socket, step,
                               calls_.ReadFrom(socket, step.number));
      case Verb::kJoin:
      case Verb::kLeave:
        return With<MulticastControl>(socket, [&](MulticastControl& multicast) {
          return ChangeGroup(multicast, step);
        });
      case Verb::kWriteTo:
        return socket.packets == nullptr
                   ? Say("no packets")
                   : StartOrDo(socket, step, calls_.WriteTo(socket, step));
      default:
        return socket.conn == nullptr ? Say("no connection")
                                      : DoOnConn(socket, step);
    }
  }

  Outcome DoOnConn(Socket& socket, const Step& step) {
    switch (step.verb) {
      case Verb::kRead:
        return StartOrDo(socket, step, calls_.Read(socket, step.number));
      case Verb::kPeek:
        return With<Peeker>(socket, [&](Peeker& peeker) {
          return StartOrDo(socket, step, calls_.Peek(peeker, step.number));
        });
      case Verb::kWrite:
        // One that ends at once sends nothing.
        if (step.begin && socket.is_open() && !socket.write_past) {
          socket.begun = static_cast<uint64_t>(step.number);
          // How much of it goes before it waits is not the same twice.
          socket.filled = socket.filled || socket.begun > kFixedBuffer;
        }
        return StartOrDo(socket, step, calls_.Write(socket, step.number));
      case Verb::kWait:
        return StartOrDo(socket, step, calls_.WaitReadable(socket));
      case Verb::kFill:
        return Fill(socket);
      case Verb::kDrain:
        return Drain(socket);
      case Verb::kCloseWrite:
        sockets_.NoteEnd(socket);
        return Tell(socket.conn->CloseWrite());
      case Verb::kCloseRead:
        socket.stopped_read = true;
        return With<ReadCloser>(socket, [&](ReadCloser& closer) {
          return Tell(closer.CloseRead());
        });
      case Verb::kLinger:
        return With<TcpControl>(socket, [&](TcpControl& tcp) {
          return Tell(tcp.SetLinger(absl::Milliseconds(step.number)));
        });
      case Verb::kCredentials:
        return With<PeerCredentials>(
            socket, [&](PeerCredentials& peer) { return TellPeer(peer); });
      case Verb::kHandles:
        return With<HandlePassing>(socket, [&](HandlePassing& passing) {
          return StartOrDo(socket, step,
                           SendHandles(socket, passing, step.number, names_));
        });
      default:
        return With<HandlePassing>(socket, [&](HandlePassing& passing) {
          return StartOrDo(socket, step,
                           TakeHandles(socket, passing, step.number, names_));
        });
    }
  }

  Outcome Tell(const absl::Status& status, const std::string& good = "") {
    return plumb::Tell(status, good, names_);
  }

  template <typename T, typename Function>
  Outcome With(Socket& socket, Function function) {
    T* const extension = Extension<T>(socket);
    return extension == nullptr ? Say("no such extension")
                                : function(*extension);
  }

  // Opening.

  Outcome StartOrDo(Socket& socket, const Step& step, SplitCall call) {
    if (!step.begin) return runner_.Do(socket, call, hopes());
    runner_.Start(socket, std::move(call));
    return Say("begun");
  }

  Outcome Dial(const Step& step) {
    // The address may be that of the slot itself.
    SplitCall call = calls_.Dial(step);
    return StartOrDo(sockets_.Make(step.slot), step, std::move(call));
  }

  Outcome Listen(const Step& step) {
    Socket& socket = sockets_.Make(step.slot);
    auto listener = net_.transport().Listen(
        step.network, names_.Resolve(step.address), MakeListenOptions(step));
    if (!listener.ok()) return calls_.Fail(step.slot, listener.status());
    socket.listener = *std::move(listener);
    return Tell(absl::OkStatus(), names_.Tell(socket.listener->Address()));
  }

  Outcome ListenPacket(const Step& step) {
    Socket& socket = sockets_.Make(step.slot);
    auto packets = net_.transport().ListenPacket(
        step.network, names_.Resolve(step.address), MakeListenOptions(step));
    if (!packets.ok()) return calls_.Fail(step.slot, packets.status());
    socket.packets = *std::move(packets);
    return Tell(absl::OkStatus(), names_.Tell(socket.packets->LocalAddr()));
  }

  // Writes until it has to wait.
  Outcome Fill(Socket& socket) {
    Conn& conn = *socket.conn;
    const bool stream = IsStream(conn.LocalAddr().network());
    absl::Status status;
    uint64_t gone = 0;
    SplitCall write;
    write.direction = Direction::kWrite;
    write.run = [&] {
      const size_t size = stream ? kPiece : kMessage;
      while (status.ok()) {
        status = conn.Write(Pattern(stream ? socket.written + gone : 0, size));
        gone += status.ok() ? size : BytesDone(status);
      }
    };
    write.tell = [&] { return Tell(status); };
    const Outcome outcome = runner_.Watch(socket, write, false);
    socket.filled = true;
    socket.written += gone;
    if (!outcome.blocked) return WithoutBytes(outcome);
    Outcome full = Say("full");
    full.blocked = true;
    return full;
  }

  // How many had gone is not the same twice.
  static Outcome WithoutBytes(Outcome outcome) {
    const size_t end = outcome.text.find(" bytes from ");
    if (end == std::string::npos) return outcome;
    const size_t begin = outcome.text.rfind(' ', end - 1);
    outcome.text.erase(begin, end + 6 - begin);
    return outcome;
  }

  // Reads until it has to wait, or to the end. What fitted is not the same on
  // all nets, so that of a filled one it tells only whether that came.
  Outcome Drain(Socket& socket) {
    Socket* const peer = socket.peer;
    const bool stream = IsStream(socket.conn->LocalAddr().network());
    const bool told = peer == nullptr || !peer->filled;
    const uint64_t start = socket.received;
    const uint64_t begun = peer == nullptr ? 0 : peer->begun;
    const uint64_t sent = peer == nullptr ? 0 : peer->written + begun;
    std::string data;
    Outcome outcome;
    do {
      const bool more = stream && socket.received < sent;
      outcome = runner_.Do(socket, calls_.Read(socket, kFixedBuffer), more);
      if (told && !stream) absl::StrAppend(&data, outcome.text, "; ");
    } while (absl::StartsWith(outcome.text, "ok"));
    if (told) absl::StrAppend(&data, socket.received - start, " bytes, ");
    // A message that waits for room may still be under way.
    const bool all = peer != nullptr && !socket.stopped_read &&
                     socket.received == sent && (stream || begun == 0);
    if (all) {
      peer->filled = false;
      peer->written = 0;
      socket.received = begun;  // which is yet to be counted as written
    }
    if (stream && !socket.stopped_read) data += all ? "all, " : "in part, ";
    outcome.text = absl::StrCat(data, "then ", outcome.text);
    return outcome;
  }

  // The rest.

  SplitCall Close(Socket& socket) {
    if (!socket.closed && socket.conn != nullptr) sockets_.NoteEnd(socket);
    if (!socket.closed && socket.listener != nullptr) {
      sockets_.NoteListenerEnd(socket);
    }
    socket.closed = true;
    auto result = std::make_shared<absl::Status>();
    SplitCall call;
    call.at_once = true;
    call.run = [result, &socket] { *result = socket.Close(); };
    call.tell = [this, result] { return Tell(*result); };
    return call;
  }

  Outcome SetLoss(Socket& socket, bool lost) {
    socket.deaf = lost;
    if (socket.listener != nullptr) net_.SetLoss(*socket.listener, lost);
    if (socket.conn != nullptr) net_.SetLoss(*socket.conn, lost);
    return Say("ok");
  }

  Outcome SetDeadline(Socket& socket, const Step& step) {
    const Direction direction = step.direction == "both"   ? Direction::kBoth
                                : step.direction == "read" ? Direction::kRead
                                                           : Direction::kWrite;
    const bool ok_before = !socket.closed;
    if (ok_before && direction != Direction::kWrite) {
      socket.read_past = step.past;
    }
    if (ok_before && direction != Direction::kRead) {
      socket.write_past = step.past;
    }
    return Tell(socket.SetDeadline(
        direction, step.past ? absl::Time() : absl::InfiniteFuture()));
  }

  Outcome TellPeer(PeerCredentials& peer) {
    const absl::StatusOr<Credentials> who = peer.GetPeerCredentials();
    if (!who.ok()) return Tell(who.status());
    return Tell(absl::OkStatus(),
                absl::StrCat(who->pid, " ", who->uid, " ", who->gid));
  }

  Outcome ChangeGroup(MulticastControl& multicast, const Step& step) {
    const absl::StatusOr<IpAddr> group =
        IpAddr::Parse(names_.Resolve(step.address));
    if (!group.ok()) return Say("no group");
    return Tell(step.verb == Verb::kJoin ? multicast.JoinGroup(*group, "lo")
                                         : multicast.LeaveGroup(*group, "lo"));
  }

  Net& net_;
  const Trace* const expected_;
  Trace trace_;
  Sockets sockets_;
  Names names_;
  Calls calls_{net_, names_, sockets_};
  CallRunner runner_{net_};
};

}  // namespace

Trace RunScript(Net& net, const Script& script, const Trace* expected) {
  return World(net, expected).Run(script, nullptr);
}

Trace RunUntilDifferent(Net& net, const Script& script, const Trace& other) {
  return World(net, nullptr).Run(script, &other);
}

}  // namespace plumb
