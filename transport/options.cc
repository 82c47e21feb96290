#include "transport/options.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "transport/error.h"

namespace plumb {

std::vector<std::string> OptionExtras::names() const {
  std::vector<std::string> names;
  for (const auto& extra : extras_) names.push_back(extra.first);
  return names;
}

std::vector<std::string> DialOptions::SetNames() const {
  std::vector<std::string> names = extras.names();
  if (local_address.has_value()) names.push_back("local_address");
  if (no_delay.has_value()) names.push_back("no_delay");
  if (keep_alive.has_value()) names.push_back("keep_alive");
  if (send_buffer.has_value()) names.push_back("send_buffer");
  if (receive_buffer.has_value()) names.push_back("receive_buffer");
  return names;
}

std::vector<std::string> ListenOptions::SetNames() const {
  std::vector<std::string> names = extras.names();
  if (backlog.has_value()) names.push_back("backlog");
  if (reuse_port.has_value()) names.push_back("reuse_port");
  if (no_delay.has_value()) names.push_back("no_delay");
  if (keep_alive.has_value()) names.push_back("keep_alive");
  if (send_buffer.has_value()) names.push_back("send_buffer");
  if (receive_buffer.has_value()) names.push_back("receive_buffer");
  return names;
}

absl::Status CheckOptions(absl::string_view op, absl::string_view network,
                          const std::vector<std::string>& set,
                          std::initializer_list<absl::string_view> honoured) {
  for (const std::string& name : set) {
    if (absl::c_linear_search(honoured, name)) continue;
    ErrorInfo info;
    info.op = std::string(op);
    info.network = std::string(network);
    info.detail = name;
    return UnsupportedError(std::move(info), absl::StrCat("option ", name));
  }
  return absl::OkStatus();
}

}  // namespace plumb
