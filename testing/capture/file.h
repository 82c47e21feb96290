// Whole files, with errors that name them.
//
// Threads: any.
#ifndef PLUMB_TESTING_CAPTURE_FILE_H_
#define PLUMB_TESTING_CAPTURE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

// Replaces the file; removes it when it cannot be written whole. Errors: by
// errno, "write /dev/full: no space left on device" (ResourceExhausted).
absl::Status WriteWholeFile(const std::string& path,
                            absl::string_view contents);

// Errors: by errno, "open /nowhere: no such file or directory" (NotFound).
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_FILE_H_
