#include "client/scripted_server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace attune::client {

namespace {

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool read_more(int connection, std::string& buffer) {
  char bytes[65536];
  const ssize_t got = recv(connection, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  buffer.append(bytes, static_cast<std::size_t>(got));
  return true;
}

Seen parse_head(std::string_view head) {
  Seen request;
  std::size_t line_end = head.find("\r\n");
  const std::string_view first = head.substr(0, line_end);
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (line_end != std::string_view::npos) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos)
      request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return request;
}

// curl sends a form of unknown length in chunks; ours are all known, but both are read.
bool read_chunked(int connection, std::string& buffer, std::string& body) {
  while (true) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n")) == std::string::npos)
      if (!read_more(connection, buffer)) return false;
    const auto size = static_cast<std::size_t>(std::strtoull(buffer.c_str(), nullptr, 16));
    while (buffer.size() < end + 2 + size + 2)
      if (!read_more(connection, buffer)) return false;
    body += buffer.substr(end + 2, size);
    buffer.erase(0, end + 2 + size + 2);
    if (size == 0) return true;
  }
}

}  // namespace

Scripted answer(const Json& body, int status, HeaderList more_headers) {
  Scripted scripted{.status = status, .body = to_text(body)};
  for (auto& header : more_headers) scripted.headers.push_back(std::move(header));
  return scripted;
}

ScriptedServer::ScriptedServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  stop_ = true;
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int connection : connections_) shutdown(connection, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int connection : connections_) close(connection);
  close(listener_);
}

std::string ScriptedServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::vector<Seen> ScriptedServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

int ScriptedServer::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(connections_.size());
}

void ScriptedServer::accept_all() {
  while (!stop_) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const std::lock_guard lock(mutex_);
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void ScriptedServer::serve(int connection) {
  std::string buffer;
  while (!stop_ && exchange(connection, buffer)) {
  }
  shutdown(connection, SHUT_RDWR);
}

bool ScriptedServer::exchange(int connection, std::string& buffer) {
  std::size_t head_end = 0;
  while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
    if (!read_more(connection, buffer)) return false;
  Seen request = parse_head(std::string_view(buffer).substr(0, head_end));
  buffer.erase(0, head_end + 4);
  if (request.header("Transfer-Encoding") == "chunked") {
    if (!read_chunked(connection, buffer, request.body)) return false;
  } else {
    const auto length = static_cast<std::size_t>(
        std::strtoull(request.header("Content-Length").c_str(), nullptr, 10));
    while (buffer.size() < length)
      if (!read_more(connection, buffer)) return false;
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
  }
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(request);
  }
  return reply(connection, handler_(request));
}

// In slices, so that the end of a test need not wait for it.
void ScriptedServer::pause(double seconds) const {
  constexpr double kSlice = 0.01;
  for (double left = seconds; left > 0 && !stop_; left -= kSlice)
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kSlice)));
}

bool ScriptedServer::reply(int connection, const Scripted& scripted) {
  if (scripted.pieces.empty()) pause(scripted.pause);
  if (scripted.drop) return false;
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\n", scripted.status);
  for (const auto& [name, value] : scripted.headers) head += name + ": " + value + "\r\n";
  if (!scripted.pieces.empty()) {
    if (!send_all(connection, head + "Connection: close\r\n\r\n")) return false;
    for (const std::string& piece : scripted.pieces) {
      pause(scripted.pause);
      if (!send_all(connection, piece)) return false;
    }
    return false;
  }
  head += fmt::format("Content-Length: {}\r\n\r\n", scripted.body.size());
  std::string_view body = scripted.body;
  if (scripted.cut_after >= 0) body = body.substr(0, static_cast<std::size_t>(scripted.cut_after));
  return send_all(connection, head + std::string(body)) && scripted.cut_after < 0;
}

std::vector<Part> form_parts(const Seen& request) {
  const std::string type = request.header("Content-Type");
  const std::size_t at = type.find("boundary=");
  if (at == std::string::npos) return {};
  const std::string boundary = "--" + type.substr(at + 9);
  std::vector<Part> parts;
  std::string_view rest = request.body;
  const auto value_of = [](std::string_view head, std::string_view key) {
    const std::size_t begin = head.find(key);
    if (begin == std::string_view::npos) return std::string();
    const std::string_view value = head.substr(begin + key.size());
    return std::string(value.substr(0, value.find('"')));
  };
  while (true) {
    const std::size_t begin = rest.find(boundary);
    if (begin == std::string_view::npos) return parts;
    rest.remove_prefix(begin + boundary.size());
    const std::size_t head_end = rest.find("\r\n\r\n");
    const std::size_t end = rest.find("\r\n" + boundary);
    if (head_end == std::string_view::npos || end == std::string_view::npos) return parts;
    const std::string_view head = rest.substr(0, head_end);
    parts.push_back({value_of(head, " name=\""), value_of(head, "filename=\""),
                     std::string(rest.substr(head_end + 4, end - head_end - 4))});
    rest.remove_prefix(end);
  }
}

}  // namespace attune::client
