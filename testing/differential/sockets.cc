#include "testing/differential/sockets.h"

#include <algorithm>
#include <utility>

#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

void* Socket::Extension(absl::string_view name) {
  if (conn != nullptr) return conn->Extension(name);
  if (listener != nullptr) return listener->Extension(name);
  return packets != nullptr ? packets->Extension(name) : nullptr;
}

int Socket::Blocked(Direction direction) {
  auto* const probe = plumb::Extension<BlockedProbe>(*this);
  return probe == nullptr ? 0 : probe->BlockedCalls(direction);
}

absl::Status Socket::SetDeadline(Direction direction, absl::Time when) {
  if (conn != nullptr) return conn->SetDeadline(direction, when);
  if (listener != nullptr) return listener->SetDeadline(when);
  return packets->SetDeadline(direction, when);
}

absl::Status Socket::Close() {
  if (conn != nullptr) return conn->Close();
  if (listener != nullptr) return listener->Close();
  return packets->Close();
}

Addr Socket::LocalAddr() const {
  if (conn != nullptr) return conn->LocalAddr();
  if (listener != nullptr) return listener->Address();
  return packets != nullptr ? packets->LocalAddr() : Addr();
}

Socket* Sockets::Find(const Slot& slot) {
  const auto it = sockets_.find(slot);
  return it == sockets_.end() ? nullptr : it->second.get();
}

Socket& Sockets::Make(const Slot& slot) {
  Remove(slot);
  std::unique_ptr<Socket>& socket = sockets_[slot];
  socket = std::make_unique<Socket>();
  if (slot.kind == 'C') dialled_.push_back(socket.get());
  return *socket;
}

void Sockets::Remove(const Slot& slot) {
  const auto it = sockets_.find(slot);
  if (it == sockets_.end()) return;
  Socket* const old = it->second.get();
  NoteEnd(*old);
  if (old->listener != nullptr) NoteListenerEnd(*old);
  for (auto& [other_slot, other] : sockets_) {
    if (other->peer == old) other->peer = nullptr;
  }
  dialled_.erase(std::remove(dialled_.begin(), dialled_.end(), old),
                 dialled_.end());
  sockets_.erase(it);
}

void Sockets::Pair(Socket& far, const Addr& listener) {
  dialled_.erase(std::remove(dialled_.begin(), dialled_.end(), &far),
                 dialled_.end());
  for (auto it = dialled_.begin(); it != dialled_.end(); ++it) {
    Socket& near = **it;
    if (near.conn == nullptr || !near.dialled) continue;
    const Addr to = near.conn->RemoteAddr();
    const bool same = far.conn->LocalAddr().is_ip()
                          ? to == far.conn->LocalAddr() &&
                                near.conn->LocalAddr() == far.conn->RemoteAddr()
                          : to == listener;
    if (!same) continue;
    near.peer = &far;
    far.peer = &near;
    far.peer_ended = near.closed;
    dialled_.erase(it);
    return;
  }
}

void Sockets::NoteEnd(Socket& near) {
  if (near.peer != nullptr) near.peer->peer_ended = true;
}

void Sockets::NoteListenerEnd(Socket& listener) {
  const Addr address = listener.listener->Address();
  const auto end = std::remove_if(
      dialled_.begin(), dialled_.end(), [&address](Socket* near) {
        if (near->conn == nullptr) return false;
        const Addr to = near->conn->RemoteAddr();
        const bool there = to == address || (to.is_ip() && address.is_ip() &&
                                             address.ip().IsUnspecified() &&
                                             to.port() == address.port());
        near->peer_ended = near->peer_ended || there;
        return there;
      });
  dialled_.erase(end, dialled_.end());
}

bool Sockets::AnyBegun() const {
  return std::any_of(sockets_.begin(), sockets_.end(), [](const auto& one) {
    return one.second->waiting != nullptr;
  });
}

std::vector<OpenConn> Sockets::OpenConns() {
  std::vector<OpenConn> open;
  for (auto& [slot, socket] : sockets_) {
    if (socket->conn == nullptr || socket->closed) continue;
    // What is stuck does not arrive.
    if (socket->filled) continue;
    if (socket->peer != nullptr && socket->peer->deaf) continue;
    const bool stuck = socket->peer != nullptr && socket->peer->filled;
    open.push_back({socket->conn.get(), socket->peer_ended && !stuck});
  }
  return open;
}

}  // namespace plumb
