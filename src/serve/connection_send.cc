// The sending half of a connection: plain bodies, files, produced streams, live events.
#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "serve/connection.h"
#include "serve/response_head.h"

namespace attune::serve {

namespace {

constexpr std::size_t kPiece = 256 << 10;         // of a body, between two looks at the deadline
constexpr std::size_t kMostBuffered = 256 << 10;  // that a producer may be ahead of its client
constexpr std::size_t kMostPipelined = 64 << 10;
constexpr double kForever = 3600;

// Counts an event stream while it lives.
struct Counted {
  std::atomic<std::int64_t>& count;
  explicit Counted(std::atomic<std::int64_t>& of) : count(of) { ++count; }
  ~Counted() { --count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};

}  // namespace

// Between a producer on a worker thread and the connection that sends what it writes.
class Channel : public StreamWriter {
 public:
  Channel(std::function<void()> wake, std::shared_ptr<std::atomic<bool>> gone)
      : wake_(std::move(wake)), gone_(std::move(gone)) {}

  bool write(std::string_view bytes) override {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return buffer_.size() < kMostBuffered || closed_; });
    if (closed_ || *gone_) return false;
    const bool was_empty = buffer_.empty();
    buffer_ += bytes;
    lock.unlock();
    if (was_empty) wake_();
    return true;
  }
  bool client_is_there() override {
    const std::lock_guard lock(mutex_);
    return !closed_ && !*gone_;
  }

  // The producer has returned, or thrown.
  void finish(bool failed) {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
      failed_ = failed;
    }
    wake_();
  }
  struct Taken {
    std::string bytes;
    bool finished = false;
    bool failed = false;
  };
  Taken take() {
    const std::lock_guard lock(mutex_);
    Taken taken{std::exchange(buffer_, std::string()), finished_, failed_};
    room_.notify_all();
    return taken;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }

 private:
  std::function<void()> wake_;
  std::shared_ptr<std::atomic<bool>> gone_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::string buffer_;
  bool finished_ = false;
  bool failed_ = false;
  bool closed_ = false;
};

std::function<void()> Connection::waker() {
  auto posted = std::make_shared<std::atomic<bool>>(false);
  // The loop is kept: a wake may come when the connection, and even the server, has ended.
  return [weak = weak_from_this(), loop = loop_, posted] {
    if (posted->exchange(true)) return;
    asio::post(loop->context, [weak, posted] {
      *posted = false;
      if (const auto self = weak.lock()) self->signal_.raise();
    });
  };
}

std::string Connection::head_of(const Response& response) {
  HeadOptions options{.is_1_1 = is_1_1_, .keep_alive = keep_, .date = loop_->date};
  if (response.file)
    options.content_length = response.file->bytes();
  else if (!response.is_stream())
    options.content_length = static_cast<std::int64_t>(
        response.shared_body ? response.shared_body->size() : response.body.size());
  std::string head;
  head.reserve(512);
  append_head(head, response, options);
  return head;
}

asio::awaitable<void> Connection::send(Exchange& exchange, Response& response) {
  std::shared_ptr<Channel> channel;
  if (response.producer && !exchange.head_only) {
    start_watching();
    channel = start_producer(response.producer);
    if (!channel) {
      response = Response::from_error(
          wire::overloaded("The server is overloaded. Please try again in a moment.", 1));
      core_.dispatcher.dress(exchange, response);
    }
  }
  const bool streams = channel || response.subscription;
  if (streams && !is_1_1_) keep_ = false;
  chunked_ = streams && is_1_1_;
  if (response.subscription && !exchange.head_only) start_watching();
  std::string head = head_of(response);
  if (exchange.head_only || response.status == 204) {
    co_await send_bytes(head);
  } else if (channel) {
    co_await send_produced(std::move(head), std::move(channel));
  } else if (response.subscription) {
    co_await send_events(std::move(head), *response.subscription);
  } else if (response.file) {
    co_await send_file(std::move(head), *response.file);
  } else {
    const std::string_view body =
        response.shared_body ? std::string_view(*response.shared_body) : response.body;
    co_await send_plain(std::move(head), body);
  }
  co_await stop_watching();
  allow_any_time();
}

// ---- bytes ----

asio::awaitable<bool> Connection::send_bytes(std::string_view bytes) {
  const std::array<std::string_view, 1> pieces = {bytes};
  allow(core_.options.time_outs.write);
  const ErrorCode error = co_await transport_.write(pieces);
  bytes_out_ += static_cast<std::int64_t>(bytes.size());
  if (error || expired_) broken_ = true;
  co_return !broken_;
}

asio::awaitable<bool> Connection::send_chunk(std::string_view bytes) {
  if (!chunked_) {
    const bool sent = co_await send_bytes(bytes);
    co_return sent;
  }
  const std::string size = fmt::format("{:x}\r\n", bytes.size());
  const std::array<std::string_view, 3> pieces = {size, bytes, "\r\n"};
  allow(core_.options.time_outs.write);
  const ErrorCode error = co_await transport_.write(pieces);
  bytes_out_ += static_cast<std::int64_t>(bytes.size());
  if (error || expired_) broken_ = true;
  co_return !broken_;
}

asio::awaitable<bool> Connection::send_last_chunk() {
  if (!chunked_) {
    keep_ = false;  // the end of the connection is the end of the body
    co_return true;
  }
  const bool sent = co_await send_bytes("0\r\n\r\n");
  co_return sent;
}

