// The same with Asio's callbacks, in one thread.
//
//   g++ -O2 -DASIO_STANDALONE asio_echo.cc -o asio_echo && ./asio_echo PORT
//
// Not built by Bazel: Asio is no dependency of Plumb (Debian: libasio-dev).
#include <array>
#include <asio.hpp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

namespace {

using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

  void Read() {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this()](std::error_code error, size_t size) {
          if (!error) self->Write(size);
        });
  }

 private:
  void Write(size_t size) {
    asio::async_write(
        socket_, asio::buffer(buffer_, size),
        [self = shared_from_this()](std::error_code error, size_t) {
          if (!error) self->Read();
        });
  }

  tcp::socket socket_;
  std::array<char, 16384> buffer_;
};

void Accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&](std::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket))->Read();
    }
    Accept(acceptor);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("asio_echo: needs a port\n", stderr);
    return 2;
  }
  asio::io_context context(1);
  const auto port = static_cast<unsigned short>(std::atoi(argv[1]));
  tcp::acceptor acceptor(context, tcp::endpoint(tcp::v4(), port));
  acceptor.listen(4096);
  Accept(acceptor);
  context.run();
}
