#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load/measures.h"

namespace attune::load {

namespace {

struct Stream {
  Connection connection;
  bool answered = false;  // its head has come
  bool closed = false;
};

struct Poller {
  int file = epoll_create1(EPOLL_CLOEXEC);
  ~Poller() { close(file); }
};

class StreamsRun {
 public:
  StreamsRun(const Address& address, const StreamsOptions& options)
      : address_(address), options_(options) {}

  Result<StreamsResult> run() {
    raise_file_limit();
    const std::int64_t begun = now_us();
    ATTUNE_TRY_VOID(open_all());
    result_.open_seconds = static_cast<double>(now_us() - begun) / 1e6;
    fmt::print("open\n");  // a driver that reads this looks at the server's memory now
    std::fflush(stdout);
    ATTUNE_TRY_VOID(listen_for(options_.idle_seconds));
    triggered_ = now_us();
    std::optional<Connection> trigger;
    if (!options_.trigger.empty()) {
      ATTUNE_TRY(trigger, Connection::open(address_));
      trigger->send(
          request_head(address_, options_.trigger, options_.key, "Content-Length: 0\r\n"));
      while (trigger->has_output()) ATTUNE_TRY_VOID(trigger->flush());  // it may be connecting yet
    }
    ATTUNE_TRY_VOID(listen_for(options_.seconds));
    return summary();
  }

 private:
  static void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }

  // A hundred at a time, so that the listen queue never overflows.
  Result<void> open_all() {
    const std::string request = request_head(address_, "GET " + options_.path, options_.key,
                                             "Accept: text/event-stream\r\n");
    streams_.reserve(static_cast<std::size_t>(options_.streams));
    while (static_cast<std::int64_t>(streams_.size()) < options_.streams) {
      for (int i = 0; i < 100 && static_cast<std::int64_t>(streams_.size()) < options_.streams;
           ++i) {
        ATTUNE_TRY(Connection connection, Connection::open(address_));
        connection.send(request);
        epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = streams_.size()}};
        epoll_ctl(poller_.file, EPOLL_CTL_ADD, connection.file(), &event);
        streams_.push_back({.connection = std::move(connection)});
      }
      for (int tries = 0; tries < 600 && result_.opened < std::int64_t(streams_.size()); ++tries) {
        ATTUNE_TRY_VOID(poll(50));
      }
      if (result_.opened < static_cast<std::int64_t>(streams_.size())) {
        return environment_failure({.where = options_.path,
                                    .found = fmt::format("{} of {} streams were answered in 30 s",
                                                         result_.opened, streams_.size()),
                                    .wanted = "all of them"});
      }
    }
    return {};
  }

  Result<void> listen_for(double seconds) {
    const std::int64_t end = now_us() + static_cast<std::int64_t>(seconds * 1e6);
    for (std::int64_t now = now_us(); now < end; now = now_us()) {
      ATTUNE_TRY_VOID(poll(static_cast<int>(std::min<std::int64_t>(50, (end - now) / 1000 + 1))));
    }
    return {};
  }

  Result<void> poll(int milliseconds) {
    epoll_event events[256];
    const int count = epoll_wait(poller_.file, events, 256, milliseconds);
    for (int i = 0; i < count; ++i) ATTUNE_TRY_VOID(read(events[i].data.u64));
    return {};
  }

  Result<void> read(std::size_t number) {
    Stream& stream = streams_[number];
    if (stream.closed) return {};
    ATTUNE_TRY_VOID(stream.connection.flush());
    ATTUNE_TRY(const bool open, stream.connection.receive());
    if (!stream.answered) {
      const std::size_t end = stream.connection.input().find("\r\n\r\n");
      if (end != std::string_view::npos) {
        if (stream.connection.input().substr(9, 3) != "200") {
          return environment_failure({.where = options_.path,
                                      .found = std::string(stream.connection.input()),
                                      .wanted = "an event stream"});
        }
        stream.connection.consume(end + 4);
        stream.answered = true;
        ++result_.opened;
      }
    }
    if (stream.answered) take_events(number);
    if (!open) {
      stream.closed = true;
      ++result_.lost;
    }
    return {};
  }

  // Event ids in whole lines; where chunks begin does not matter to a search for them.
  void take_events(std::size_t number) {
    Connection& connection = streams_[number].connection;
    const std::int64_t now = now_us();
    for (std::size_t end = connection.input().find('\n'); end != std::string_view::npos;
         end = connection.input().find('\n')) {
      const std::string_view line = connection.input().substr(0, end);
      const std::size_t id = line.find("\"ftevent-");
      if (line.starts_with("data:") && id != std::string_view::npos && triggered_ > 0) {
        arrived(std::string(line.substr(id + 1, line.find('"', id + 1) - id - 1)), number, now);
      }
      connection.consume(end + 1);
    }
  }

  void arrived(const std::string& event, std::size_t number, std::int64_t now) {
    auto [found, fresh] = arrivals_.try_emplace(event);
    Arrivals& arrivals = found->second;
    if (fresh) {
      order_.push_back(event);
      arrivals.first = now;
    }
    arrivals.last = now;
    if (!arrivals.streams.insert(number).second) ++arrivals.repeats;
  }

  StreamsResult summary() {
    for (const std::string& event : order_) {
      const Arrivals& arrivals = arrivals_[event];
      result_.events.push_back({.event = event,
                                .streams = static_cast<std::int64_t>(arrivals.streams.size()),
                                .repeats = arrivals.repeats,
                                .first_ms = static_cast<double>(arrivals.first - triggered_) / 1e3,
                                .last_ms = static_cast<double>(arrivals.last - triggered_) / 1e3});
    }
    return std::move(result_);
  }

  struct Arrivals {
    std::int64_t first = 0, last = 0, repeats = 0;
    std::set<std::size_t> streams;
  };

  const Address& address_;
  const StreamsOptions& options_;
  Poller poller_;
  std::vector<Stream> streams_;
  std::map<std::string, Arrivals> arrivals_;
  std::vector<std::string> order_;
  std::int64_t triggered_ = 0;
  StreamsResult result_;
};

}  // namespace

Result<StreamsResult> measure_streams(const Address& address, const StreamsOptions& options) {
  return StreamsRun(address, options).run();
}

}  // namespace attune::load
