// Pipe makes two connected Conns in memory.
//
//   auto [near, far] = plumb::Pipe();
//   std::thread server([conn = std::move(far)] { Serve(*conn); });
//   RETURN_IF_ERROR(near->Write("ping\n"));
//
// Each direction holds PipeOptions::buffer bytes, so that both ends may write
// first. With a buffer of 0 it is Go's net.Pipe: a Write returns when the
// peer's Reads have taken all of it.
//
// Errors are the ordinary ones of error.h, without addresses: "read pipe: i/o
// timeout". When the peer has closed, Read gives what is left and then the end
// of the stream, and Write is `write pipe: write: broken pipe` (IsBrokenPipe).
//
// Extensions: ReadCloser, BlockedProbe. After CloseRead the peer's Writes are
// broken pipes.
//
// Threads: as for every Conn. The ends may be used on different threads and
// fibers, and outlive each other.
#ifndef PLUMB_TRANSPORT_PIPE_H_
#define PLUMB_TRANSPORT_PIPE_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "transport/clock.h"
#include "transport/conn.h"

namespace plumb {

struct PipeOptions {
  // How many bytes each direction holds; 0 is a rendezvous.
  size_t buffer = 64 * 1024;
  // What deadlines are measured on; outlives both ends.
  Clock* clock = &Clock::Real();
};

std::pair<std::unique_ptr<Conn>, std::unique_ptr<Conn>> Pipe(
    PipeOptions options = PipeOptions());

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_PIPE_H_
