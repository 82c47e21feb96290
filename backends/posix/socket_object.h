// What Conns, Listeners and PacketConns on a socket have in common: the
// descriptor, the state of its calls, and the extensions that every socket has.
//
//   class StreamConn : public Conn, public SocketObject { ... };
//
// The most derived class calls CloseOnce in its destructor.
//
// Unstable: for backends; it may change with any release.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_POSIX_SOCKET_OBJECT_H_
#define PLUMB_BACKENDS_POSIX_SOCKET_OBJECT_H_

#include <atomic>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

class SocketObject : public BlockedProbe,
                     public NativeHandle,
                     public BufferControl {
 public:
  int BlockedCalls(Direction direction) const override;
  int Descriptor() const override;
  // UnsupportedError on unix sockets, where nothing looks at it.
  absl::Status SetReadBuffer(int bytes) override;
  absl::Status SetWriteBuffer(int bytes) override;

 protected:
  SocketObject(Clock& clock, plumb::Descriptor descriptor,
               std::shared_ptr<const CallNames> names);
  ~SocketObject() = default;

  CallState& state() { return state_; }
  Clock& clock() const { return state_.clock(); }
  const CallNames& names() const { return *state_.names(); }
  // Only of use to calls that are inside.
  int fd() const { return descriptor_.get(); }

  // SO_SNDBUF; 0 after Close.
  int SendBuffer() const;

  // The info of an error of `op`, with both ends.
  ErrorInfo Info(absl::string_view op) const;
  // The same of "set", with this end alone, as Go has it.
  ErrorInfo SetInfo() const;

  // Ends all calls and closes the descriptor; false when that was done before,
  // and is over now.
  bool CloseOnce();
  absl::Status CloseWithError();
  // Whether closing the descriptor may block its thread (SO_LINGER). Set
  // inside, as by Apply.
  void set_lingers(bool lingers) { lingers_.store(lingers); }
  absl::Status ChangeDeadline(Direction direction, absl::Time when);

  // Runs `change(fd)`, which does not wait, inside; its error becomes that of
  // `info`'s operation.
  absl::Status Apply(const ErrorInfo& info,
                     absl::FunctionRef<absl::Status(int fd)> change);

  // The extension of that name, of those that this class answers for.
  void* SocketExtension(absl::string_view name);

 private:
  // What has to happen between the last call and the closing of the descriptor,
  // once.
  virtual void BeforeClose() {}
  void CloseDescriptor();

  mutable CallState state_;
  plumb::Descriptor descriptor_;
  std::atomic<bool> lingers_{false};
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_SOCKET_OBJECT_H_
