// The bytes of an ErrorInfo inside an absl::Status; only error.cc needs them.
//
// A version number, then every field in the order of the struct: numbers as
// base-128 varints, strings after their length. Nothing here trusts its input:
// another version, a cut or a stray byte is simply no ErrorInfo. The networks
// of decoded addresses are kept for ever; after the thousandth that is not the
// library's, an address of one more is decoded with the network "other".
#ifndef PLUMB_TRANSPORT_ERROR_CODEC_H_
#define PLUMB_TRANSPORT_ERROR_CODEC_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "transport/error.h"

namespace plumb {

std::string EncodeErrorInfo(const ErrorInfo& info);
std::optional<ErrorInfo> DecodeErrorInfo(absl::string_view bytes);

// Its kind alone, which comes first: kOther where there is none. Does not look
// at the rest.
ErrorKind DecodeErrorKind(absl::string_view bytes);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_ERROR_CODEC_H_
