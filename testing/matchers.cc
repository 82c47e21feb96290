#include "testing/matchers.h"

#include "absl/strings/escaping.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {
namespace {

using Predicate = StatusPredicateMatcher::Predicate;

}  // namespace

StatusPredicateMatcher IsOk() {
  return {[](const absl::Status& s) { return s.ok(); }, "OK"};
}

// Casts choose the predicate among the overloads.
StatusPredicateMatcher IsEof() {
  return {static_cast<Predicate>(&IsEof), "the end of the stream"};
}
StatusPredicateMatcher IsClosed() {
  return {static_cast<Predicate>(&IsClosed), "closed at this end"};
}
StatusPredicateMatcher IsTimeout() {
  return {static_cast<Predicate>(&IsTimeout), "a deadline that passed"};
}
StatusPredicateMatcher IsCancelledCall() {
  return {static_cast<Predicate>(&IsCancelledCall), "cancelled by a scope"};
}
StatusPredicateMatcher IsRefused() {
  return {static_cast<Predicate>(&IsRefused), "refused"};
}
StatusPredicateMatcher IsReset() {
  return {static_cast<Predicate>(&IsReset), "reset by the peer"};
}
StatusPredicateMatcher IsBrokenPipe() {
  return {static_cast<Predicate>(&IsBrokenPipe), "a broken pipe"};
}
StatusPredicateMatcher IsAddressInUse() {
  return {static_cast<Predicate>(&IsAddressInUse), "address in use"};
}
StatusPredicateMatcher IsNoSuchHost() {
  return {static_cast<Predicate>(&IsNoSuchHost), "no such host"};
}
StatusPredicateMatcher IsUnsupported() {
  return {static_cast<Predicate>(&IsUnsupported), "unsupported"};
}

bool ErrorIsMatcher::MatchStatus(
    const absl::Status& status,
    ::testing::MatchResultListener* listener) const {
  *listener << "whose status is " << status;
  return status.code() == code_ && text_.Matches(std::string(status.message()));
}

void ErrorIsMatcher::DescribeTo(std::ostream* out) const {
  *out << "is " << absl::StatusCodeToString(code_) << " and has a text that ";
  text_.DescribeTo(out);
}

void ErrorIsMatcher::DescribeNegationTo(std::ostream* out) const {
  *out << "is not " << absl::StatusCodeToString(code_)
       << " or has a text that ";
  text_.DescribeNegationTo(out);
}

bool ConnReadsMatcher::MatchConn(
    Conn& conn, ::testing::MatchResultListener* listener) const {
  const bool messages = Extension<MessageTraits>(conn) != nullptr;
  std::string got(text_.size() + (messages ? 1 : 0), '\0');
  size_t size = 0;
  do {
    absl::StatusOr<size_t> n =
        conn.Read(absl::MakeSpan(&got[0] + size, got.size() - size));
    if (!n.ok()) {
      *listener << "which read \"" << absl::CEscape(got.substr(0, size))
                << "\" and then " << n.status();
      return false;
    }
    size += *n;
  } while (!messages && size < got.size());
  got.resize(size);
  *listener << "which read \"" << absl::CEscape(got) << "\"";
  return got == text_;
}

void ConnReadsMatcher::DescribeTo(std::ostream* out) const {
  *out << "reads \"" << absl::CEscape(text_) << "\"";
}

void ConnReadsMatcher::DescribeNegationTo(std::ostream* out) const {
  *out << "does not read \"" << absl::CEscape(text_) << "\"";
}

}  // namespace plumb
