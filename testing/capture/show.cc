// Draws a capture as a sequence chart:
//
//   bazel run //testing/capture:show -- /tmp/test.pcapng
//   bazel run //testing/capture:show -- /tmp/test.pcapng /tmp/test.html
//
// The page is written beside the capture unless it is named, and its path is
// printed. Exits with 1 when a file cannot be read or written, 2 for wrong
// arguments.
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "testing/capture/chart.h"
#include "testing/capture/file.h"

namespace plumb {
namespace {

absl::Status Show(const std::string& capture, const std::string& page) {
  const absl::StatusOr<std::string> bytes = ReadWholeFile(capture);
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<std::string> chart = MakeChart(capture, *bytes);
  if (!chart.ok()) return chart.status();
  return WriteWholeFile(page, *chart);
}

int Main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: show CAPTURE.pcapng [PAGE.html]\n";
    return 2;
  }
  const std::string capture = argv[1];
  const std::string page =
      argc == 3 ? argv[2]
                : absl::StrCat(absl::StripSuffix(capture, ".pcapng"), ".html");
  const absl::Status status = Show(capture, page);
  if (!status.ok()) {
    std::cerr << "show: " << status.message() << "\n";
    return 1;
  }
  std::cout << page << "\n";
  return 0;
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) { return plumb::Main(argc, argv); }
