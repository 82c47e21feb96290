// The descriptors that are on their way in one direction of a stream in memory,
// each with its place among the bytes. Positions count what went through the
// queue of bytes.
//
// As on a unix stream of Linux a Read gets them with the first byte that they
// go along with, and ends with the last one.
//
// Threads: none of its own; its owner's mutex guards it. Descriptors are closed
// when what has them is destroyed, which may take time and is not to be done
// under a lock.
#ifndef PLUMB_TRANSPORT_HANDLE_MARKS_H_
#define PLUMB_TRANSPORT_HANDLE_MARKS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "transport/descriptor.h"

namespace plumb {

class HandleMarks {
 public:
  bool empty() const { return marks_.empty(); }

  // `handles` go along with `size` bytes, before which there are `ahead` that
  // have not been taken.
  void Add(size_t ahead, size_t size, std::vector<Descriptor> handles);

  // How many of `size` bytes one Read may take.
  size_t Limit(size_t size) const;
  // That many were taken; the handles that came along.
  std::vector<Descriptor> Take(size_t size);
  // The last `size` bytes that were taken are there again.
  void PutBack(size_t size) { taken_ -= static_cast<int64_t>(size); }

  // The handles that are not among the next `size` bytes: these never come.
  std::vector<Descriptor> CutAfter(size_t size);

 private:
  struct Mark {
    int64_t begin;
    int64_t end;
    std::vector<Descriptor> handles;
  };

  int64_t taken_ = 0;
  std::deque<Mark> marks_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_HANDLE_MARKS_H_
