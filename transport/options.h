// Options of Dial, Listen and ListenPacket: plain structs whose defaults are
// Go's.
//
//   plumb::DialOptions options;
//   options.timeout = absl::Seconds(3);
//   options.no_delay = false;
//   transport.Dial("tcp", "db:5432", options);
//
// What only one backend understands is an extra, by type:
//
//   plumb::ListenOptions options;
//   plumb::UnixListenOptions file;
//   file.mode = 0600;
//   options.extras.Set(file);
//
// An option that is set and that a backend does not honour is Unimplemented and
// is named in the error. It is ignored only where the backend's header says
// that it changes nothing: the mode of a name that is no file, and some on a
// fake (backends/fake/fake.h). Backends use CheckOptions for it.
//
// Threads: value types.
#ifndef PLUMB_TRANSPORT_OPTIONS_H_
#define PLUMB_TRANSPORT_OPTIONS_H_

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace plumb {

// TCP keep-alive probes. Fractions of a second are rounded up, as tcp(7) counts
// in seconds.
struct KeepAlive {
  bool enable = true;
  absl::Duration idle = absl::Seconds(15);
  absl::Duration interval = absl::Seconds(15);
  int count = 9;
};

// Options by type: structs with `static constexpr char kOptionName[]`.
class OptionExtras {
 public:
  template <typename T>
  void Set(T option) {
    extras_[T::kOptionName] = std::make_shared<const T>(std::move(option));
  }
  // Null when not set.
  template <typename T>
  const T* Get() const {
    auto it = extras_.find(T::kOptionName);
    return it == extras_.end() ? nullptr
                               : static_cast<const T*>(it->second.get());
  }
  std::vector<std::string> names() const;

 private:
  std::map<std::string, std::shared_ptr<const void>> extras_;
};

struct DialOptions {
  // The whole of Dial, name resolution included, ends by the earlier of the
  // two. A timeout of zero or less has passed already.
  absl::Duration timeout = absl::InfiniteDuration();
  absl::Time deadline = absl::InfiniteFuture();

  // Where to dial from, in the network's own form: "127.0.0.1:0", a path.
  std::optional<std::string> local_address;

  std::optional<bool> no_delay;         // tcp; default on
  std::optional<KeepAlive> keep_alive;  // tcp; default KeepAlive()
  std::optional<int> send_buffer;       // bytes; default the system's
  std::optional<int> receive_buffer;    // bytes; default the system's

  OptionExtras extras;

  // The names of the options that are set, beside timeout and deadline.
  std::vector<std::string> SetNames() const;
};

struct ListenOptions {
  // Limits the resolution of a name; not the Listener's life.
  absl::Duration timeout = absl::InfiniteDuration();

  std::optional<int> backlog;           // default the system's limit
  std::optional<bool> reuse_port;       // SO_REUSEPORT; default off
  std::optional<bool> no_delay;         // of accepted tcp; default on
  std::optional<KeepAlive> keep_alive;  // of accepted tcp; default KeepAlive()
  std::optional<int> send_buffer;       // bytes; default the system's
  std::optional<int> receive_buffer;    // bytes; default the system's

  OptionExtras extras;

  // The names of the options that are set, beside timeout.
  std::vector<std::string> SetNames() const;
};

// OK when every one of `set` is in `honoured`; otherwise Unimplemented,
// "dial udp: option no_delay not supported", with the name in
// ErrorInfo::detail.
absl::Status CheckOptions(absl::string_view op, absl::string_view network,
                          const std::vector<std::string>& set,
                          std::initializer_list<absl::string_view> honoured);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_OPTIONS_H_
