// A row in the table of a host that no socket stands for.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_FAKE_SHOWN_ROW_H_
#define PLUMB_BACKENDS_FAKE_SHOWN_ROW_H_

#include <utility>

#include "backends/fake/netstat.h"
#include "backends/fake/network_state.h"

namespace plumb {

// It is there until Hide, or as long as this.
class ShownRow final : public NetstatSource {
 public:
  ShownRow(const HostRef& host, NetstatRow row)
      : host_(host), row_(std::move(row)) {
    ShowSocket(host_, this);
  }
  ShownRow(const ShownRow&) = delete;
  ShownRow& operator=(const ShownRow&) = delete;
  ~ShownRow() { Hide(); }

  void Hide() { HideSocket(host_, this); }
  NetstatRow Row() const override { return row_; }

 private:
  const HostRef host_;
  const NetstatRow row_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_SHOWN_ROW_H_
