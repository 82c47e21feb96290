// Matchers of what a socket of a fake network says without waiting (probes.h):
//
//   EXPECT_THAT(client, CanRead());
//   EXPECT_THAT(client, Not(IsClosedByPeer()));
//   EXPECT_THAT(client, BytesInFlight(5));
//   EXPECT_THAT(listener, PendingConnects(Ge(1)));
//
// Each takes a pointer to a Conn, PacketConn or Listener, owning or not. What
// has no probe fails the test, also within Not: nobody knows the answer.
//
// Threads: values.
#ifndef PLUMB_TESTING_PROBE_MATCHERS_H_
#define PLUMB_TESTING_PROBE_MATCHERS_H_

#include <cstddef>
#include <ostream>
#include <utility>

#include "backends/fake/probes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "transport/extension.h"

namespace plumb {

// Matches what `Probe` answers with.
template <typename Probe, typename Value>
class ProbeMatcher {
 public:
  using is_gtest_matcher = void;
  using Question = Value (Probe::*)() const;

  ProbeMatcher(Question question, ::testing::Matcher<Value> answer,
               const char* name)
      : question_(question), answer_(std::move(answer)), name_(name) {}

  template <typename Pointer>
  bool MatchAndExplain(const Pointer& endpoint,
                       ::testing::MatchResultListener* listener) const {
    const Probe* const probe = Extension<Probe>(*endpoint);
    if (probe == nullptr) {
      *listener << "which has no " << Probe::kExtensionName;
      ADD_FAILURE() << "It is asked " << name_ << " and has no "
                    << Probe::kExtensionName;
      return false;
    }
    const Value value = (probe->*question_)();
    *listener << "whose " << name_ << " is " << ::testing::PrintToString(value);
    return answer_.Matches(value);
  }
  void DescribeTo(std::ostream* out) const {
    *out << "has a " << name_ << " that ";
    answer_.DescribeTo(out);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "has no " << name_ << " that ";
    answer_.DescribeTo(out);
  }

 private:
  const Question question_;
  const ::testing::Matcher<Value> answer_;
  const char* const name_;
};

inline ProbeMatcher<ConnProbe, bool> CanRead() {
  return {&ConnProbe::CanRead, true, "CanRead"};
}
inline ProbeMatcher<ConnProbe, bool> IsClosedByPeer() {
  return {&ConnProbe::IsClosedByPeer, true, "IsClosedByPeer"};
}
inline ProbeMatcher<ConnProbe, size_t> BytesInFlight(
    ::testing::Matcher<size_t> bytes) {
  return {&ConnProbe::BytesInFlight, std::move(bytes), "BytesInFlight"};
}
inline ProbeMatcher<ListenerProbe, bool> CanAccept() {
  return {&ListenerProbe::CanAccept, true, "CanAccept"};
}
inline ProbeMatcher<ListenerProbe, size_t> PendingConnects(
    ::testing::Matcher<size_t> connections) {
  return {&ListenerProbe::PendingConnects, std::move(connections),
          "PendingConnects"};
}

}  // namespace plumb

#endif  // PLUMB_TESTING_PROBE_MATCHERS_H_
