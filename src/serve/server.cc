#include "serve/server.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "serve/connection.h"
#include "serve/response_head.h"

namespace attune::serve {

namespace {

using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr auto kSweepEvery = std::chrono::milliseconds(250);

std::int64_t processors() { return std::max<std::int64_t>(std::thread::hardware_concurrency(), 1); }

WorkerPoolOptions worker_options(const ServerOptions& options) {
  const std::int64_t workers =
      options.workers > 0 ? options.workers : std::max<std::int64_t>(4 * processors(), 8);
  return {.keep = workers, .most = workers, .waiting = options.limits.waiting};
}

WorkerPoolOptions long_running_options(const ServerOptions& options) {
  return {.keep = 0, .most = options.limits.long_running, .waiting = 0};
}

// Every connection needs a descriptor: as many as the system allows without asking root.
void raise_descriptor_limit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

struct Server::State {
  ServerOptions options;
  Dispatcher dispatcher;
  WorkerPool workers;
  WorkerPool long_running;
  Core core;
  std::shared_ptr<TlsContext> tls;
  std::vector<std::shared_ptr<Loop>> loops;
  std::vector<tcp::acceptor> acceptors;
  std::int64_t port = 0;

  std::mutex mutex;
  std::condition_variable stopped;
  bool stop_asked = false;
  std::map<std::string, std::int64_t> peers;  // connections of each address; on loops[0] alone
  std::size_t next_loop = 0;

  State(const ServerOptions& given, const Router& router, Authenticator& authenticator,
        const jobs::BlobStore& blobs, jobs::Store& store)
      : options(given),
        dispatcher(router, authenticator, store, options.limits, options.log),
        workers(worker_options(options)),
        long_running(long_running_options(options)),
        core{options, dispatcher, blobs, workers, long_running} {}

