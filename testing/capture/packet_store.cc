#include "testing/capture/packet_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/capture/user_packet.h"

namespace plumb {
namespace {

constexpr size_t kMaxPending = 4096;

void AppendComment(absl::string_view more, std::string* comment) {
  if (more.empty()) return;
  absl::StrAppend(comment, comment->empty() ? "" : "; ", more);
}

// Of a packet block.
int64_t TimeOf(const std::string& block) {
  uint32_t words[2];
  std::memcpy(words, block.data() + 12, sizeof words);
  return static_cast<int64_t>(uint64_t{words[0]} << 32 | words[1]);
}

}  // namespace

HostId PacketStore::AddHost(absl::string_view name) {
  const auto [it, is_new] = host_ids_.try_emplace(name, hosts_.size());
  if (is_new) hosts_.push_back({std::string(name), {}});
  return it->second;
}

void PacketStore::NameAddress(const IpAddr& ip, absl::string_view name) {
  // That it has a name already is the rule, of which nothing is to be made.
  if (name.empty() || names_.count(ip.WithZone(0)) > 0) return;
  if (!ip.is_valid() || ip.IsLoopback() || ip.IsUnspecified()) return;
  names_.emplace(ip.WithZone(0), std::string(name));
}

void PacketStore::CommentNext(absl::string_view comment) {
  AppendComment(comment, &next_comment_);
}

void PacketStore::Add(const Sight& sight, LinkType link_type,
                      absl::string_view packet) {
  const std::string comment = TakeComment(sight.comment);
  PacketBlock block;
  block.interface = InterfaceOf(sight.host, link_type);
  block.time = sight.time;
  block.direction = sight.direction;
  block.data = packet;
  block.comment = comment;
  Append(block, ++last_number_);
}

PendingId PacketStore::AddLater(const Sight& sight, LinkType link_type,
                                absl::string_view packet) {
  const PendingId id = ++last_number_;
  Pending& pending = pending_.try_emplace(id).first->second;
  pending.interface = InterfaceOf(sight.host, link_type);
  pending.direction = sight.direction;
  pending.time = sight.time;
  pending.comment = TakeComment(sight.comment);
  pending.packet = std::string(packet);
  pending_bytes_ += packet.size();
  while (pending_.size() > kMaxPending || pending_bytes_ > max_bytes_) {
    const std::string state = StateOf(pending_.begin()->second);
    AddNow(pending_.begin()->first, state);
  }
  return id;
}

void PacketStore::AddNow(PendingId id, absl::string_view comment) {
  const auto it = pending_.find(id);
  if (it == pending_.end()) return;
  AppendComment(comment, &it->second.comment);
  Append(BlockOf(it->second), id);
  pending_bytes_ -= it->second.packet.size();
  pending_.erase(it);
}

void PacketStore::Remark(PendingId id, absl::string_view comment) {
  const auto it = pending_.find(id);
  if (it != pending_.end()) AppendComment(comment, &it->second.comment);
}

void PacketStore::SetState(PendingId id, absl::string_view state) {
  const auto it = pending_.find(id);
  if (it != pending_.end()) it->second.state = std::string(state);
}

void PacketStore::AddNote(const Sight& sight, absl::string_view from,
                          absl::string_view to, absl::string_view text) {
  UserPacket note;
  note.kind = UserPacketKind::kNote;
  note.from = from;
  note.to = to;
  note.data = text;
  std::string packet;
  AppendUserPacket(note, &packet);
  Add(sight, LinkType::kUser0, packet);
}

std::vector<std::string> PacketStore::SortedBlocks() const {
  std::vector<BlockRing::Block> blocks = ring_.Blocks();
  for (const auto& [id, waiting] : pending_) {
    Pending pending = waiting;
    AppendComment(StateOf(pending), &pending.comment);
    blocks.push_back({id, std::string()});
    AppendPacket(BlockOf(pending), &blocks.back().bytes);
  }
  std::sort(blocks.begin(), blocks.end(),
            [](const BlockRing::Block& a, const BlockRing::Block& b) {
              return std::make_pair(TimeOf(a.bytes), a.number) <
                     std::make_pair(TimeOf(b.bytes), b.number);
            });
  std::vector<std::string> sorted;
  sorted.reserve(blocks.size());
  for (BlockRing::Block& block : blocks) {
    sorted.push_back(std::move(block.bytes));
  }
  return sorted;
}

std::string PacketStore::Encode() const {
  const std::vector<std::string> blocks = SortedBlocks();
  std::string file;
  AppendSectionHeader(
      dropped() == 0
          ? std::string()
          : absl::StrCat("The capture was full: the first ", dropped(), " of ",
                         packets(), " packets are not in it."),
      &file);
  for (const Interface& interface : interfaces_) {
    AppendInterface(interface.block, &file);
  }
  if (!names_.empty()) {
    const std::vector<std::pair<IpAddr, std::string>> names(names_.begin(),
                                                            names_.end());
    AppendNameResolution(names, &file);
  }
  for (const std::string& block : blocks) file += block;
  const int64_t end = blocks.empty() ? 0 : TimeOf(blocks.back());
  for (uint32_t i = 0; i < interfaces_.size(); ++i) {
    AppendInterfaceStatistics({i, end, interfaces_[i].packets}, &file);
  }
  return file;
}

std::string PacketStore::StateOf(const Pending& pending) {
  return pending.state.empty() ? "on its way" : pending.state;
}

PacketBlock PacketStore::BlockOf(const Pending& pending) {
  PacketBlock block;
  block.interface = pending.interface;
  block.time = pending.time;
  block.direction = pending.direction;
  block.data = pending.packet;
  block.comment = pending.comment;
  return block;
}

void PacketStore::Append(const PacketBlock& block, uint64_t number) {
  block_.clear();
  AppendPacket(block, &block_);
  ring_.Append(block_, number);
  ++interfaces_[block.interface].packets;
}

uint32_t PacketStore::InterfaceOf(HostId host, LinkType link_type) {
  const bool user = link_type == LinkType::kUser0;
  std::optional<uint32_t>& id = hosts_[host].interfaces[user];
  if (!id.has_value()) {
    id = static_cast<uint32_t>(interfaces_.size());
    Interface interface;
    interface.block.name = hosts_[host].name;
    if (user) interface.block.name += " (unix)";
    interface.block.description =
        user ? "unix sockets and notes; testing/capture/user_packet.h"
             : "IP packets";
    interface.block.link_type = link_type;
    interfaces_.push_back(std::move(interface));
  }
  return *id;
}

std::string PacketStore::TakeComment(absl::string_view comment) {
  if (next_comment_.empty()) return std::string(comment);
  AppendComment(comment, &next_comment_);
  return std::exchange(next_comment_, std::string());
}

}  // namespace plumb
