// A Descriptor owns a file descriptor from the line that makes it, so that no
// path of a function can lose one.
//
//   Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
//   if (!fd.is_open()) return SyscallError("socket", errno);
//
// Unstable: for backends, also those outside this tree (README.md); it may
// change with any release.
//
// Threads: one at a time.
#ifndef PLUMB_BACKENDS_POSIX_DESCRIPTOR_H_
#define PLUMB_BACKENDS_POSIX_DESCRIPTOR_H_

namespace plumb {

class Descriptor {
 public:
  // Owns nothing.
  Descriptor() = default;
  // Owns `fd`; a negative one is nothing.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { Close(); }

  bool is_open() const { return fd_ >= 0; }
  // Negative when it owns nothing.
  int get() const { return fd_; }

  // Gives the descriptor to the caller.
  int Release();
  // Closes it, if there is one. Keeps errno.
  void Close();

 private:
  int fd_ = -1;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_DESCRIPTOR_H_
