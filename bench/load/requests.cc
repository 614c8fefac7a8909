#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load/measures.h"

namespace attune::load {

std::string request_head(const Address& address, const std::string& line, const std::string& key,
                         const std::string& more) {
  return fmt::format("{} HTTP/1.1\r\nHost: {}\r\n{}{}\r\n", line, address.host,
                     key.empty() ? "" : fmt::format("Authorization: Bearer {}\r\n", key), more);
}

namespace {

struct Client {
  Connection connection;
  std::vector<std::int64_t> begun;  // when each request under way was sent, oldest first
};

// Closes the epoll file on every way out.
struct Poller {
  int file = epoll_create1(EPOLL_CLOEXEC);
  ~Poller() { close(file); }
};

class RequestsRun {
 public:
  RequestsRun(const Address& address, const RequestsOptions& options)
      : options_(options), request_(request_head(address, "GET " + options.path, options.key)) {}

  Result<RequestsResult> run(const Address& address) {
    for (std::int64_t i = 0; i < options_.connections; ++i) {
      ATTUNE_TRY(Connection connection, Connection::open(address));
      clients_.push_back({.connection = std::move(connection), .begun = {}});
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = i}};
      epoll_ctl(poller_.file, EPOLL_CTL_ADD, clients_[i].connection.file(), &event);
    }
    const std::int64_t begun = now_us();
    counted_from_ = begun + static_cast<std::int64_t>(options_.warm_up_seconds * 1e6);
    const std::int64_t end = counted_from_ + static_cast<std::int64_t>(options_.seconds * 1e6);
    for (Client& client : clients_) ATTUNE_TRY_VOID(refill(client));
    std::int64_t now = begun;
    while ((now = now_us()) < end && !clients_.empty()) {
      epoll_event events[64];
      const int count = epoll_wait(poller_.file, events, 64, 50);
      for (int i = 0; i < count; ++i) ATTUNE_TRY_VOID(serve(clients_[events[i].data.u64]));
    }
    return summary(static_cast<double>(now - counted_from_) / 1e6);
  }

 private:
  Result<void> refill(Client& client) {
    const std::int64_t now = now_us();
    while (static_cast<std::int64_t>(client.begun.size()) < options_.pipeline) {
      client.connection.send(request_);
      client.begun.push_back(now);
    }
    return client.connection.flush();
  }

  Result<void> serve(Client& client) {
    ATTUNE_TRY_VOID(client.connection.flush());
    ATTUNE_TRY(const bool open, client.connection.receive());
    Answer answer;
    Parsed parsed = Parsed::partial;
    while ((parsed = parse_answer(client.connection.input(), answer)) == Parsed::whole) {
      client.connection.consume(answer.size);
      count(client, answer.status);
    }
    if (!open || parsed == Parsed::unreadable) {
      return environment_failure(
          {.where = options_.path,
           .found = open ? "an answer that cannot be read" : "the server closed a connection",
           .wanted = "answers with a Content-Length on open connections"});
    }
    return refill(client);
  }

  void count(Client& client, int status) {
    const std::int64_t now = now_us();
    const std::int64_t began = client.begun.front();
    client.begun.erase(client.begun.begin());
    if (began < counted_from_) return;
    if (status != 200) ++failures_;
    latencies_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(now - began, 1 << 30)));
  }

  RequestsResult summary(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      if (latencies_.empty()) return 0.0;
      const auto rank = static_cast<std::size_t>(std::ceil(share * double(latencies_.size())));
      return latencies_[std::clamp<std::size_t>(rank, 1, latencies_.size()) - 1] / 1e3;
    };
    return {.answers = static_cast<std::int64_t>(latencies_.size()),
            .failures = failures_,
            .seconds = seconds,
            .per_second = static_cast<double>(latencies_.size()) / seconds,
            .p50_ms = at(0.5),
            .p90_ms = at(0.9),
            .p99_ms = at(0.99),
            .p999_ms = at(0.999),
            .longest_ms = at(1)};
  }

  RequestsOptions options_;
  std::string request_;
  Poller poller_;
  std::vector<Client> clients_;
  std::vector<std::uint32_t> latencies_;  // microseconds
  std::int64_t failures_ = 0;
  std::int64_t counted_from_ = 0;
};

}  // namespace

Result<RequestsResult> measure_requests(const Address& address, const RequestsOptions& options) {
  return RequestsRun(address, options).run(address);
}

}  // namespace attune::load
