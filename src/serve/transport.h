// One client's socket, plain or TLS, for the coroutines of one input/output thread. Nothing here
// throws: what fails says so in an error code. One reader and one writer may wait at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "io/file.h"

namespace attune::serve {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// The server's certificate and key.
class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> load(const Path& certificate, const Path& key);
  ~TlsContext();
  struct State;
  State& state() { return *state_; }

 private:
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Transport {
 public:
  // `tls` null: plain.
  Transport(asio::ip::tcp::socket socket, TlsContext* tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  asio::awaitable<ErrorCode> handshake();
  // 0 bytes: the client closed its side, or an error.
  asio::awaitable<std::size_t> read_some(char* data, std::size_t size);
  // All the pieces, or an error.
  asio::awaitable<ErrorCode> write(std::span<const std::string_view> pieces);

  bool is_tls() const { return tls_ != nullptr; }
  asio::any_io_executor executor() { return socket_.get_executor(); }
  // What waits ends with an error.
  void cancel();
  // No more bytes will be sent; the client sees the end. Over TLS this waits for the client's own.
  asio::awaitable<void> finish_sending();
  void close();

 private:
  struct Tls;
  asio::ip::tcp::socket socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace attune::serve
