#include "transport/descriptor.h"

#include <unistd.h>

#include <cerrno>

#include "transport/descriptor_closing.h"

namespace plumb {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = other.Release();
  }
  return *this;
}

int Descriptor::Release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void Descriptor::Close() {
  if (!is_open()) return;
  const int saved_errno = errno;
  DescriptorClosing(fd_);
  // Never again on EINTR: Linux has freed the number by then, and it may be
  // another thread's already.
  close(Release());
  errno = saved_errno;
}

}  // namespace plumb
