// Quoting text that somebody else wrote, so that an error message stays one
// readable line whatever is in it:
//
//   absl::StrCat("ParseAddr(", Quote(text), "): unable to parse IP")
//
// Threads: a function of its arguments.
#ifndef PLUMB_TRANSPORT_QUOTE_H_
#define PLUMB_TRANSPORT_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace plumb {

// `text` in double quotes, as Go's strconv.Quote has it: `"`, `\` and control
// characters are escaped (\n, \x00), and so are bytes that are not UTF-8
// (\xff). Valid UTF-8 stays as it is, printable or not, save for the C1
// controls.
std::string Quote(absl::string_view text);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_QUOTE_H_
