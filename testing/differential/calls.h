// The calls that the steps of a script make, in two parts each.
//
// Threads: that of the run, but for what SplitCall::run does.
#ifndef PLUMB_TESTING_DIFFERENTIAL_CALLS_H_
#define PLUMB_TESTING_DIFFERENTIAL_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "testing/differential/names.h"
#include "testing/differential/net.h"
#include "testing/differential/script.h"
#include "testing/differential/sockets.h"
#include "testing/differential/trace.h"
#include "transport/extensions.h"
#include "transport/options.h"

namespace plumb {

// SO_SNDBUF and SO_RCVBUF of streams.
constexpr int kFixedBuffer = 64 * 1024;

// The bytes of a stream from `offset` on.
std::string Pattern(uint64_t offset, size_t size);

// Not messages.
bool IsStream(absl::string_view network);

ListenOptions MakeListenOptions(const Step& step);

class Calls {
 public:
  Calls(Net& net, Names& names, Sockets& sockets)
      : net_(net), names_(names), sockets_(sockets) {}

  SplitCall Dial(const Step& step);
  SplitCall Accept(Socket& listener, const Slot& slot);
  SplitCall Read(Socket& socket, int64_t size);
  SplitCall Peek(Peeker& peeker, int64_t size);
  SplitCall Write(Socket& socket, int64_t size);
  SplitCall WaitReadable(Socket& socket);
  SplitCall ReadFrom(Socket& socket, int64_t size);
  SplitCall WriteTo(Socket& socket, const Step& step);

  // The slot stays empty.
  Outcome Fail(const Slot& slot, const absl::Status& status) {
    sockets_.Remove(slot);
    return Tell(status);
  }

 private:
  Outcome Tell(const absl::Status& status, const std::string& good = "") {
    return plumb::Tell(status, good, names_);
  }
  Outcome TellConn(const Conn& conn);

  Net& net_;
  Names& names_;
  Sockets& sockets_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_CALLS_H_
