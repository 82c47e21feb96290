#include "backends/fake/port_table.h"

#include <cerrno>
#include <memory>

#include "backends/fake/address_set.h"
#include "gtest/gtest.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

constexpr IpAddr kOne = IpAddr::V4(10, 0, 0, 1);

TEST(AddressSetTest, OverlapGoesBothWays) {
  const AddressSet sets[] = {
      AddressSet::One(kOne), AddressSet::One(IpAddr::LoopbackV6()),
      AddressSet::AnyV4(), AddressSet::AnyV6(), AddressSet::AnyOfBoth()};
  const bool overlaps[5][5] = {{true, false, true, false, true},
                               {false, true, false, true, true},
                               {true, false, true, false, true},
                               {false, true, false, true, true},
                               {true, true, true, true, true}};
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) {
      EXPECT_EQ(sets[i].Overlaps(sets[j]), overlaps[i][j]) << i << " " << j;
    }
  }
}

TEST(PortTableTest, FindsWhoIsBound) {
  PortTable<int> ports({40000, 40009});
  const auto target = std::make_shared<int>(1);
  const uint64_t id = ports.Bind(AddressSet::AnyV4(), 80, kAlone, target);
  EXPECT_EQ(ports.Find(kOne, 80, 0), target);
  EXPECT_EQ(ports.Find(kOne, 81, 0), nullptr);
  EXPECT_EQ(ports.Find(IpAddr::LoopbackV6(), 80, 0), nullptr);
  ports.Unbind(80, id);
  EXPECT_EQ(ports.Find(kOne, 80, 0), nullptr);
  ports.Unbind(80, id);
}

TEST(PortTableTest, AReservationIsNotFoundButTaken) {
  PortTable<int> ports({40000, 40009});
  ports.Bind(AddressSet::One(kOne), 80, kAlone, nullptr);
  EXPECT_EQ(ports.Find(kOne, 80, 0), nullptr);
  uint16_t port = 80;
  EXPECT_EQ(ports.Choose(AddressSet::AnyV4(), &port, kAlone, 0), EADDRINUSE);
  EXPECT_EQ(ports.Choose(AddressSet::AnyV6(), &port, kAlone, 0), 0);
}

TEST(PortTableTest, TheClosestAddressGetsIt) {
  PortTable<int> ports({40000, 40009});
  const auto both = std::make_shared<int>(0);
  const auto family = std::make_shared<int>(1);
  const auto one = std::make_shared<int>(2);
  ports.Bind(AddressSet::AnyV4(), 80, kReusePort, family);
  ports.Bind(AddressSet::One(kOne), 80, kReusePort, one);
  ports.Bind(AddressSet::AnyOfBoth(), 80, kReusePort, both);
  for (uint16_t source = 0; source < 3; ++source) {
    EXPECT_EQ(ports.Find(kOne, 80, source), one);
    EXPECT_EQ(ports.Find(IpAddr::LoopbackV4(), 80, source), family);
    EXPECT_EQ(ports.Find(IpAddr::LoopbackV6(), 80, source), both);
  }
}

TEST(PortTableTest, SharesAmongThoseWhoAllShare) {
  PortTable<int> ports({40000, 40009});
  const AddressSet any = AddressSet::AnyV4();
  const auto first = std::make_shared<int>(1);
  const auto second = std::make_shared<int>(2);
  ports.Bind(any, 80, kReusePort, first);
  uint16_t port = 80;
  EXPECT_EQ(ports.Choose(any, &port, kAlone, 0), EADDRINUSE);
  EXPECT_EQ(ports.Choose(any, &port, kReusePort, 0), 0);
  ports.Bind(any, 80, kReusePort, second);
  EXPECT_EQ(ports.Find(kOne, 80, 1000), first);
  EXPECT_EQ(ports.Find(kOne, 80, 1001), second);
}

TEST(PortTableTest, WhatIsSharedByReuseAddressIsTheLastOnes) {
  PortTable<int> ports({40000, 40009});
  const AddressSet any = AddressSet::AnyV4();
  ports.Bind(any, 80, kReuseAddress, std::make_shared<int>(1));
  uint16_t port = 80;
  EXPECT_EQ(ports.Choose(any, &port, kReusePort, 0), EADDRINUSE);
  EXPECT_EQ(ports.Choose(any, &port, kReusePort | kReuseAddress, 0), 0);
  const auto last = std::make_shared<int>(2);
  ports.Bind(any, 80, kReuseAddress, last);
  EXPECT_EQ(ports.Find(kOne, 80, 1000), last);
  EXPECT_EQ(ports.Find(kOne, 80, 1001), last);
  EXPECT_EQ(ports.FindAll(kOne, 80).size(), 2u);
}

TEST(PortTableTest, AsksAllOrTheFirstWhetherTheyShare) {
  for (const bool all : {true, false}) {
    PortTable<int> ports({40000, 40009}, all ? PortConflicts::kWithAny
                                             : PortConflicts::kWithFirst);
    ports.Bind(AddressSet::One(kOne), 80, kAlone, nullptr);
    ports.Bind(AddressSet::One(IpAddr::LoopbackV4()), 80, kReusePort, nullptr);
    uint16_t port = 80;
    EXPECT_EQ(ports.Choose(AddressSet::AnyV4(), &port, kReusePort, 0),
              all ? EADDRINUSE : 0);
    EXPECT_EQ(ports.Choose(AddressSet::AnyV4(), &port, kAlone, 0), EADDRINUSE);
    EXPECT_EQ(ports.Choose(AddressSet::One(kOne), &port, kReusePort, 0),
              EADDRINUSE);
  }
}

TEST(PortTableTest, GivesOutPortsInOrderUntilNoneIsLeft) {
  PortTable<int> ports({65534, 65535});
  const AddressSet any = AddressSet::AnyV4();
  for (const uint16_t expected : {65534, 65535}) {
    uint16_t port = 0;
    ASSERT_EQ(ports.Choose(any, &port, kAlone, EAGAIN), 0);
    EXPECT_EQ(port, expected);
    ports.Bind(any, port, kAlone, nullptr);
  }
  uint16_t port = 0;
  EXPECT_EQ(ports.Choose(any, &port, kAlone, EAGAIN), EAGAIN);
}

}  // namespace
}  // namespace plumb
