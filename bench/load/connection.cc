#include "load/connection.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace attune::load {

namespace {

Failure system_failure(const char* call) {
  return environment_failure({.where = call, .found = std::strerror(errno)});
}

constexpr std::string_view kLength = "content-length:";

// The value of Content-Length in the lines of a head, or -1.
std::int64_t content_length(std::string_view head) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, kLength.size() + 24);
    if (line.size() < kLength.size() ||
        strncasecmp(line.data(), kLength.data(), kLength.size()) != 0) {
      continue;
    }
    std::string_view value = line.substr(kLength.size());
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    std::int64_t length = -1;
    std::from_chars(value.data(), value.data() + value.size(), length);
    return length;
  }
  return -1;
}

}  // namespace

Result<Address> resolve(const std::string& host, int port) {
  Address address{.host = fmt::format("{}:{}", host, port)};
  address.socket.sin_family = AF_INET;
  address.socket.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.socket.sin_addr) != 1) {
    return bad_input({.where = "--host", .found = host, .wanted = "an address such as 127.0.0.1"});
  }
  return address;
}

std::int64_t now_us() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000 + time.tv_nsec / 1000;
}

Result<Connection> Connection::open(const Address& address) {
  Connection connection(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connection.file_ < 0) return system_failure("socket");
  const int on = 1;
  setsockopt(connection.file_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(connection.file_, reinterpret_cast<const sockaddr*>(&address.socket),
              sizeof address.socket) != 0 &&
      errno != EINPROGRESS) {
    return system_failure("connect");
  }
  return connection;
}

Connection::Connection(Connection&& other) noexcept { *this = std::move(other); }

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(output_, other.output_);
  std::swap(input_, other.input_);
  std::swap(sent_, other.sent_);
  std::swap(read_, other.read_);
  return *this;
}

Connection::~Connection() {
  if (file_ >= 0) close(file_);
}

void Connection::send(std::string_view bytes) {
  if (sent_ == output_.size()) {
    output_.clear();
    sent_ = 0;
  }
  output_ += bytes;
}

Result<void> Connection::flush() {
  while (has_output()) {
    const ssize_t wrote =
        ::send(file_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN)) return {};
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_failure("send");
    sent_ += static_cast<std::size_t>(wrote);
  }
  return {};
}

Result<bool> Connection::receive() {
  while (true) {
    char buffer[16384];
    const ssize_t got = recv(file_, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("recv");
    if (got == 0) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < sizeof buffer) return true;
  }
}

void Connection::consume(std::size_t bytes) {
  read_ += bytes;
  if (read_ == input_.size()) {
    input_.clear();
    read_ = 0;
  }
}

Parsed parse_answer(std::string_view input, Answer& answer) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return Parsed::partial;
  if (end < 12 || !input.starts_with("HTTP/1.")) return Parsed::unreadable;
  std::from_chars(input.data() + 9, input.data() + 12, answer.status);
  const std::int64_t length = content_length(input.substr(0, end + 2));
  if (length < 0) return Parsed::unreadable;
  answer.size = end + 4 + static_cast<std::size_t>(length);
  return input.size() >= answer.size ? Parsed::whole : Parsed::partial;
}

}  // namespace attune::load
