// The only file that includes Asio's TLS.
#include "serve/transport.h"

#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace attune::serve {

namespace {
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
}  // namespace

struct TlsContext::State {
  asio::ssl::context context{asio::ssl::context::tls_server};
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::load(const Path& certificate, const Path& key) {
  auto state = std::make_unique<State>();
  asio::ssl::context& context = state->context;
  ErrorCode error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                          asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                          asio::ssl::context::no_tlsv1_1,
                      error);
  // Idle connections hold no buffers of 16 KiB.
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  if (!error) context.use_certificate_chain_file(certificate.string(), error);
  if (error)
    return bad_input({.where = certificate.string(),
                      .found = "no certificate could be read: " + error.message(),
                      .wanted = "a certificate in PEM form, with its chain behind it",
                      .fix = "give another file as --tls-cert"});
  context.use_private_key_file(key.string(), asio::ssl::context::pem, error);
  if (!error && SSL_CTX_check_private_key(context.native_handle()) != 1)
    error = ErrorCode(static_cast<int>(ERR_get_error()), asio::error::get_ssl_category());
  if (error)
    return bad_input({.where = key.string(),
                      .found = "no key for the certificate could be read: " + error.message(),
                      .wanted = "the private key of the certificate in PEM form, not encrypted",
                      .fix = "give another file as --tls-key"});
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(state)));
}

struct Transport::Tls {
  asio::ssl::stream<asio::ip::tcp::socket&> stream;
};

Transport::Transport(asio::ip::tcp::socket socket, TlsContext* tls) : socket_(std::move(socket)) {
  if (tls) tls_.reset(new Tls{{socket_, tls->state().context}});
  ErrorCode ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

Transport::~Transport() = default;

asio::awaitable<ErrorCode> Transport::handshake() {
  if (!tls_) co_return ErrorCode();
  const auto [error] =
      co_await tls_->stream.async_handshake(asio::ssl::stream_base::server, kAwait);
  co_return error;
}

asio::awaitable<std::size_t> Transport::read_some(char* data, std::size_t size) {
  const auto buffer = asio::buffer(data, size);
  if (tls_) {
    const auto [error, bytes] = co_await tls_->stream.async_read_some(buffer, kAwait);
    co_return error ? 0 : bytes;
  }
  const auto [error, bytes] = co_await socket_.async_read_some(buffer, kAwait);
  co_return error ? 0 : bytes;
}

asio::awaitable<ErrorCode> Transport::write(std::span<const std::string_view> pieces) {
  std::array<asio::const_buffer, 4> buffers;
  std::size_t count = 0;
  std::size_t all = 0;
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    buffers[count++] = asio::buffer(piece.data(), piece.size());
    all += piece.size();
  }
  if (tls_) {
    const auto [error, bytes] = co_await asio::async_write(tls_->stream, buffers, kAwait);
    co_return error;
  }
  // Most answers fit the socket's buffer: no need to wait for it.
  ErrorCode error;
  const std::size_t sent = socket_.write_some(buffers, error);
  if (error && error != asio::error::would_block) co_return error;
  if (sent == all) co_return ErrorCode();
  std::size_t skip = sent;
  for (asio::const_buffer& buffer : buffers) {
    const std::size_t here = std::min(skip, buffer.size());
    buffer += here;
    skip -= here;
  }
  const auto [rest_error, bytes] = co_await asio::async_write(socket_, buffers, kAwait);
  co_return rest_error;
}

void Transport::cancel() {
  ErrorCode ignored;
  socket_.cancel(ignored);
}

asio::awaitable<void> Transport::finish_sending() {
  if (tls_) {
    co_await tls_->stream.async_shutdown(kAwait);
  }
  ErrorCode ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void Transport::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace attune::serve
