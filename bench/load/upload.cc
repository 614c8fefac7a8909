#include <algorithm>

#include <fmt/format.h>
#include <poll.h>

#include "load/measures.h"

namespace attune::load {

namespace {

constexpr std::string_view kEdge = "attune-load-edge";

Result<void> wait_for(const Connection& connection, short what) {
  pollfd waiting{.fd = connection.file(), .events = what, .revents = 0};
  if (poll(&waiting, 1, 120'000) == 1) return {};
  return environment_failure({.where = "upload", .found = "nothing moved for two minutes"});
}

// Whole rows, so that every part of the file is valid JSONL.
std::string rows(std::size_t about) {
  std::string text;
  for (std::int64_t i = 0; text.size() < about; ++i) {
    text +=
        fmt::format(R"({{"messages":[{{"role":"user","content":"number {} is a loud owl"}},)"
                    R"({{"role":"assistant","content":"{{\"animal\":\"owl\",\"loud\":true}}"}}]}})"
                    "\n",
                    i);
  }
  return text;
}

}  // namespace

Result<UploadResult> measure_upload(const Address& address, const UploadOptions& options) {
  const std::string begin = fmt::format(
      "--{0}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--{0}\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"large.jsonl\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n",
      kEdge);
  const std::string end = fmt::format("\r\n--{}--\r\n", kEdge);
  const std::string block = rows(1 << 20);
  const std::int64_t blocks =
      std::max<std::int64_t>(1, options.bytes / static_cast<std::int64_t>(block.size()));
  const std::int64_t content = blocks * static_cast<std::int64_t>(block.size());

  ATTUNE_TRY(Connection connection, Connection::open(address));
  connection.send(request_head(
      address, "POST /v1/files", options.key,
      fmt::format("Content-Type: multipart/form-data; boundary={}\r\nContent-Length: {}\r\n", kEdge,
                  static_cast<std::int64_t>(begin.size() + end.size()) + content)));
  connection.send(begin);
  const std::int64_t begun = now_us();
  for (std::int64_t i = 0; i <= blocks; ++i) {
    connection.send(i < blocks ? std::string_view(block) : std::string_view(end));
    while (connection.has_output()) {
      ATTUNE_TRY_VOID(wait_for(connection, POLLOUT));
      ATTUNE_TRY_VOID(connection.flush());
    }
  }
  Answer answer;
  while (parse_answer(connection.input(), answer) == Parsed::partial) {
    ATTUNE_TRY_VOID(wait_for(connection, POLLIN));
    ATTUNE_TRY(const bool open, connection.receive());
    if (!open) break;
  }
  const double seconds = static_cast<double>(now_us() - begun) / 1e6;
  const std::string_view input = connection.input();
  return UploadResult{
      .status = answer.status,
      .seconds = seconds,
      .megabytes_per_second = static_cast<double>(content) / 1e6 / seconds,
      .answer = std::string(input.substr(std::min(input.find("\r\n\r\n"), input.size())))};
}

}  // namespace attune::load
