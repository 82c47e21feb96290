#include "transport/errno_text.h"

#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(ErrnoTextTest, PrintsWhatGoPrints) {
  EXPECT_EQ(ErrnoText(ECONNREFUSED), "connection refused");
  EXPECT_EQ(ErrnoText(ECONNRESET), "connection reset by peer");
  EXPECT_EQ(ErrnoText(EADDRINUSE), "address already in use");
  EXPECT_EQ(ErrnoText(EADDRNOTAVAIL), "cannot assign requested address");
  EXPECT_EQ(ErrnoText(EMFILE), "too many open files");
  EXPECT_EQ(ErrnoText(ENOENT), "no such file or directory");
  EXPECT_EQ(ErrnoText(ENOTCONN), "transport endpoint is not connected");
  EXPECT_EQ(ErrnoText(EDESTADDRREQ), "destination address required");
  EXPECT_EQ(ErrnoText(EMSGSIZE), "message too long");
  EXPECT_EQ(ErrnoText(EAGAIN), "resource temporarily unavailable");
  EXPECT_EQ(ErrnoText(EPIPE), "broken pipe");
  EXPECT_EQ(ErrnoText(EINVAL), "invalid argument");
  EXPECT_EQ(ErrnoText(ENOTSOCK), "socket operation on non-socket");
  EXPECT_EQ(ErrnoText(ETIMEDOUT), "connection timed out");
  EXPECT_EQ(ErrnoText(ENETUNREACH), "network is unreachable");
  EXPECT_EQ(ErrnoText(EHOSTUNREACH), "no route to host");
}

TEST(ErrnoTextTest, KeepsTheCapitalsOfAcronymsAndOldWords) {
  EXPECT_EQ(ErrnoText(EDOTDOT), "RFS specific error");
  EXPECT_EQ(ErrnoText(ELIBSCN), ".lib section in a.out corrupted");
  EXPECT_EQ(ErrnoText(ESTALE), "stale NFS file handle");
}

TEST(ErrnoTextTest, NumbersWhatHasNoWords) {
  EXPECT_EQ(ErrnoText(0), "errno 0");
  EXPECT_EQ(ErrnoText(41), "errno 41");
  EXPECT_EQ(ErrnoText(58), "errno 58");
  EXPECT_EQ(ErrnoText(133), "errno 133");
  EXPECT_EQ(ErrnoText(-1), "errno -1");
  EXPECT_EQ(ErrnoText(4095), "errno 4095");
}

TEST(ErrnoTextTest, EachNumberOfLinuxHasWordsOfItsOwn) {
  std::set<std::string> words;
  for (int error = 1; error <= 132; ++error) {
    if (error == 41 || error == 58) continue;
    SCOPED_TRACE(error);
    const std::string text = ErrnoText(error);
    EXPECT_NE(text, "errno " + std::to_string(error));
    EXPECT_TRUE(words.insert(text).second) << text;
  }
}

}  // namespace
}  // namespace plumb
