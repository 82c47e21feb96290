// A capture as text, one line a packet, for logs and bug reports; `show` draws
// it, and it can be written by hand:
//
//   plumb trace 1
//   1600000000 web out 10.0.0.2:9 > 10.0.0.1:80 tcp SYN
//   1600000000.02 web out 10.0.0.2:9 > 10.0.0.1:80 tcp ACK 'GET /' # late
//   1600000000.03 web out @00001 > /run/x.sock unix/2 data 'hi'
//
// The first line is that one. Then a line has, with a space between them:
// - the time in seconds since 1970, with up to nine decimals
// - the host that saw the packet, and "in", "out" or "-"
// - the two ends, with ">" between them
// - the protocol; of unix streams with the number of the conversation
// - what kind it is: tcp's flags, "datagram" of udp, "protocol 1" of ip, or
//   "open", "data", "end", "reset", "datagram" and "note" as in user_packet.h;
//   of tcp also the numbers, "seq=8 ack=10", if they are told
// - the data in quotes, and behind a "#" the comment, if there are such
//
// Hosts, ends, data and comments are escaped as in C, in hosts and ends also
// spaces; "-" is an empty one. Empty lines, and those that begin with "#", are
// nothing.
//
// It does not keep what interfaces and addresses are called, nor what the file
// says of itself; of tcp the window, which is 65535 when it is read back, and
// options; of unix streams which direction a packet goes in, and at which
// offset.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_CAPTURE_TRACE_H_
#define PLUMB_TESTING_CAPTURE_TRACE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

// Whether it begins as one.
bool IsTrace(absl::string_view bytes);

// Of a capture, or of a trace, which is written out in full. `name` is for
// errors: as ParsePcapng and PcapngOf; DataLoss for a packet that is none of
// ours.
absl::StatusOr<std::string> TraceOf(absl::string_view name,
                                    absl::string_view bytes);

// A pcapng file of the same packets. Errors: InvalidArgument
// "x.trace: line 3: no protocol: ...".
absl::StatusOr<std::string> PcapngOf(absl::string_view name,
                                     absl::string_view trace);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_TRACE_H_