asio::awaitable<void> Connection::send_plain(std::string head, std::string_view body) {
  const std::string_view first = body.substr(0, kPiece);
  const std::array<std::string_view, 2> pieces = {head, first};
  allow(core_.options.time_outs.write);
  const ErrorCode error = co_await transport_.write(pieces);
  if (error || expired_) broken_ = true;
  bytes_out_ += static_cast<std::int64_t>(head.size() + first.size());
  for (std::size_t at = first.size(); at < body.size() && !broken_; at += kPiece)
    co_await send_bytes(body.substr(at, kPiece));
}

asio::awaitable<void> Connection::send_file(std::string head, const FileBody& file) {
  co_await send_bytes(head);
  std::int64_t at = 0;
  while (at < file.bytes() && !broken_) {
    Result<std::string> piece;
    allow_any_time();
    const bool ran = co_await run_on(
        core_.workers, [&] { piece = file.read(at, static_cast<std::int64_t>(kPiece)); });
    if (!ran || !piece) {
      if (ran) core_.report("a file could not be sent whole: " + piece.error().message());
      broken_ = true;  // the client sees fewer bytes than were promised
      break;
    }
    at += static_cast<std::int64_t>(piece->size());
    co_await send_bytes(*piece);
  }
}

// ---- streams ----

std::shared_ptr<Channel> Connection::start_producer(std::function<void(StreamWriter&)> producer) {
  auto channel = std::make_shared<Channel>(waker(), gone_);
  const auto produce = [producer = std::move(producer), channel, &core = core_] {
    bool failed = true;
    try {
      producer(*channel);
      failed = false;
    } catch (const std::exception& error) {
      core.report(std::string("a stream broke off: ") + error.what());
    }
    channel->finish(failed);
  };
  return core_.long_running.submit(produce) ? channel : nullptr;
}

asio::awaitable<void> Connection::send_produced(std::string head,
                                                std::shared_ptr<Channel> channel) {
  co_await send_bytes(head);
  while (!broken_) {
    const Channel::Taken taken = channel->take();
    if (!taken.bytes.empty()) {
      co_await send_chunk(taken.bytes);
      continue;
    }
    if (taken.finished && !taken.failed) {
      co_await send_last_chunk();
      co_return;
    }
    if (taken.failed || *gone_) broken_ = true;
    if (broken_) break;
    allow_any_time();
    co_await signal_.wait(kForever);
  }
  channel->close();
}

asio::awaitable<void> Connection::send_events(std::string head, Subscription& subscription) {
  const Counted counted(core_.event_streams);
  streaming_events_ = true;
  subscription.on_ready(waker());
  co_await send_bytes(head);
  input_.shrink_to_fit();
  bool raised = true;
  while (!broken_ && !core_.stopping) {
    Subscription::Piece piece = subscription.take();
    if (piece.must_fetch) {
      allow_any_time();
      const bool ran = co_await run_on(core_.workers, [&] { piece = subscription.fetch(); });
      if (!ran) co_await signal_.wait(1);
    }
    if (piece.bytes.empty() && !piece.finished && !piece.must_fetch && !raised)
      piece.bytes = ": still there\n\n";
    if (!piece.bytes.empty()) co_await send_chunk(piece.bytes);
    if (piece.finished && !broken_) break;
    raised = true;
    if (!piece.bytes.empty() || piece.must_fetch || broken_) continue;
    allow_any_time();
    raised = co_await signal_.wait(core_.options.time_outs.ping);
    if (*gone_) broken_ = true;
  }
  subscription.on_ready({});
  streaming_events_ = false;
  if (!broken_) co_await send_last_chunk();
}

asio::awaitable<void> Connection::refuse(const ApiError& error) {
  Exchange exchange;
  exchange.request.method = "?";
  exchange.request.request_id = core_.dispatcher.new_request_id();
  Response response = Response::from_error(error);
  keep_ = false;
  core_.dispatcher.dress(exchange, response);
  co_await send(exchange, response);
  if (core_.options.on_request)
    core_.options.on_request({.request_id = exchange.request.request_id,
                              .method = exchange.request.method,
                              .route = {},
                              .peer = peer_,
                              .key_id = {},
                              .status = response.status});
}

// ---- watching for the client's end ----

void Connection::start_watching() {
  if (watching_) return;
  watching_ = true;
  watch_no_more_ = false;
  gone_ = std::make_shared<std::atomic<bool>>(false);
  asio::co_spawn(loop_->context, watch(), asio::detached);
}

asio::awaitable<void> Connection::watch() {
  const auto self = shared_from_this();
  const auto gone = gone_;
  while (input_.size() - read_ < kMostPipelined) {
    const Got got = co_await fill(1024);
    if (watch_no_more_) break;
    if (got == Got::bytes) continue;
    *gone = true;
    break;
  }
  watching_ = false;
  signal_.raise();
}

asio::awaitable<void> Connection::stop_watching() {
  if (!gone_) co_return;
  if (*gone_) broken_ = true;
  if (transport_.is_tls()) keep_ = false;  // a TLS stream is not used again after a cancelled read
  watch_no_more_ = true;
  if (watching_) transport_.cancel();
  while (watching_) {
    const bool raised = co_await signal_.wait(kForever);
    (void)raised;
  }
  gone_.reset();
}

}  // namespace attune::serve
