// The exact code and text of an error, where a test asks for many of them, and
// what the text says of a Conn.
#ifndef PLUMB_TESTING_EXPECT_ERROR_FOR_TEST_H_
#define PLUMB_TESTING_EXPECT_ERROR_FOR_TEST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/error.h"

namespace plumb {

inline void ExpectError(const absl::Status& status, absl::StatusCode code,
                        absl::string_view text) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(status.message(), text);
}

// And how far it got before.
inline void ExpectError(const absl::Status& status, absl::StatusCode code,
                        absl::string_view text, uint64_t bytes_done) {
  ExpectError(status, code, text);
  EXPECT_EQ(BytesDone(status), bytes_done);
}

// "L->R".
inline std::string EndsOf(const Conn& conn) {
  return absl::StrCat(conn.LocalAddr().ToString(), "->",
                      conn.RemoteAddr().ToString());
}

}  // namespace plumb

#endif  // PLUMB_TESTING_EXPECT_ERROR_FOR_TEST_H_
