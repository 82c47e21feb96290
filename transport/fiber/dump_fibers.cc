#include "transport/fiber/dump_fibers.h"

#include "transport/fiber/fiber_report.h"

namespace plumb {

std::string DumpFibers() { return FiberReport::DescribeAll(); }

}  // namespace plumb