  Result<void> listen();
  Result<void> listen_at(const tcp::endpoint& endpoint);
  asio::awaitable<void> accept(tcp::acceptor& acceptor);
  asio::awaitable<void> sweep(Loop& loop);
  void welcome(tcp::socket socket, const std::shared_ptr<Loop>& loop);
  template <typename Act>
  void for_all_connections(Act act);
  bool wait_for_connections(double seconds);
};

// ---- listening ----

Result<void> Server::State::listen_at(const tcp::endpoint& endpoint) {
  tcp::acceptor acceptor(loops[0]->context);
  ErrorCode error;
  const auto attempt = [&](auto&& step) {
    if (!error) step();
  };
  acceptor.open(endpoint.protocol(), error);
  attempt([&] { acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  if (endpoint.address().is_v6() && !endpoint.address().is_unspecified())
    attempt([&] { acceptor.set_option(asio::ip::v6_only(true), error); });
  attempt([&] { acceptor.bind(endpoint, error); });
  attempt([&] { acceptor.listen(4096, error); });
  if (error)
    return environment_failure({.where = fmt::format("{} port {}", options.host, endpoint.port()),
                                .found = "the server can't listen there: " + error.message(),
                                .fix = "choose another --host or --port, or stop what uses it"});
  port = acceptor.local_endpoint().port();
  acceptors.push_back(std::move(acceptor));
  return {};
}

Result<void> Server::State::listen() {
  tcp::resolver resolver(loops[0]->context);
  ErrorCode error;
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error || found.empty())
    return bad_input({.where = "--host " + options.host,
                      .found = "no address: " + error.message(),
                      .wanted = "an address or a name of this machine",
                      .fix = "try --host 127.0.0.1"});
  // A name such as localhost may have two addresses; the first one must work.
  for (const auto& entry : found) {
    tcp::endpoint endpoint = entry.endpoint();
    if (port != 0) endpoint.port(static_cast<std::uint16_t>(port));
    Result<void> listening = listen_at(endpoint);
    if (!listening && acceptors.empty()) return listening;
  }
  return {};
}

Result<std::unique_ptr<Server>> Server::open(const ServerOptions& options, const Router& router,
                                             Authenticator& authenticator,
                                             const jobs::BlobStore& blobs, jobs::Store& store) {
  raise_descriptor_limit();
  auto state = std::make_unique<State>(options, router, authenticator, blobs, store);
  if (options.tls_certificate.empty() != options.tls_key.empty())
    return bad_input({.where = "--tls-cert and --tls-key",
                      .found = "one of them alone",
                      .wanted = "both, or none",
                      .fix = "give the other one"});
  if (!options.tls_certificate.empty()) {
    ATTUNE_TRY(state->tls, TlsContext::load(options.tls_certificate, options.tls_key));
  }
  const std::int64_t threads = options.io_threads > 0
                                   ? options.io_threads
                                   : std::clamp<std::int64_t>(processors() / 4, 1, 4);
  for (std::int64_t i = 0; i < threads; ++i) state->loops.push_back(std::make_shared<Loop>());
  ATTUNE_TRY_VOID(state->listen());
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

std::int64_t Server::port() const { return state_->port; }

std::string Server::address() const {
  std::string host = state_->options.host;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("{}://{}:{}", state_->tls ? "https" : "http", host, state_->port);
}

// ---- connections ----

namespace {

// There is no coroutine for this one: what fits the socket's buffer is sent.
void refuse_connection(tcp::socket& socket) {
  Response response =
      Response::from_error(wire::overloaded("The server has too many connections.", 1));
  response.headers.add("x-request-id", Dispatcher::new_request_id());
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  const std::string date = http_date(now);
  std::string bytes;
  append_head(bytes, response,
              {.keep_alive = false,
               .date = date,
               .content_length = static_cast<std::int64_t>(response.body.size())});
  bytes += response.body;
  ErrorCode ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(bytes), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

void Server::State::welcome(tcp::socket socket, const std::shared_ptr<Loop>& loop) {
  ErrorCode error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const std::string peer = address_text(remote.address());
  if (core.connections >= options.limits.connections) {
    if (!tls) refuse_connection(socket);
    return;
  }
  // What waits in a loop must not keep it: a server that stops may never run it.
  const std::weak_ptr<Loop> weak = loop;
  asio::post(loop->context, [this, weak, peer, client = std::move(socket)]() mutable {
    const std::shared_ptr<Loop> alive = weak.lock();
    if (!alive) return;
    auto connection = std::make_shared<Connection>(std::move(client), tls.get(), peer, core, alive);
    asio::co_spawn(alive->context, connection->run(), [this](const std::exception_ptr& failure) {
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const std::exception& broken) {
        core.report(std::string("a connection broke off: ") + broken.what());
      }
    });
  });
}

asio::awaitable<void> Server::State::accept(tcp::acceptor& acceptor) {
  asio::steady_timer pause(loops[0]->context);
  while (!core.stopping) {
    const std::size_t next = next_loop++ % loops.size();
    auto [error, socket] = co_await acceptor.async_accept(loops[next]->context, kAwait);
    if (!error) {
      welcome(std::move(socket), loops[next]);
      continue;
    }
    if (error == asio::error::operation_aborted) co_return;
    // Out of descriptors or memory: others must end first.
    pause.expires_after(std::chrono::milliseconds(50));
    co_await pause.async_wait(kAwait);
  }
}

asio::awaitable<void> Server::State::sweep(Loop& loop) {
  asio::steady_timer timer(loop.context);
  for (;;) {
    loop.date = http_date(std::chrono::duration_cast<std::chrono::seconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count());
    const auto now = std::chrono::steady_clock::now();
    for (Connection* connection : loop.connections) connection->sweep(now);
    timer.expires_after(kSweepEvery);
    co_await timer.async_wait(kAwait);
  }
}

template <typename Act>
void Server::State::for_all_connections(Act act) {
  for (const std::shared_ptr<Loop>& loop : loops)
    asio::post(loop->context, [act, weak = std::weak_ptr<Loop>(loop)] {
      const std::shared_ptr<Loop> alive = weak.lock();
      if (!alive) return;
      for (Connection* connection : alive->connections) act(*connection);
    });
}

// True: there are none any more.
bool Server::State::wait_for_connections(double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (core.connections > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return core.connections == 0;
}

// ---- running ----

Result<void> Server::run() {
  State& state = *state_;
  std::vector<std::thread> threads;
  for (const std::shared_ptr<Loop>& loop : state.loops) {
    asio::co_spawn(loop->context, state.sweep(*loop), asio::detached);
    if (loop == state.loops.front())
      for (tcp::acceptor& acceptor : state.acceptors)
        asio::co_spawn(loop->context, state.accept(acceptor), asio::detached);
    threads.emplace_back([loop] { loop->context.run(); });
  }
  {
    std::unique_lock lock(state.mutex);
    state.stopped.wait(lock, [&] { return state.stop_asked; });
  }
  state.core.stopping = true;
  asio::post(state.loops.front()->context, [&state] {
    for (tcp::acceptor& acceptor : state.acceptors) acceptor.close();
  });
  state.for_all_connections([](Connection& connection) { connection.stop(); });
  if (!state.wait_for_connections(state.options.time_outs.shutdown)) {
    state.for_all_connections([](Connection& connection) { connection.abort(); });
    state.wait_for_connections(state.options.time_outs.shutdown);
  }
  // Handlers that still run end before what they use does.
  state.workers.stop();
  state.long_running.stop();
  state.wait_for_connections(1);
  for (const std::shared_ptr<Loop>& loop : state.loops) loop->context.stop();
  for (std::thread& thread : threads) thread.join();
  return {};
}

void Server::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stop_asked = true;
  state_->stopped.notify_all();
}

ServerCounters Server::counters() const {
  const Core& core = state_->core;
  return {.connections = core.connections,
          .event_streams = core.event_streams,
          .waiting = state_->workers.waiting(),
          .long_running = state_->long_running.busy()};
}

}  // namespace attune::serve
