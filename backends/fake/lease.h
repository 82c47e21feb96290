// What a socket has of its host until it is closed.
#ifndef PLUMB_BACKENDS_FAKE_LEASE_H_
#define PLUMB_BACKENDS_FAKE_LEASE_H_

#include <memory>
#include <utility>

namespace plumb {

// Keeps a port or a name bound until it is released or destroyed.
class Lease {
 public:
  Lease() = default;
  template <typename Function>
  explicit Lease(Function release)
      : holder_(std::make_unique<HolderOf<Function>>(std::move(release))) {}
  Lease(Lease&& other) = default;
  Lease& operator=(Lease&& other) noexcept {
    Release();
    holder_ = std::move(other.holder_);
    return *this;
  }
  ~Lease() { Release(); }

  void Release() {
    if (holder_ != nullptr) std::exchange(holder_, nullptr)->Release();
  }

 private:
  // A pointer is less than an AnyInvocable, and an idle connection has two.
  struct Holder {
    virtual ~Holder() = default;
    virtual void Release() = 0;
  };
  template <typename Function>
  struct HolderOf final : Holder {
    explicit HolderOf(Function f) : function(std::move(f)) {}
    void Release() override { function(); }
    Function function;
  };

  std::unique_ptr<Holder> holder_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_LEASE_H_
