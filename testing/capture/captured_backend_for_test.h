// Backends for the conformance suites with a CaptureTransport around them.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURED_BACKEND_FOR_TEST_H_
#define PLUMB_TESTING_CAPTURE_CAPTURED_BACKEND_FOR_TEST_H_

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
#include "testing/conformance/transport_backend.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {

// Conns and Listeners outlive both the Capture and the CaptureTransport.
inline std::shared_ptr<Transport> Captured(std::shared_ptr<Transport> inner,
                                           Clock& clock) {
  CaptureOptions options;
  options.clock = &clock;
  Capture capture(options);
  return std::make_shared<CaptureTransport>(std::move(inner), capture);
}

// `backend` as `make` makes it.
inline TransportBackend Captured(TransportBackend backend,
                                 std::shared_ptr<Transport> (*make)(Clock&)) {
  backend.name = absl::StrCat("captured:", backend.network);
  backend.close_waits = true;
  backend.make = [make](Clock& clock) { return Captured(make(clock), clock); };
  return backend;
}

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURED_BACKEND_FOR_TEST_H_
