// Backends for the conformance suites with a CaptureTransport around them.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURED_BACKEND_FOR_TEST_H_
#define PLUMB_TESTING_CAPTURE_CAPTURED_BACKEND_FOR_TEST_H_

#include <memory>

#include "absl/strings/str_cat.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
#include "testing/conformance/transport_backend.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {

// `backend` as `make` makes it.
inline TransportBackend Captured(TransportBackend backend,
                                 std::shared_ptr<Transport> (*make)(Clock&)) {
  backend.name = absl::StrCat("captured:", backend.network);
  backend.close_waits = true;
  backend.make = [make](Clock& clock) -> std::shared_ptr<Transport> {
    CaptureOptions options;
    options.clock = &clock;
    Capture capture(options);
    return std::make_shared<CaptureTransport>(make(clock), capture);
  };
  return backend;
}

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURED_BACKEND_FOR_TEST_H_
