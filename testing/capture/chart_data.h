// What a chart shows, as JSON for chart.js:
//
//   {"title": "x.pcapng", "comment": "", "start": "2020-09-13T12:26:40.0Z",
//    "columns": ["web", "db"],
//    "conversations": ["tcp 10.0.0.1:32768 - 10.0.0.2:80"],
//    "packets": [{"t": 0, "a": 0, "b": 1, "v": 0, "p": "tcp", "k": "SYN",
//                 "c": "open", "f": "10.0.0.1:32768", "g": "10.0.0.2:80",
//                 "n": 0, "i": "Seq=0", "d": "", "m": "held 2 s"}]}
//
// t is nanoseconds since the first packet, a and b columns, v a conversation or
// -1, c one of open, data, ack, end, reset, datagram and note, n the size of
// the data, d its beginning in base64, m the comment. Columns that are -1 are
// none.
#ifndef PLUMB_TESTING_CAPTURE_CHART_DATA_H_
#define PLUMB_TESTING_CAPTURE_CHART_DATA_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testing/capture/pcapng_reader.h"

namespace plumb {

// "<" is escaped, so that it can stand in a script element. Errors: see
// chart.h.
absl::StatusOr<std::string> ChartData(absl::string_view name,
                                      const PcapngFile& file);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CHART_DATA_H_
