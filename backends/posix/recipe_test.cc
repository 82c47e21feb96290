// The backend of README.md, and that it works.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/op_error.h"
#include "backends/posix/socket.h"
#include "backends/posix/socket_pair_for_test.h"
#include "backends/posix/stream_conn.h"
#include "gtest/gtest.h"
#include "transport/call.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/options.h"
#include "transport/registry.h"
#include "transport/transport.h"

// Recipe begins.
namespace plumb {

class InheritedTransport final : public Transport {
 public:
  explicit InheritedTransport(Clock& clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override {
    absl::Status status = CheckOptions("dial", network, options.SetNames(), {});
    if (!status.ok()) return status;
    ErrorInfo info;
    info.op = "dial";
    info.network = std::string(network);
    info.addr = Addr::Named("inherited", address);
    int number = -1;
    if (!absl::SimpleAtoi(address, &number)) {
      return OpError(absl::StatusCode::kInvalidArgument, info,
                     "not a descriptor");
    }
    // Owned from here on.
    Descriptor fd(fcntl(number, F_DUPFD_CLOEXEC, 0));
    status = SocketName(fd.get()).status();
    if (!status.ok()) return ForOp(status, info);
    auto names = std::make_shared<CallNames>();
    names->network = info.network;
    names->source = Addr::Unnamed("inherited");
    names->addr = info.addr;
    return std::make_unique<StreamConn>(clock_, std::move(fd),
                                        std::move(names));
  }

  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions&) override {
    return UnexpectedTypeError(network, address);
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions&) override {
    return UnexpectedTypeError(network, address);
  }

 private:
  Clock& clock_;
};

absl::Status RegisterInherited(Registry& registry) {
  return registry.Register("inherited",
                           std::make_shared<InheritedTransport>(Clock::Real()));
}

}  // namespace plumb
// Recipe ends.

namespace plumb {
namespace {

TEST(Recipe, Works) {
  Registry registry;
  ASSERT_TRUE(RegisterInherited(registry).ok());
  const SocketPair pair(SOCK_STREAM);
  auto a = *registry.Dial("inherited", absl::StrCat(pair.a.get()));
  auto b = *registry.Dial("inherited", absl::StrCat(pair.b.get()));
  ASSERT_TRUE(a->Write("hello").ok());
  char buffer[8];
  EXPECT_EQ(*b->Read(absl::MakeSpan(buffer)), 5u);
}

TEST(Recipe, Errors) {
  Registry registry;
  ASSERT_TRUE(RegisterInherited(registry).ok());
  const absl::Status word = registry.Dial("inherited", "x").status();
  EXPECT_EQ(word.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(word.message(), "dial inherited x: not a descriptor");
  const absl::Status closed = registry.Dial("inherited", "99999").status();
  EXPECT_EQ(closed.message(),
            "dial inherited 99999: getsockname: bad file descriptor");
  const absl::Status listen = registry.Listen("inherited", "3").status();
  EXPECT_EQ(listen.code(), absl::StatusCode::kUnimplemented);
}

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Recipe, IsWhatTheReadmeShows) {
  const std::string code = ReadText("backends/posix/recipe_test.cc");
  const size_t begin = code.find("namespace plumb {");
  const size_t end = code.find(
      "// Recipe "
      "ends.");
  ASSERT_NE(end, std::string::npos);
  EXPECT_TRUE(absl::StrContains(ReadText("backends/posix/README.md"),
                                code.substr(begin, end - begin)));
}

}  // namespace
}  // namespace plumb
