#include "transport/stop_on_signal.h"

namespace plumb {

StopOnSignal::StopOnSignal(std::initializer_list<int> signals)
    : watch_("StopOnSignal", signals, SignalWatch::Which::kFirst,
             [source = source_]() mutable { source.Cancel(); }) {}

StopOnSignal::~StopOnSignal() = default;

}  // namespace plumb
