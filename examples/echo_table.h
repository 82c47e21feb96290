// How echo loads went, as a table on standard output.
#ifndef PLUMB_EXAMPLES_ECHO_TABLE_H_
#define PLUMB_EXAMPLES_ECHO_TABLE_H_

#include <atomic>
#include <cstdint>

#include "examples/echo_load.h"
#include "transport/event.h"

namespace examples {

void PrintHeader();
void PrintRow(const EchoLoad& load, const EchoReport& report);

// In the place of the row: shows on a terminal how far `done` has come, until
// `finished`.
void WatchProgress(const EchoLoad& load, const std::atomic<uint64_t>& done,
                   plumb::Event& finished);

}  // namespace examples

#endif  // PLUMB_EXAMPLES_ECHO_TABLE_H_
