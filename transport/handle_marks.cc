#include "transport/handle_marks.h"

#include <algorithm>
#include <utility>

namespace plumb {

void HandleMarks::Add(size_t ahead, size_t size,
                      std::vector<Descriptor> handles) {
  const int64_t begin = taken_ + static_cast<int64_t>(ahead);
  marks_.push_back(
      {begin, begin + static_cast<int64_t>(size), std::move(handles)});
}

size_t HandleMarks::Limit(size_t size) const {
  if (marks_.empty()) return size;
  return std::min(size, static_cast<size_t>(marks_.front().end - taken_));
}

std::vector<Descriptor> HandleMarks::Take(size_t size) {
  taken_ += static_cast<int64_t>(size);
  std::vector<Descriptor> handles;
  if (!marks_.empty() && marks_.front().begin < taken_) {
    handles = std::move(marks_.front().handles);
    marks_.pop_front();
  }
  return handles;
}

std::vector<Descriptor> HandleMarks::CutAfter(size_t size) {
  const int64_t end = taken_ + static_cast<int64_t>(size);
  std::vector<Descriptor> cut;
  while (!marks_.empty() && marks_.back().begin >= end) {
    for (Descriptor& handle : marks_.back().handles) {
      cut.push_back(std::move(handle));
    }
    marks_.pop_back();
  }
  return cut;
}

}  // namespace plumb
