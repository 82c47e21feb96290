// Whoever closes a file descriptor that was waited for says so first, so that a
// poller which remembers descriptors by number forgets this one.
//
// For those who write backends and schedulers. Descriptor (backends/posix) does
// it for every backend.
//
// Threads: any function at any time.
#ifndef PLUMB_TRANSPORT_DESCRIPTOR_CLOSING_H_
#define PLUMB_TRANSPORT_DESCRIPTOR_CLOSING_H_

namespace plumb {

// Called before close(2), when nobody waits for `descriptor` any more.
void DescriptorClosing(int descriptor);

// What DescriptorClosing calls from now on; nothing before the first call.
void SetDescriptorClosingHook(void (*hook)(int descriptor));

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_DESCRIPTOR_CLOSING_H_
