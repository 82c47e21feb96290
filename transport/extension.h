// What only some connections can do is asked for by type:
//
//   if (auto* tcp = plumb::Extension<plumb::TcpControl>(*conn)) {
//     RETURN_IF_ERROR(tcp->SetNoDelay(false));
//   }
//
// An extension is a class with virtual methods and a name:
//
//   class TcpControl {
//    public:
//     static constexpr char kExtensionName[] = "plumb.TcpControl";
//     virtual absl::Status SetNoDelay(bool on) = 0;
//    protected:
//     ~TcpControl() = default;
//   };
//
// and a connection answers for it by name, without RTTI. The pointer lives as
// long as the object that was asked. A decorator answers for nothing of what it
// wraps unless its header lists it, since a native handle through an encrypting
// decorator would bypass it.
#ifndef PLUMB_TRANSPORT_EXTENSION_H_
#define PLUMB_TRANSPORT_EXTENSION_H_

#include "absl/strings/string_view.h"

namespace plumb {

// The extension `T` of a Conn, Listener or PacketConn; null when it has none.
template <typename T, typename Endpoint>
T* Extension(Endpoint& endpoint) {
  return static_cast<T*>(
      endpoint.Extension(absl::string_view(T::kExtensionName)));
}

// For implementations:
//
//   void* Extension(absl::string_view name) override {
//     return plumb::FindExtension<TcpControl, NativeHandle>(name, this);
//   }
//
// The first of `Ts` with that name, as a base of `self`; null when none has.
template <typename... Ts, typename Self>
void* FindExtension(absl::string_view name, Self* self) {
  void* found = nullptr;
  (void)((name == absl::string_view(Ts::kExtensionName)
              ? (found = static_cast<Ts*>(self), true)
              : false) ||
         ...);
  return found;
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_EXTENSION_H_
