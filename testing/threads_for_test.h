// Lets a test have no more threads.
#ifndef PLUMB_TESTING_THREADS_FOR_TEST_H_
#define PLUMB_TESTING_THREADS_FOR_TEST_H_

namespace plumb {

// After `started` more threads of this process, `failing` ones fail to start
// with EAGAIN; then they start again.
void FailThreadsAfter(int started, int failing);

}  // namespace plumb

#endif  // PLUMB_TESTING_THREADS_FOR_TEST_H_
