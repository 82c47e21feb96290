// A capture as a sequence chart: hosts as columns, time downwards, one arrow a
// packet; one HTML page that needs nothing else.
//
//   ASSIGN_OR_RETURN(std::string page, MakeChart("x.pcapng", bytes));
//
// A column is a host of the capture. When both ends of a connection are on one
// host, who was dialled has a column of its own; addresses that are no host's
// have one each, with their name when there is one.
//
// Any bytes are safe: what a packet holds is shown as text and never becomes
// part of the page.
//
// A trace (trace.h) is drawn as the capture that it tells of.
//
// Errors: as ParsePcapng, and of a trace as PcapngOf; also DataLoss "x.pcapng:
// offset 96: ..." for a packet that is none of ours (pcapng.h, LinkType) or is
// cut in its headers.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_CAPTURE_CHART_H_
#define PLUMB_TESTING_CAPTURE_CHART_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

// `name` is the title, and in errors.
absl::StatusOr<std::string> MakeChart(absl::string_view name,
                                      absl::string_view bytes);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CHART_H_
