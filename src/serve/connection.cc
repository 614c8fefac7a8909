#include "serve/connection.h"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "wire/ids.h"

namespace attune::serve {

namespace {

constexpr std::size_t kHeadRoom = 8 << 10;
constexpr double kLingerSeconds = 2;

}  // namespace

ApiError broke_off() {
  return wire::bad_request("The request ended before it was whole.", "incomplete_request");
}

// ---- signal ----

void Signal::raise() {
  raised_ = true;
  timer_.cancel();
}

asio::awaitable<bool> Signal::wait(double seconds) {
  if (!raised_) {
    timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(seconds)));
    const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)error;
  }
  co_return std::exchange(raised_, false);
}

// ---- connection ----

Connection::Connection(asio::ip::tcp::socket socket, TlsContext* tls, std::string peer, Core& core,
                       std::shared_ptr<Loop> loop)
    : transport_(std::move(socket), tls),
      peer_(std::move(peer)),
      core_(core),
      loop_(std::move(loop)),
      parser_(core.options.limits.header_bytes),
      signal_(transport_.executor()) {
  allow_any_time();
  loop_->connections.insert(this);
  ++core_.connections;
}

Connection::~Connection() {
  loop_->connections.erase(this);
  --core_.connections;
}

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  allow(core_.options.time_outs.handshake);
  const ErrorCode error = co_await transport_.handshake();
  if (error || expired_) co_return;
  for (;;) {
    const bool again = co_await serve_one();
    if (!again) break;
  }
  co_await linger();
}

// False: the connection ends.
asio::awaitable<bool> Connection::serve_one() {
  const bool whole = co_await read_head();
  if (!whole) co_return false;
  RequestHead& head = parser_.head();
  keep_ = head.keep_alive && !core_.stopping;
  is_1_1_ = head.is_1_1;
  bytes_in_ = bytes_out_ = 0;
  allow_any_time();
  Exchange exchange = core_.dispatcher.begin(std::move(head), peer_);
  co_await identify(exchange);
  if (!exchange.answer) core_.dispatcher.admit(exchange);
  if (!exchange.answer) co_await read_body(exchange);
  if (!parser_.done() && !broken_) co_await drop_body(exchange);
  if (broken_) co_return false;
  Response response = co_await answer(exchange);
  core_.dispatcher.dress(exchange, response);
  co_await send(exchange, response);
  if (core_.options.on_request) {
    core_.options.on_request({.request_id = exchange.request.request_id,
                              .method = exchange.head_only ? "HEAD" : exchange.request.method,
                              .route = exchange.route ? exchange.route->pattern : std::string(),
                              .peer = peer_,
                              .key_id = exchange.request.principal.key_id,
                              .status = response.status,
                              .seconds = exchange.clock.seconds(),
                              .bytes_in = bytes_in_,
                              .bytes_out = bytes_out_});
  }
  co_return keep_ && !broken_ && !core_.stopping;
}

// ---- reading ----

std::string_view Connection::unread() const { return std::string_view(input_).substr(read_); }

void Connection::took(std::string_view rest) {
  read_ = input_.size() - rest.size();
  if (read_ == input_.size()) {
    input_.clear();
    read_ = 0;
  }
}

// A large body leaves no large buffer behind.
void Connection::release_buffer() {
  if (input_.capacity() > 2 * kHeadRoom && unread().size() <= kHeadRoom) {
    input_ = std::string(unread());
    read_ = 0;
  }
}

// Waits for bytes behind those that are there.
asio::awaitable<Connection::Got> Connection::fill(std::size_t room) {
  if (read_ > 0) {
    input_.erase(0, read_);
    read_ = 0;
  }
  const std::size_t have = input_.size();
  input_.resize(have + room);
  const std::size_t got = co_await transport_.read_some(input_.data() + have, room);
  input_.resize(have + got);
  if (expired_) co_return Got::timed_out;
  co_return got == 0 ? Got::end : Got::bytes;
}

