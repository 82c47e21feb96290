// Walks over pieces of data as if they were one.
//
//   DataCursor cursor(pieces);
//   cursor.Skip(100);
//   std::string scratch;
//   absl::string_view next = cursor.Take(1460, &scratch);
//
// Threads: one at a time. The pieces outlive it.
#ifndef PLUMB_TESTING_CAPTURE_DATA_CURSOR_H_
#define PLUMB_TESTING_CAPTURE_DATA_CURSOR_H_

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace plumb {

class DataCursor {
 public:
  explicit DataCursor(absl::Span<const absl::string_view> pieces)
      : pieces_(pieces) {}

  void Skip(size_t size) {
    while (size > 0 && !pieces_.empty()) size -= Advance(size).size();
  }

  // The next `size` bytes, or as many as there are: a part of a piece, or
  // copied into `scratch` when they are in several.
  absl::string_view Take(size_t size, std::string* scratch) {
    absl::string_view first;
    while (first.empty() && !pieces_.empty()) first = Advance(size);
    if (first.size() == size || pieces_.empty()) return first;
    scratch->assign(first.data(), first.size());
    while (scratch->size() < size && !pieces_.empty()) {
      const absl::string_view more = Advance(size - scratch->size());
      scratch->append(more.data(), more.size());
    }
    return *scratch;
  }

 private:
  // Moves on by at most `size` bytes, in one piece.
  absl::string_view Advance(size_t size) {
    const absl::string_view part = pieces_.front().substr(offset_, size);
    offset_ += part.size();
    if (offset_ == pieces_.front().size()) {
      pieces_.remove_prefix(1);
      offset_ = 0;
    }
    return part;
  }

  absl::Span<const absl::string_view> pieces_;
  size_t offset_ = 0;  // in the first of them
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_DATA_CURSOR_H_
