// One client's connection: a coroutine that reads a request, takes it through the Dispatcher,
// writes the answer, and begins again. All of it runs on one input/output thread; what blocks goes
// to a worker thread meanwhile.
//
// Time-outs are a deadline that the coroutine moves and the thread's sweeper looks at, four times a
// second: one timer a thread, not one an operation.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include <boost/asio/steady_timer.hpp>

#include "serve/dispatch.h"
#include "serve/request_parser.h"
#include "serve/server.h"
#include "serve/transport.h"
#include "serve/worker_pool.h"

namespace attune::serve {

class Channel;
class Connection;

// 400, for a client that stopped sending in the middle; it may still read.
ApiError broke_off();

// What all connections share.
struct Core {
  const ServerOptions& options;
  Dispatcher& dispatcher;
  const jobs::BlobStore& blobs;
  WorkerPool& workers;
  WorkerPool& long_running;
  std::atomic<std::int64_t> connections = 0;
  std::atomic<std::int64_t> event_streams = 0;
  std::atomic<std::int64_t> body_bytes = 0;  // of JSON bodies in memory
  std::atomic<bool> stopping = false;

  void report(std::string_view fault) const {
    if (options.log) options.log->error(fault);
  }
};

// An input/output thread's own state.
struct Loop {
  asio::io_context context{1};
  std::unordered_set<Connection*> connections;  // of this thread alone
  std::string date;                             // as Date says it, renewed by the sweeper
};

// A coroutine waits for it, at most one at a time; it is raised on the same thread.
class Signal {
 public:
  explicit Signal(const asio::any_io_executor& executor) : timer_(executor) {}
  void raise();
  // True: raised. False: the time ran out.
  asio::awaitable<bool> wait(double seconds);

 private:
  asio::steady_timer timer_;
  bool raised_ = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::ip::tcp::socket socket, TlsContext* tls, std::string peer, Core& core,
             std::shared_ptr<Loop> loop);
  ~Connection();

  asio::awaitable<void> run();
  // On the connection's thread.
  void sweep(std::chrono::steady_clock::time_point now);
  void stop();   // after the answer in progress; at once if there is none
  void abort();  // now

 private:
  enum class Got { bytes, end, timed_out };

  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> read_head();
  asio::awaitable<Got> fill(std::size_t room);
  asio::awaitable<void> identify(Exchange& exchange);
  asio::awaitable<void> read_body(Exchange& exchange);
  asio::awaitable<bool> read_piece(Exchange& exchange, std::string& piece, std::size_t most);
  asio::awaitable<void> read_json(Exchange& exchange);
  asio::awaitable<void> read_multipart(Exchange& exchange);
  asio::awaitable<void> drop_body(Exchange& exchange);
  asio::awaitable<Response> answer(Exchange& exchange);

  asio::awaitable<void> send(Exchange& exchange, Response& response);
  std::string head_of(const Response& response);
  // Null: there is no thread for it.
  std::shared_ptr<Channel> start_producer(std::function<void(StreamWriter&)> producer);
  asio::awaitable<void> send_plain(std::string head, std::string_view body);
  asio::awaitable<void> send_file(std::string head, const FileBody& file);
  asio::awaitable<void> send_produced(std::string head, std::shared_ptr<Channel> channel);
  asio::awaitable<void> send_events(std::string head, Subscription& subscription);
  asio::awaitable<bool> send_chunk(std::string_view bytes);
  asio::awaitable<bool> send_last_chunk();
  asio::awaitable<bool> send_bytes(std::string_view bytes);
  asio::awaitable<void> refuse(const ApiError& error);
  asio::awaitable<void> linger();

  // Reads while an answer streams, to learn that the client hangs up.
  void start_watching();
  asio::awaitable<void> watch();
  asio::awaitable<void> stop_watching();

  asio::awaitable<bool> run_on(WorkerPool& pool, std::function<void()> work);
  std::function<void()> waker();
  void allow(double seconds);  // moves the deadline
  void allow_any_time();
  std::string_view unread() const;
  void took(std::string_view rest);
  void release_buffer();

  Transport transport_;
  std::string peer_;
  Core& core_;
  std::shared_ptr<Loop> loop_;
  RequestParser parser_;
  Signal signal_;

  std::string input_;  // bytes that came, from read_ on not used yet
  std::size_t read_ = 0;
  std::chrono::steady_clock::time_point deadline_;
  bool expired_ = false;
  bool idle_ = false;    // between two requests
  bool broken_ = false;  // nothing more can be sent
  bool keep_ = false;    // the connection, after this answer
  bool is_1_1_ = true;
  bool chunked_ = false;
  bool watching_ = false;       // watch() runs
  bool watch_no_more_ = false;  // and is asked to end
  bool streaming_events_ = false;
  std::int64_t bytes_in_ = 0;
  std::int64_t bytes_out_ = 0;
  std::shared_ptr<std::atomic<bool>> gone_;  // told to the handler; set by watch()
};

}  // namespace attune::serve
