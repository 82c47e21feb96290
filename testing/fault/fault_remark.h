// What rules did to a piece of a stream or to a datagram, as a remark for
// people, such as the comment of a capture.
//
// Threads: a function of its arguments.
#ifndef PLUMB_TESTING_FAULT_FAULT_REMARK_H_
#define PLUMB_TESTING_FAULT_FAULT_REMARK_H_

#include <string>

#include "testing/fault/fault_verdict.h"

namespace plumb {

// "rule 'far' delayed the next segment; rule 'rot' corrupted it", "the crash of
// db dropped the next datagram"; empty for what no rule touched. On a `stream`
// nothing is lost: what would be is held.
std::string FaultRemark(const FaultVerdict& verdict, bool stream);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_REMARK_H_
