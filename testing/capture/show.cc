// Draws a capture, or a trace, as a sequence chart; or writes a trace of it:
//
//   bazel run //testing/capture:show -- /tmp/test.pcapng
//   bazel run //testing/capture:show -- /tmp/test.trace /tmp/test.html
//   bazel run //testing/capture:show -- /tmp/test.pcapng /tmp/test.trace
//
// A trace is the text of trace.h. The page is written beside what it shows
// unless it is named, and its path is printed. Exits with 1 when a file cannot
// be read or written, 2 for wrong arguments.
#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "testing/capture/chart.h"
#include "testing/capture/file.h"
#include "testing/capture/trace.h"

namespace plumb {
namespace {

absl::Status Show(const std::string& from, const std::string& to) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(from);
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<std::string> shown = absl::EndsWith(to, ".trace")
                                                ? TraceOf(from, *bytes)
                                                : MakeChart(from, *bytes);
  if (!shown.ok()) return shown.status();
  return WriteWholeFile(to, *shown);
}

std::string PageOf(absl::string_view from) {
  if (!absl::ConsumeSuffix(&from, ".pcapng")) {
    absl::ConsumeSuffix(&from, ".trace");
  }
  return absl::StrCat(from, ".html");
}

int Main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: show CAPTURE.pcapng|TRACE [PAGE.html|NEW.trace]\n";
    return 2;
  }
  const std::string to = argc == 3 ? argv[2] : PageOf(argv[1]);
  const absl::Status status = Show(argv[1], to);
  if (!status.ok()) {
    std::cerr << "show: " << status.message() << "\n";
    return 1;
  }
  std::cout << to << "\n";
  return 0;
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) { return plumb::Main(argc, argv); }
