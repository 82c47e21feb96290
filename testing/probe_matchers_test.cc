#include "testing/probe_matchers.h"

#include <memory>

#include "backends/fake/fake.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/pipe.h"

namespace plumb {
namespace {

using ::testing::Ge;
using ::testing::Not;
using ::testing::StringMatchResultListener;

TEST(ProbeMatchersTest, SeeWhatACallWouldFind) {
  FakeNetwork network;
  PLUMB_ASSERT_OK_AND_ASSIGN(auto listener,
                             network.Host("db")->Listen("tcp", ":80"));
  EXPECT_THAT(listener, Not(CanAccept()));
  EXPECT_THAT(listener, PendingConnects(0));
  PLUMB_ASSERT_OK_AND_ASSIGN(auto client,
                             network.Host("web")->Dial("tcp", "db:80"));
  EXPECT_THAT(listener, CanAccept());
  EXPECT_THAT(listener.get(), PendingConnects(Ge(1)));
  PLUMB_ASSERT_OK_AND_ASSIGN(auto server, listener->Accept());
  EXPECT_THAT(server, Not(CanRead()));
  ASSERT_THAT(client->Write("x"), IsOk());
  EXPECT_THAT(server, CanRead());
  EXPECT_THAT(client, BytesInFlight(0));
  EXPECT_THAT(server, Not(IsClosedByPeer()));
  ASSERT_THAT(client->Close(), IsOk());
  EXPECT_THAT(server, IsClosedByPeer());
}

TEST(ProbeMatchersTest, WhatHasNoProbeFails) {
  static Conn* const near = Pipe().first.release();
  EXPECT_NONFATAL_FAILURE(
      {
        StringMatchResultListener said;
        EXPECT_FALSE(CanRead().MatchAndExplain(near, &said));
        EXPECT_EQ(said.str(), "which has no plumb.ConnProbe");
      },
      "It is asked CanRead and has no plumb.ConnProbe");
  EXPECT_NONFATAL_FAILURE(EXPECT_THAT(near, Not(IsClosedByPeer())),
                          "It is asked IsClosedByPeer");
  delete near;
}

}  // namespace
}  // namespace plumb