// False: there is no request, or it was refused already.
asio::awaitable<bool> Connection::read_head() {
  parser_.restart();
  bool begun = false;
  idle_ = true;
  allow(core_.options.time_outs.keep_alive);
  for (;;) {
    std::string_view bytes = unread();
    // An empty line before a request is an old client's mistake.
    while (!begun && bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    if (!bytes.empty()) {
      if (!begun) allow(core_.options.time_outs.header);
      begun = true;
      idle_ = false;
      Answer<bool> whole = parser_.read_head(bytes);
      took(bytes);
      if (!whole) {
        co_await refuse(whole.error());
        co_return false;
      }
      if (*whole) co_return true;
    }
    if (core_.stopping && idle_) co_return false;
    const Got got = co_await fill(kHeadRoom);
    if (got == Got::timed_out && begun) {
      expired_ = false;
      const ApiError late{.status = 408,
                          .message = "The header of the request took too long to arrive.",
                          .code = "request_timeout"};
      co_await refuse(late);
    }
    if (got == Got::end && begun) co_await refuse(broke_off());
    if (got != Got::bytes) co_return false;
  }
}

asio::awaitable<void> Connection::identify(Exchange& exchange) {
  if (exchange.answer || core_.dispatcher.identify(exchange, false)) co_return;
  const bool ran =
      co_await run_on(core_.workers, [&] { core_.dispatcher.identify(exchange, true); });
  if (!ran) exchange.answer = Response::from_error(wire::overloaded("Too busy.", 1));
}

// ---- the handler ----

asio::awaitable<bool> Connection::run_on(WorkerPool& pool, std::function<void()> work) {
  const asio::any_io_executor executor = transport_.executor();
  const auto start = [&pool, executor](auto handler, std::function<void()> task) {
    // std::function wants to copy; the handler can't be copied. It ends on its own thread.
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    const auto resume = [executor, waiting](bool ran) {
      asio::post(executor, [waiting, ran] {
        auto resumed = std::move(*waiting);
        resumed(ran);
      });
    };
    const bool accepted = pool.submit([task = std::move(task), resume] {
      task();
      resume(true);
    });
    if (!accepted) resume(false);
  };
  const bool ran = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      start, asio::use_awaitable, std::move(work));
  co_return ran;
}

asio::awaitable<Response> Connection::answer(Exchange& exchange) {
  if (exchange.answer) co_return std::move(*exchange.answer);
  if (exchange.run_kind() == Run::on_io_thread) co_return core_.dispatcher.run(exchange);
  const bool is_long = exchange.run_kind() == Run::long_running;
  if (is_long) {
    start_watching();
    exchange.request.client_gone = gone_;
  }
  Response response;
  const bool ran = co_await run_on(is_long ? core_.long_running : core_.workers,
                                   [&] { response = core_.dispatcher.run(exchange); });
  if (!ran)
    response = Response::from_error(
        wire::overloaded("The server is overloaded. Please try again in a moment.", 1));
  co_return response;
}

// ---- life ----

void Connection::allow(double seconds) {
  deadline_ = std::chrono::steady_clock::now() +
              std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                  std::chrono::duration<double>(seconds));
}

void Connection::allow_any_time() { deadline_ = std::chrono::steady_clock::time_point::max(); }

void Connection::sweep(std::chrono::steady_clock::time_point now) {
  if (now < deadline_) return;
  allow_any_time();
  expired_ = true;
  transport_.cancel();
}

void Connection::stop() {
  if (idle_) transport_.cancel();
  if (streaming_events_) signal_.raise();
}

void Connection::abort() {
  broken_ = true;
  if (gone_) *gone_ = true;
  transport_.close();
  signal_.raise();
}

// Lets the client read the answer: closing at once with bytes unread would throw it away.
asio::awaitable<void> Connection::linger() {
  if (broken_ || expired_ || idle_) {
    transport_.close();
    co_return;
  }
  allow(kLingerSeconds);
  co_await transport_.finish_sending();
  std::int64_t dropped = 0;
  while (!expired_ && dropped < (16 << 20)) {
    input_.clear();
    read_ = 0;
    const Got got = co_await fill(kHeadRoom);
    if (got != Got::bytes) break;
    dropped += static_cast<std::int64_t>(input_.size());
  }
  transport_.close();
}

}  // namespace attune::serve
