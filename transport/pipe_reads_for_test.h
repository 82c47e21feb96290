// How the tests of Pipe read.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_PIPE_READS_FOR_TEST_H_
#define PLUMB_TRANSPORT_PIPE_READS_FOR_TEST_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/error.h"

namespace plumb {

// What one Read gives, which may be the text of its error.
inline std::string ReadSome(Conn& conn, size_t size) {
  std::string buffer(size, '\0');
  absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&buffer[0], size));
  if (!n.ok()) return std::string(n.status().message());
  buffer.resize(*n);
  return buffer;
}

// Everything up to the end of the stream.
inline std::string ReadAll(Conn& conn) {
  std::string all;
  char buffer[1000];
  for (;;) {
    absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (!n.ok()) {
      EXPECT_TRUE(IsEof(n.status())) << n.status();
      return all;
    }
    all.append(buffer, *n);
  }
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_PIPE_READS_FOR_TEST_H_
