// The Waiter of an operating system thread.
//
// Without a descriptor it waits on a futex. With one it waits in ppoll(2) on
// that and on an eventfd of its own, which is made at the thread's first such
// wait and closed when the thread ends. While the process is out of descriptors
// and none can be made, it waits in slices of 10 ms instead and looks around
// between them. There is no helper thread and no hop through one.
//
// A thread that waits once more while its thread_locals are destroyed leaves
// one Waiter behind for good.
#ifndef PLUMB_TRANSPORT_THREAD_WAITER_H_
#define PLUMB_TRANSPORT_THREAD_WAITER_H_

namespace plumb {

class Waiter;

// The calling thread's, made at the first call.
Waiter& ThreadWaiter();

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_THREAD_WAITER_H_
