// Backends for the conformance suites on which nothing goes wrong although a
// FaultTransport is around them: without rules, and with rules that never fire,
// so that all is judged.
#ifndef PLUMB_TESTING_FAULT_FAULTY_BACKEND_FOR_TEST_H_
#define PLUMB_TESTING_FAULT_FAULTY_BACKEND_FOR_TEST_H_

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/conformance/transport_backend.h"
#include "testing/fault/fault_transport.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {

constexpr char kNoRules[] = "";
constexpr char kJudged[] = R"(
  rule { id: "never" active { from: "1000h" } partition {} }
)";

// `inner` with `plan`, one of the above.
inline std::shared_ptr<Transport> Faulty(std::shared_ptr<Transport> inner,
                                         const char* plan, Clock& clock) {
  return *MakeFaultTransport(std::move(inner), plan, FaultTransportOptions(),
                             clock);
}

// `backend` as `make` makes it, with `plan`.
inline TransportBackend Faulty(TransportBackend backend,
                               std::shared_ptr<Transport> (*make)(Clock&),
                               const char* plan) {
  backend.name =
      absl::StrCat(*plan == '\0' ? "faulty:" : "judged:", backend.network);
  backend.close_waits = true;
  backend.make = [make, plan](Clock& clock) {
    return Faulty(make(clock), plan, clock);
  };
  return backend;
}

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULTY_BACKEND_FOR_TEST_H_
