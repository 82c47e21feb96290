// GoogleMock matchers for what the library returns, so that a test says the
// exact error and its failure shows the whole of it:
//
//   EXPECT_THAT(conn->Write("ping"), IsOk());
//   EXPECT_THAT(conn->Read(buffer), IsOkAndHolds(4));
//   EXPECT_THAT(conn->Read(buffer), IsTimeout());
//   EXPECT_THAT(listener->Accept(),
//               ErrorIs(absl::StatusCode::kCancelled, HasSubstr("closed")));
//   EXPECT_THAT(conn, ConnReads("pong"));
//
//   PLUMB_ASSERT_OK_AND_ASSIGN(std::unique_ptr<plumb::Conn> conn,
//                              transport.Dial("tcp", "db:80"));
//
// Each takes an absl::Status or an absl::StatusOr. Those that are named as the
// predicates of transport/error.h are overloads without arguments of them.
//
// Threads: values.
#ifndef PLUMB_TESTING_MATCHERS_H_
#define PLUMB_TESTING_MATCHERS_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/error.h"

namespace plumb {

// The status in what a call returned.
inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

// Matches a status for which a predicate holds.
class StatusPredicateMatcher {
 public:
  using is_gtest_matcher = void;
  using Predicate = bool (*)(const absl::Status&);

  // `description` goes after "is" and "is not".
  StatusPredicateMatcher(Predicate predicate, const char* description)
      : predicate_(predicate), description_(description) {}

  template <typename T>
  bool MatchAndExplain(const T& value,
                       ::testing::MatchResultListener* listener) const {
    *listener << "whose status is " << StatusOf(value);
    return predicate_(StatusOf(value));
  }
  void DescribeTo(std::ostream* out) const { *out << "is " << description_; }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "is not " << description_;
  }

 private:
  const Predicate predicate_;
  const char* const description_;
};

StatusPredicateMatcher IsOk();
StatusPredicateMatcher IsEof();
StatusPredicateMatcher IsClosed();
StatusPredicateMatcher IsTimeout();
StatusPredicateMatcher IsCancelledCall();
StatusPredicateMatcher IsRefused();
StatusPredicateMatcher IsReset();
StatusPredicateMatcher IsBrokenPipe();
StatusPredicateMatcher IsAddressInUse();
StatusPredicateMatcher IsNoSuchHost();
StatusPredicateMatcher IsUnsupported();

// Matches an error by its code and by a text or a matcher of texts.
class ErrorIsMatcher {
 public:
  using is_gtest_matcher = void;

  ErrorIsMatcher(absl::StatusCode code,
                 ::testing::Matcher<const std::string&> text)
      : code_(code), text_(std::move(text)) {}

  template <typename T>
  bool MatchAndExplain(const T& value,
                       ::testing::MatchResultListener* listener) const {
    return MatchStatus(StatusOf(value), listener);
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  bool MatchStatus(const absl::Status& status,
                   ::testing::MatchResultListener* listener) const;

  const absl::StatusCode code_;
  const ::testing::Matcher<const std::string&> text_;
};

template <typename Text>
ErrorIsMatcher ErrorIs(absl::StatusCode code, const Text& text) {
  return ErrorIsMatcher(code, ::testing::MatcherCast<const std::string&>(text));
}
inline ErrorIsMatcher ErrorIs(absl::StatusCode code, absl::string_view text) {
  return ErrorIsMatcher(code, ::testing::Eq(std::string(text)));
}
inline ErrorIsMatcher ErrorIs(absl::StatusCode code, const char* text) {
  return ErrorIs(code, absl::string_view(text));
}
inline ErrorIsMatcher ErrorIs(absl::StatusCode code, const std::string& text) {
  return ErrorIs(code, absl::string_view(text));
}

// Matches a StatusOr that is OK and whose value `inner` matches.
template <typename Inner>
class IsOkAndHoldsMatcher {
 public:
  using is_gtest_matcher = void;

  explicit IsOkAndHoldsMatcher(Inner inner) : inner_(std::move(inner)) {}

  template <typename T>
  bool MatchAndExplain(const absl::StatusOr<T>& value,
                       ::testing::MatchResultListener* listener) const {
    if (!value.ok()) {
      *listener << "whose status is " << value.status();
      return false;
    }
    *listener << "which holds " << ::testing::PrintToString(*value);
    return ::testing::SafeMatcherCast<const T&>(inner_).MatchAndExplain(
        *value, listener);
  }
  void DescribeTo(std::ostream* out) const {
    *out << "is OK and holds what is expected";
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "is not OK or does not hold what is expected";
  }

 private:
  const Inner inner_;
};

template <typename Inner>
IsOkAndHoldsMatcher<Inner> IsOkAndHolds(Inner inner) {
  return IsOkAndHoldsMatcher<Inner>(std::move(inner));
}

// Matches a Conn* or a std::unique_ptr<Conn> from which the next Reads give
// exactly this text (of a connection of messages: the next Read). Suspends
// until that much, the end of the stream or an error has come; set a deadline
// if it may not.
class ConnReadsMatcher {
 public:
  using is_gtest_matcher = void;

  explicit ConnReadsMatcher(std::string text) : text_(std::move(text)) {}

  template <typename Pointer>
  bool MatchAndExplain(const Pointer& conn,
                       ::testing::MatchResultListener* listener) const {
    return MatchConn(*conn, listener);
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  bool MatchConn(Conn& conn, ::testing::MatchResultListener* listener) const;

  const std::string text_;
};

inline ConnReadsMatcher ConnReads(absl::string_view text) {
  return ConnReadsMatcher(std::string(text));
}

}  // namespace plumb

// Assigns the value of the StatusOr `expression` to `declaration`; when it has
// none fails the test and returns.
#define PLUMB_ASSERT_OK_AND_ASSIGN(declaration, expression)          \
  PLUMB_ASSERT_OK_AND_ASSIGN_IMPL_(                                  \
      PLUMB_MATCHERS_JOIN_(plumb_status_or_, __LINE__), declaration, \
      expression)
#define PLUMB_ASSERT_OK_AND_ASSIGN_IMPL_(value, declaration, expression) \
  auto value = (expression);                                             \
  ASSERT_TRUE(value.ok()) << value.status();                             \
  declaration = *std::move(value)
#define PLUMB_MATCHERS_JOIN_(a, b) PLUMB_MATCHERS_JOIN_IMPL_(a, b)
#define PLUMB_MATCHERS_JOIN_IMPL_(a, b) a##b

#endif  // PLUMB_TESTING_MATCHERS_H_
