// A socket to a server under test, and the bytes that come back taken apart. Sends anything.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace attune::serve {

struct Reply {
  int status = 0;                              // 0: no answer came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string head;
};

class RawClient {
 public:
  explicit RawClient(std::int64_t port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  int descriptor() const { return socket_; }

  // False: the server closed meanwhile, which it may.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  // Waits for more bytes. False: the server closed, or nothing came in time.
  bool receive(double seconds = 10) {
    pollfd wait = {socket_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(seconds * 1000)) <= 0) return false;
    char bytes[65536];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    input_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  // True: the server closes without another byte.
  bool is_closed(double seconds = 10) {
    while (receive(seconds)) {
    }
    pollfd wait = {socket_, POLLIN, 0};
    if (::poll(&wait, 1, 0) <= 0) return false;
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_PEEK) <= 0;
  }

  // The next answer. Interim ones (100) are skipped unless `interim` is wanted.
  Reply read(bool head_only = false, bool interim = false, double seconds = 10) {
    for (;;) {
      Reply reply = read_head(seconds);
      if (reply.status == 100 && !interim) continue;
      if (reply.status == 0 || reply.status < 200 || reply.status == 204 || head_only) return reply;
      if (reply.headers.contains("content-length"))
        reply.body = take(std::stoul(reply.headers["content-length"]), seconds);
      else if (reply.headers["transfer-encoding"] == "chunked")
        while (const auto chunk = read_chunk(seconds)) reply.body += *chunk;
      return reply;
    }
  }
  Reply read_head(double seconds = 10) {
    Reply reply;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!receive(seconds)) return reply;
    reply.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    if (!reply.head.starts_with("HTTP/1.1 ")) return reply;
    reply.status = std::stoi(reply.head.substr(9, 3));
    std::size_t at = reply.head.find("\r\n") + 2;
    while (at < reply.head.size()) {
      const std::size_t line_end = reply.head.find("\r\n", at);
      const std::string line = reply.head.substr(at, line_end - at);
      const std::size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      reply.headers[name] = line.substr(colon + 2);
      at = line_end + 2;
    }
    return reply;
  }
  // None at the last chunk, or when nothing comes.
  std::optional<std::string> read_chunk(double seconds = 10) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n")) == std::string::npos)
      if (!receive(seconds)) return {};
    const std::size_t size = std::stoul(input_.substr(0, end), nullptr, 16);
    input_.erase(0, end + 2);
    std::string chunk = take(size, seconds);
    take(2, seconds);
    if (size == 0) return {};
    return chunk;
  }

 private:
  std::string take(std::size_t size, double seconds) {
    while (input_.size() < size)
      if (!receive(seconds)) break;
    const std::string taken = input_.substr(0, size);
    input_.erase(0, taken.size());
    return taken;
  }

  int socket_ = -1;
  bool connected_ = false;
  std::string input_;
};

}  // namespace attune::serve
