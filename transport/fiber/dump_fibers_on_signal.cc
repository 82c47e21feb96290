#include "transport/fiber/dump_fibers_on_signal.h"

#include <cstdio>
#include <utility>

#include "transport/fiber/dump_fibers.h"

namespace plumb {

DumpFibersOnSignal::DumpFibersOnSignal(int signal)
    : DumpFibersOnSignal(signal, [](const std::string& text) {
        std::fputs(text.c_str(), stderr);
      }) {}

DumpFibersOnSignal::DumpFibersOnSignal(
    int signal, absl::AnyInvocable<void(const std::string&)> write)
    : watch_("DumpFibersOnSignal", {signal}, SignalWatch::Which::kEach,
             [write = std::move(write)]() mutable { write(DumpFibers()); }) {}

DumpFibersOnSignal::~DumpFibersOnSignal() = default;

}  // namespace plumb
