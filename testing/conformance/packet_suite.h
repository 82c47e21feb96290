// The conformance suite of PacketConn. transport_backend.h says how to run it.
#ifndef PLUMB_TESTING_CONFORMANCE_PACKET_SUITE_H_
#define PLUMB_TESTING_CONFORMANCE_PACKET_SUITE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_fixture.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/ip_addr.h"
#include "transport/packet_conn.h"

namespace plumb {

// Cases act on `near`; `far` is somebody else.
class PacketConnConformance : public TransportFixture {
 protected:
  template <typename Name>
  void Case();

  // What one ReadFrom gave.
  struct Datagram {
    std::string data;
    size_t full_size = 0;
    Addr from;
  };

  // A ReadFrom that runs.
  struct Reader {
    absl::StatusOr<Datagram> result;
    std::unique_ptr<Task> task;

    const absl::Status& Join() {
      task->Join();
      return result.status();
    }
  };

  void SetUpCase() override { Open(); }
  void TearDownCase() override {
    near_ = nullptr;
    far_ = nullptr;
  }
  // Opens both again, on `clock`.
  void OpenOn(Clock& clock);
  void OpenOnManualClock() { OpenOn(manual_clock()); }

  PacketConn& near() { return *near_; }
  PacketConn& far() { return *far_; }
  Addr near_addr() const { return near_->LocalAddr(); }
  Addr far_addr() const { return far_->LocalAddr(); }
  std::unique_ptr<PacketConn> TakeNear() { return std::move(near_); }
  std::unique_ptr<PacketConn> TakeFar() { return std::move(far_); }

  static absl::StatusOr<Datagram> Receive(PacketConn& packets,
                                          size_t size = 65536);
  // Starts a ReadFrom of `near`, and waits until `count` wait in all.
  std::unique_ptr<Reader> StartRead(int count = 1);

  // Whether `near` and `far` hear each other.
  ::testing::AssertionResult Works();

  // Whether `near` has MulticastControl, which it asserts to be as it should.
  bool HasMulticast();
  std::unique_ptr<PacketConn> ListenAt(const IpAddr& ip, uint16_t port);
  // The data of the next datagram.
  static std::string Text(PacketConn& packets);
  // From `near`.
  absl::Status SendTo(const IpAddr& ip, uint16_t port, absl::string_view data);

  // For errors of `near`.
  ::testing::AssertionResult FailsToRead(const absl::Status& status,
                                         absl::StatusCode code,
                                         absl::string_view cause) const {
    return HasError(status, code, "read", near_addr(), Addr(), cause);
  }
  ::testing::AssertionResult FailsToWrite(const absl::Status& status,
                                          const Addr& to, absl::StatusCode code,
                                          absl::string_view cause) const {
    return HasError(status, code, "write", near_addr(), to, cause);
  }

 private:
  void Open();

  std::unique_ptr<PacketConn> near_;
  std::unique_ptr<PacketConn> far_;
};

}  // namespace plumb

#define PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Name, backend)              \
  PLUMB_INSTANTIATE_SUITE_ON_TRANSPORT_(PacketConnConformance, Name, backend, \
                                        ::plumb::Kind::kPacketConn)

#endif  // PLUMB_TESTING_CONFORMANCE_PACKET_SUITE_H_
