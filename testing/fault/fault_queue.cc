#include "testing/fault/fault_queue.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "transport/error.h"

namespace plumb {

bool IsEnd(const FaultPiece& piece) {
  return piece.packet.segment == FaultSegment::kEnd &&
         (piece.end.ok() || IsEof(piece.end));
}

bool FaultQueue::IsKept(const FaultPiece& piece) const {
  return stream_ || piece.packet.segment == FaultSegment::kEnd;
}

void FaultQueue::Insert(FaultPiece piece) {
  bytes_ += piece.data.size();
  auto place = pieces_.end();
  if ((stream_ || IsEnd(piece)) && !pieces_.empty()) {
    piece.due = std::max(piece.due, pieces_.back().due);
  }
  while (!stream_ && place != pieces_.begin() &&
         std::prev(place)->due > piece.due) {
    --place;
  }
  pieces_.insert(place, std::move(piece));
}

void FaultQueue::Add(FaultPiece&& piece, const FaultVerdict& verdict,
                     absl::Time now) {
  if (!verdict.passes()) {
    const bool drop = verdict.action == FaultVerdict::Action::kDrop;
    if (drop && !IsKept(piece)) return;
    piece.held_by = std::string(verdict.rule);
  }
  for (const absl::Duration copy : verdict.copies) {
    FaultPiece again = piece;
    again.due = now + copy;
    Insert(std::move(again));
  }
  piece.due = now + verdict.delay;
  Insert(std::move(piece));
}

void FaultQueue::PutBack(FaultPiece piece) {
  bytes_ += piece.data.size();
  pieces_.push_front(std::move(piece));
}

std::string FaultQueue::Judge(absl::Time now, Pieces* lost) {
  for (auto it = pieces_.begin(); it != pieces_.end();) {
    FaultPiece& piece = *it;
    const std::optional<FaultVerdict> verdict =
        piece.link->InFlight(piece.packet, piece.held_by, now);
    if (!verdict.has_value()) {
      piece.held_by.clear();
    } else if (verdict->action == FaultVerdict::Action::kReset) {
      return std::string(verdict->rule);
    } else if (verdict->action == FaultVerdict::Action::kHold ||
               IsKept(piece)) {
      piece.held_by = std::string(verdict->rule);
    } else {
      bytes_ -= piece.data.size();
      lost->splice(lost->end(), pieces_, it++);
      continue;
    }
    ++it;
  }
  return std::string();
}

FaultQueue::Pieces::const_iterator FaultQueue::Due(absl::Time now) const {
  for (auto it = pieces_.begin(); it != pieces_.end(); ++it) {
    if (IsEnd(*it) && it != pieces_.begin()) break;
    if (it->held_by.empty() && it->due <= now) return it;
    if (stream_) break;
  }
  return pieces_.end();
}

bool FaultQueue::KeepsEnd(absl::Time now) const {
  const auto kept = [now](const FaultPiece& piece) {
    return !piece.held_by.empty() || now < piece.due;
  };
  return !pieces_.empty() && IsEnd(pieces_.back()) &&
         absl::c_any_of(pieces_, kept);
}

FaultPiece FaultQueue::TakeDue(absl::Time now) {
  const auto it = Due(now);
  FaultPiece piece = *it;
  bytes_ -= piece.data.size();
  pieces_.erase(it);
  return piece;
}

size_t FaultQueue::CopyDue(absl::Time now, absl::Span<char> buffer) const {
  size_t size = 0;
  for (const FaultPiece& piece : pieces_) {
    if (!piece.held_by.empty() || now < piece.due) break;
    const size_t more = std::min(piece.data.size(), buffer.size() - size);
    if (more > 0) std::memcpy(buffer.data() + size, piece.data.data(), more);
    size += more;
    if (piece.handles != nullptr) break;
  }
  return size;
}

absl::Time FaultQueue::NextChange(absl::Time now) const {
  if (pieces_.empty()) return absl::InfiniteFuture();
  absl::Time next = faults_->NextEdge(now);
  for (const FaultPiece& piece : pieces_) {
    if (piece.held_by.empty()) next = std::min(next, piece.due);
    if (stream_) break;
  }
  return next;
}

FaultQueue::Pieces FaultQueue::Clear() {
  bytes_ = 0;
  return std::exchange(pieces_, Pieces());
}

void ApplyChanges(const FaultVerdict& verdict, std::string* data) {
  for (const FaultVerdict::Change& change : verdict.changes) {
    (*data)[change.at] = static_cast<char>((*data)[change.at] ^ change.flip);
  }
}

}  // namespace plumb
