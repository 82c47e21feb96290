#include "testing/capture/stream_table.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "testing/capture/tcp_conversation.h"
#include "testing/capture/user_conversation.h"

namespace plumb {
namespace {

// Somebody may still accept this many connections that were closed again.
constexpr size_t kMaxLingering = 4096;

constexpr absl::string_view kOneEnded =
    "a socket without a name: the two ends are two conversations";

bool SaysWho(const Addr& addr) {
  if (addr.is_ip()) return true;
  return (addr.network() == "unix" || addr.network() == "unixpacket") &&
         !addr.name().empty() && addr.name() != "@";
}

bool Identified(const StreamOpening& opening) {
  return SaysWho(opening.dialler) && SaysWho(opening.acceptor);
}

bool IsTcp(const StreamOpening& opening) {
  return opening.dialler.is_ip() || opening.acceptor.is_ip();
}

IpPort IpPortOf(const Addr& addr) { return {addr.ip(), addr.port()}; }

}  // namespace

std::shared_ptr<StreamRecord> StreamTable::Open(const StreamOpening& opening) {
  if (!Identified(opening)) {
    auto record = Make(opening);
    record->conversation().Open(opening.dial_time, opening.time, kOneEnded);
    return record;
  }
  auto& record = records_[{opening.dialler, opening.acceptor}];
  if (record != nullptr && !record->joined(opening.end)) {
    record->Join(opening.end, opening.host);
    return record;
  }
  record = Make(opening);
  record->conversation().Open(opening.dial_time, opening.time, "");
  return record;
}

void StreamTable::Closed(const std::shared_ptr<StreamRecord>& record,
                         const StreamOpening& opening) {
  if (!record->closed()) return;
  const Key key = {opening.dialler, opening.acceptor};
  auto it = records_.find(key);
  if (it == records_.end() || it->second != record) return;
  if (record->joined(OtherEnd(opening.end))) {
    records_.erase(it);
    return;
  }
  lingering_.emplace_back(key, record);
  if (lingering_.size() <= kMaxLingering) return;
  const auto [oldest_key, weak] = std::move(lingering_.front());
  lingering_.pop_front();
  const std::shared_ptr<StreamRecord> oldest = weak.lock();
  if (oldest == nullptr || !oldest->closed()) return;
  it = records_.find(oldest_key);
  if (it != records_.end() && it->second == oldest) records_.erase(it);
}

std::shared_ptr<StreamRecord> StreamTable::Make(const StreamOpening& opening) {
  StreamRecord::Options options;
  options.messages = opening.messages;
  options.reset_on_unread = !opening.messages;
  options.to_itself =
      Identified(opening) && opening.dialler == opening.acceptor;
  std::unique_ptr<Conversation> conversation;
  if (IsTcp(opening)) {
    conversation = std::make_unique<TcpConversation>(
        store_, IpPortOf(opening.dialler), IpPortOf(opening.acceptor), mss_,
        NextNumber());
  } else {
    conversation = std::make_unique<UserConversation>(
        store_, opening.dialler, opening.acceptor, opening.messages,
        NextNumber());
  }
  auto record =
      std::make_shared<StreamRecord>(std::move(conversation), options);
  record->Join(opening.end, opening.host);
  if (options.to_itself) record->Join(OtherEnd(opening.end), opening.host);
  return record;
}

}  // namespace plumb
