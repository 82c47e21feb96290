// The conformance suite of Conn, for tests of backends: what a backend says of
// itself (conn_backend.h) and the macro that runs the suite on it.
#ifndef PLUMB_TESTING_CONFORMANCE_CONN_H_
#define PLUMB_TESTING_CONFORMANCE_CONN_H_

#include "testing/conformance/conn_backend.h"  // IWYU pragma: export
#include "testing/conformance/conn_fixture.h"  // IWYU pragma: export

#endif  // PLUMB_TESTING_CONFORMANCE_CONN_H_
