// The reading of bodies: JSON to memory, forms to disk, and what nobody wants thrown away.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "serve/connection.h"
#include "serve/multipart.h"

namespace attune::serve {

namespace {

constexpr std::size_t kLeastRoom = 8 << 10;
constexpr std::size_t kBodyRoom = 256 << 10;
constexpr std::int64_t kDroppedBody = 256 << 10;       // read and thrown away to keep a connection
constexpr std::int64_t kMostJsonInMemory = 512 << 20;  // of all requests
constexpr double kSlowestBody = 1024;                  // bytes a second, after the first time-out

Response too_slow() {
  return Response::from_error({.status = 408,
                               .message = "The request took too long to arrive.",
                               .code = "request_timeout"});
}

}  // namespace

asio::awaitable<void> Connection::read_body(Exchange& exchange) {
  if (parser_.done()) {
    if (exchange.body_kind() == Body::multipart) co_await read_multipart(exchange);
    co_return;
  }
  if (exchange.body_kind() == Body::none) co_return;  // dropped later, if it is small
  if (exchange.wants_continue) {
    co_await send_bytes("HTTP/1.1 100 Continue\r\n\r\n");
    exchange.wants_continue = false;
  }
  if (exchange.body_kind() == Body::json)
    co_await read_json(exchange);
  else
    co_await read_multipart(exchange);
  allow_any_time();
}

// Appends decoded bytes to `piece` until it has `most`, or the body is whole. False: the exchange
// is over.
asio::awaitable<bool> Connection::read_piece(Exchange& exchange, std::string& piece,
                                             std::size_t most) {
  const double grace = core_.options.time_outs.body;
  while (!parser_.done() && piece.size() < most) {
    std::string_view bytes = unread();
    const std::size_t before = bytes.size();
    const std::size_t had = piece.size();
    const Answer<void> good = parser_.read_body(bytes, piece, most - piece.size());
    took(bytes);
    if (!good) {
      exchange.answer = Response::from_error(good.error());
      keep_ = false;
      co_return false;
    }
    bytes_in_ += static_cast<std::int64_t>(piece.size() - had);
    if (bytes_in_ > exchange.most_body_bytes) {
      exchange.answer = Response::from_error(wire::too_large(fmt::format(
          "The body of the request has more than {} bytes.", exchange.most_body_bytes)));
      keep_ = false;
      co_return false;
    }
    if (parser_.done() || bytes.size() < before) continue;
    if (before >= kBodyRoom) {  // the line before a chunk has no end
      exchange.answer = Response::from_error(
          wire::bad_request("The body of the request has a malformed chunk.", "malformed_request"));
      keep_ = false;
      co_return false;
    }
    // No faster than this, and a body holds its connection for as long as it likes.
    const double spent = exchange.clock.seconds();
    const double left = grace + static_cast<double>(bytes_in_) / kSlowestBody - spent;
    allow(std::clamp(left, 0.0, grace));
    const std::int64_t missing = exchange.content_length.value_or(kLeastRoom) - bytes_in_;
    const Got got = co_await fill(std::clamp(
        static_cast<std::size_t>(std::max<std::int64_t>(missing, 0)), kLeastRoom, kBodyRoom));
    if (got == Got::bytes) continue;
    expired_ = false;
    exchange.answer = got == Got::timed_out ? too_slow() : Response::from_error(broke_off());
    keep_ = false;
    co_return false;
  }
  co_return true;
}

asio::awaitable<void> Connection::read_json(Exchange& exchange) {
  std::string& body = exchange.request.body;
  std::int64_t counted = 0;
  for (;;) {
    const bool going = co_await read_piece(exchange, body, body.size() + kBodyRoom);
    const auto size = static_cast<std::int64_t>(body.size());
    const std::int64_t all = core_.body_bytes += size - counted;
    counted = size;
    if (!going || parser_.done()) break;
    if (all > kMostJsonInMemory) {
      exchange.answer =
          Response::from_error(wire::overloaded("Too many large requests at a time.", 1));
      keep_ = false;
      break;
    }
  }
  core_.body_bytes -= counted;
  release_buffer();
}

asio::awaitable<void> Connection::read_multipart(Exchange& exchange) {
  Request& request = exchange.request;
  const Answer<std::string> boundary = multipart_boundary(request.headers.find("content-type"));
  if (!boundary) {
    exchange.answer = Response::from_error(boundary.error());
    co_return;
  }
  PartCollector collector(core_.blobs, request.parts);
  MultipartParser parser(*boundary, collector);
  std::string piece;
  Answer<void> good;
  while (good) {
    const bool going = co_await read_piece(exchange, piece, kBodyRoom);
    if (!going) break;
    const bool last = parser_.done();
    allow_any_time();
    const bool ran = co_await run_on(core_.workers, [&] {
      good = parser.add(piece);
      if (good && last) good = parser.finish();
    });
    if (!ran) good = wire::refuse(wire::overloaded("Too many requests at a time.", 1));
    piece.clear();
    if (last) break;
  }
  if (!good) {
    exchange.answer = Response::from_error(good.error());
    keep_ = keep_ && parser_.done();
  }
  release_buffer();
}

// A body that nobody wants: read if it is small, else the connection ends after the answer.
asio::awaitable<void> Connection::drop_body(Exchange& exchange) {
  const bool is_small = exchange.content_length.value_or(kDroppedBody + 1) <= kDroppedBody;
  if (!keep_ || !is_small || exchange.wants_continue) {
    keep_ = false;
    co_return;
  }
  std::optional<Response> answered = std::exchange(exchange.answer, std::nullopt);
  std::string dropped;
  exchange.most_body_bytes = kDroppedBody;
  const bool going = co_await read_piece(exchange, dropped, kDroppedBody + 1);
  if (!going || !parser_.done()) keep_ = false;
  exchange.answer = std::move(answered);
  allow_any_time();
}

}  // namespace attune::serve
