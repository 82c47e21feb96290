// Runs the conformance suite of Conn on a backend, which a test names with what
// it can do:
//
//   plumb::ConnBackend Quic() {
//     plumb::ConnBackend backend;
//     backend.name = "quic";
//     backend.network = "quic";
//     backend.make_pair = [](plumb::Clock& clock) { return ...; };
//     backend.abilities.half_close = plumb::HalfClose::kNone;
//     return backend;
//   }
//   PLUMB_INSTANTIATE_CONN_CONFORMANCE(Quic, Quic());
//
// What a backend cannot do is not left out: the suite then asserts the error or
// the behaviour that conn.h documents for it.
#ifndef PLUMB_TESTING_CONFORMANCE_CONN_BACKEND_H_
#define PLUMB_TESTING_CONFORMANCE_CONN_BACKEND_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "testing/conformance/variant.h"
#include "transport/clock.h"
#include "transport/conn.h"

namespace plumb {

// What CloseWrite does.
enum class HalfClose {
  kNone,   // nothing: Unimplemented
  kLocal,  // ends the caller's Writes and tells the peer nothing
  kFull,   // the peer reads the end of the stream
};

// What becomes of Writes when the peer has closed.
enum class WriteToGone {
  kFails,    // at the latest after a few they are a broken pipe or a reset
  kRefused,  // there is nobody, which this or a later call tells
  kLost,     // nobody can tell
};

struct ConnAbilities {
  // Each Write is a message that one Read takes; MessageTraits tells.
  bool messages = false;
  // A message without bytes is told from the end of the stream.
  bool empty_messages = false;
  // The peer reads the end of the stream after a Close.
  bool end_of_stream = true;
  HalfClose half_close = HalfClose::kFull;
  // It answers for ReadCloser.
  bool close_read = true;
  // It answers for Peeker.
  bool peek = false;
  // Both ends answer for HandlePassing.
  bool handles = false;
  // A Close with unread data resets the connection.
  bool reset_on_unread = true;
  // What had come before a reset can be read before it is told.
  bool data_before_reset = true;
  WriteToGone write_to_gone = WriteToGone::kFails;
  // A Write waits when the peer does not read.
  bool backpressure = true;
  // Nothing is lost, however much is under way.
  bool reliable = true;
  // It is a decorator: Close waits until all calls have left it.
  bool close_waits = false;
  // One pair does not hear what another says.
  bool isolated = true;
  // Both ends are named in errors, and each end knows the other's name.
  bool addresses = true;
  // More than what can be under way in one direction, in bytes.
  size_t more_than_fits = size_t{4} << 20;
};

// Two connected ends. Cases act on `near`; `far` is the peer.
struct ConnPair {
  std::unique_ptr<Conn> near;
  std::unique_ptr<Conn> far;
};

struct ConnBackend {
  std::string name;     // in the tables
  std::string network;  // as errors name it
  // Makes a new pair whose deadlines are on `clock`, which outlives it. Called
  // on threads and on tasks; it must not wait for anything else than calls of
  // the library.
  std::function<absl::StatusOr<ConnPair>(Clock& clock)> make_pair;
  // Sends what a Read of the peer stops at although more follows, such as
  // urgent data; returns what of it the peer reads. Null where there is no such
  // thing.
  std::function<absl::StatusOr<std::string>(Conn& conn)> write_mark;
  ConnAbilities abilities;
};

// For the macro.
struct ConnParam {
  std::shared_ptr<const ConnBackend> backend;
  Variant variant;
};
std::ostream& operator<<(std::ostream& out, const ConnParam& param);
std::vector<ConnParam> ConnParams(ConnBackend backend);
std::string ConnParamName(const ::testing::TestParamInfo<ConnParam>& info);

}  // namespace plumb

// `Name` is a part of the tests' names, `backend` an expression.
#define PLUMB_INSTANTIATE_CONN_CONFORMANCE(Name, backend)                     \
  using ::plumb::ConnConformance;                                             \
  INSTANTIATE_TEST_SUITE_P(Name, ConnConformance,                             \
                           ::testing::ValuesIn(::plumb::ConnParams(backend)), \
                           ::plumb::ConnParamName)

#endif  // PLUMB_TESTING_CONFORMANCE_CONN_BACKEND_H_
