// A wait for what an error of it would name: `dial tcp 10.0.0.1:80`.
//
//   const InfoReason reason(info);
//   call.set_reason(&reason);
#ifndef PLUMB_TRANSPORT_INFO_REASON_H_
#define PLUMB_TRANSPORT_INFO_REASON_H_

#include <string>

#include "transport/error.h"
#include "transport/wait_reason.h"

namespace plumb {

class InfoReason final : public WaitReason {
 public:
  // `info` must outlive this.
  explicit InfoReason(const ErrorInfo& info) : info_(info) {}
  std::string Describe() const override { return OpText(info_); }

 private:
  const ErrorInfo& info_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_INFO_REASON_H_
