// Any container of chars as a string_view: std::string, std::vector<char>,
// absl::Span<char>, std::string_view where it is not absl's, or a literal.
#ifndef PLUMB_TRANSPORT_CHARS_H_
#define PLUMB_TRANSPORT_CHARS_H_

#include <type_traits>
#include <utility>

#include "absl/strings/string_view.h"

namespace plumb {

// Whether there is a data() that points to chars.
template <typename Chars, typename = void>
struct HasCharData : std::false_type {};
template <typename Chars>
struct HasCharData<Chars,
                   std::void_t<decltype(std::declval<const Chars&>().data())>>
    : std::is_convertible<decltype(std::declval<const Chars&>().data()),
                          const char*> {};

template <typename Chars>
using EnableIfChars =
    std::enable_if_t<std::is_convertible_v<const Chars&, absl::string_view> ||
                     HasCharData<Chars>::value>;

template <typename Chars>
absl::string_view AsStringView(const Chars& chars) {
  if constexpr (std::is_convertible_v<const Chars&, absl::string_view>) {
    return chars;
  } else {
    return absl::string_view(chars.data(), chars.size());
  }
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CHARS_H_
