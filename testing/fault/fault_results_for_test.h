// What calls on which faults act have given, as texts to compare.
#ifndef PLUMB_TESTING_FAULT_FAULT_RESULTS_FOR_TEST_H_
#define PLUMB_TESTING_FAULT_FAULT_RESULTS_FOR_TEST_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "transport/conn.h"
#include "transport/error.h"

namespace plumb {

// The rule that made it.
inline std::string Injector(const absl::Status& status) {
  const auto info = GetErrorInfo(status);
  return info.has_value() ? info->injected_by : "no ErrorInfo";
}

// What one Read gives.
inline std::string ReadSome(Conn& conn, size_t size = 100) {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&bytes[0], size));
  if (!n.ok()) return std::string(n.status().message());
  bytes.resize(*n);
  return bytes;
}

inline absl::Status ReadError(Conn& conn) {
  char byte[1];
  return conn.Read(absl::MakeSpan(byte)).status();
}

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_RESULTS_FOR_TEST_H_
