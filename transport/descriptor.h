// A Descriptor owns a file descriptor of the operating system from the line
// that makes it, so that no path of a function can lose one.
//
//   plumb::Descriptor file(::open("log", O_WRONLY | O_CLOEXEC));
//   if (!file.is_open()) return ErrnoError(info, "open", errno);
//
// Threads: one at a time.
#ifndef PLUMB_TRANSPORT_DESCRIPTOR_H_
#define PLUMB_TRANSPORT_DESCRIPTOR_H_

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

#endif  // PLUMB_TRANSPORT_DESCRIPTOR_H_
