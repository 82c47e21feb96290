// Select waits on several channels (channel.h) and does one of several sends
// and receives: the first that can be done.
//
//   std::optional<Job> job;
//   std::optional<Reload> reload;
//   const plumb::Selected selected =
//       plumb::Select({jobs.ReceiveCase(job), reloads.ReceiveCase(reload)});
//   if (!selected.status.ok()) return selected.status;
//   switch (selected.index) {
//     case 0: Run(*std::move(job)); break;
//     case 1: Apply(*reload); break;
//   }
//
// When several can be done each is as likely as another: the order in which a
// Select looks is shuffled by a hash of how many the calling thread or fiber
// has made before. There is no other source of chance, so that a run in which
// everything else is the same chooses the same.
//
// A case on a closed channel can be done: its error is that of Send or Receive.
// A default-constructed case never can. One channel may be in several cases; a
// Select never sends to itself.
//
// Errors of the whole, with index -1: `select: operation was canceled`
// (IsCancelledCall) and `select: i/o timeout` (IsTimeout), from the scopes
// around the call or its own deadline. They are looked at first, and nothing
// has been sent or received then.
//
// Nobody needs to agree on an order of channels: those of all cases are locked
// at once for a moment, by their addresses.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_SELECT_H_
#define PLUMB_TRANSPORT_SELECT_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/clock.h"

namespace plumb {

class ChannelBase;

// One thing to do; Channel::SendCase and ReceiveCase make it. What it refers to
// must outlive the Select.
struct SelectCase {
  ChannelBase* channel = nullptr;
  bool sends = false;
  // What is sent, a T, or where what is received goes, a std::optional<T>.
  void* value = nullptr;
};

struct Selected {
  // Which case was done, or is on a closed channel; -1 for none.
  int index = -1;
  absl::Status status;
};

// Suspends until one of `cases` can be done, and does it. Of none: until a
// scope ends it.
Selected Select(absl::Span<const SelectCase> cases);
// The same, with a deadline of its own.
Selected SelectUntil(absl::Time deadline, absl::Span<const SelectCase> cases,
                     Clock& clock = Clock::Real());
// Never suspends, and looks at no scope: when nothing can be done index is -1
// and status is Unavailable, `select: would block`.
Selected TrySelect(absl::Span<const SelectCase> cases);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SELECT_H_
