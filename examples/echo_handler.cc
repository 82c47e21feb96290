#include "examples/echo_handler.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/error.h"

namespace examples {

absl::Status Echo(plumb::Conn& conn, size_t buffer_size) {
  std::vector<char> buffer(buffer_size);
  while (true) {
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (plumb::IsEof(n.status())) return absl::OkStatus();
    if (!n.ok()) return n.status();
    const absl::Status written =
        conn.Write(absl::string_view(buffer.data(), *n));
    if (!written.ok()) return written;
  }
}

}  // namespace examples
