// The only file that includes Beast.
#include "serve/request_parser.h"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <fmt/format.h>

namespace attune::serve {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::buffer_body>;
using BeastError = boost::beast::error_code;

namespace {

constexpr std::int64_t kMostFields = 100;

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

Refusal refuse(int status, std::string message, std::string code) {
  return Refusal(
      ApiError{.status = status, .message = std::move(message), .code = std::move(code)});
}

Refusal malformed(std::string_view what) {
  return refuse(400, fmt::format("The request is not valid HTTP/1.1: {}.", what),
                "malformed_request");
}

Refusal refuse_beast(const BeastError& error) {
  if (error == http::error::header_limit)
    return refuse(431, "The header of the request is too large.", "header_too_large");
  return malformed(error.message());
}

Refusal other_version() {
  return refuse(505, "This server speaks HTTP/1.1 and HTTP/1.0.", "http_version_not_supported");
}

// "... HTTP/2.0": a version that is well formed. Beast refuses the others with the same error.
bool names_a_version(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  if (line.size() < 9 || line.size() == bytes.size()) return false;
  const std::string_view version = line.substr(line.size() - 9);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' &&
         is_digit(version[8]) && std::count(line.begin(), line.end(), ' ') == 2;
}

// A name, an IPv4 address or [IPv6], and a port: what may stand in a Host field.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos;
  });
}

std::optional<std::int64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return {};
  std::int64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    length = length * 10 + (c - '0');
  }
  return length;
}

Answer<void> check_framing(RequestHead& head) {
  const Headers& headers = head.headers;
  const std::int64_t lengths = headers.count("content-length");
  const std::int64_t encodings = headers.count("transfer-encoding");
  if (lengths + encodings > 1) return malformed("the length of its body is given more than once");
  if (lengths == 1) {
    head.content_length = parse_length(*headers.find("content-length"));
    if (!head.content_length) return malformed("its Content-Length is no number");
  }
  if (encodings == 1) {
    if (!head.is_1_1) return malformed("Transfer-Encoding in HTTP/1.0");
    if (!equal_ignoring_case(*headers.find("transfer-encoding"), "chunked"))
      return refuse(501, "The only Transfer-Encoding that this server takes is 'chunked'.",
                    "transfer_encoding_not_supported");
    head.chunked = true;
  }
  return {};
}

Answer<void> check_head(RequestHead& head) {
  const Headers& headers = head.headers;
  const std::int64_t hosts = headers.count("host");
  if (hosts > 1) return malformed("it has several Host fields");
  if (hosts == 0 && head.is_1_1) return malformed("it has no Host field");
  if (hosts == 1 && !is_host(*headers.find("host"))) return malformed("its Host is no host name");
  if (const auto expect = headers.find("expect")) {
    if (!equal_ignoring_case(*expect, "100-continue"))
      return refuse(417, "The only expectation that this server meets is '100-continue'.",
                    "expectation_failed");
    head.expects_continue = head.is_1_1;
  }
  return check_framing(head);
}

}  // namespace

struct RequestParser::State {
  std::optional<Parser> parser;
  RequestHead head;
  std::int64_t header_limit = 0;

  // Gives the parser the bytes; the ones that it used are gone from the front.
  BeastError put(std::string_view& bytes) {
    BeastError error;
    const std::size_t used =
        parser->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error == http::error::need_more || error == http::error::need_buffer) error = {};
    return error;
  }

  Answer<void> copy_head() {
    const auto& message = parser->get();
    head = {};
    head.method = text_of(message.method_string());
    head.target = text_of(message.target());
    if (message.version() != 11 && message.version() != 10) return other_version();
    head.is_1_1 = message.version() == 11;
    head.keep_alive = parser->keep_alive();
    std::int64_t fields = 0;
    for (const auto& field : message) {
      if (++fields > kMostFields)
        return refuse(431, "The request has too many header fields.", "header_too_large");
      head.headers.add(text_of(field.name_string()), text_of(field.value()));
    }
    return check_head(head);
  }
};

RequestParser::RequestParser(std::int64_t header_limit) : state_(std::make_unique<State>()) {
  state_->header_limit = header_limit;
  restart();
}

RequestParser::~RequestParser() = default;

void RequestParser::restart() {
  Parser& parser = state_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(state_->header_limit));
  parser.body_limit(boost::none);  // the route's limit is applied by the reader of the body
  parser.eager(false);
}

Answer<bool> RequestParser::read_head(std::string_view& bytes) {
  const std::string_view offered = bytes;
  const BeastError error = state_->put(bytes);
  if (error == http::error::bad_version && names_a_version(offered)) return other_version();
  if (error) return refuse_beast(error);
  // Beast joins folded lines; others take them for lines of their own.
  const std::string_view used = offered.substr(0, offered.size() - bytes.size());
  if (used.find("\r\n ") != used.npos || used.find("\r\n\t") != used.npos)
    return malformed("it has a folded header line");
  if (!state_->parser->is_header_done()) {
    if (static_cast<std::int64_t>(offered.size()) >= state_->header_limit && used.empty())
      return refuse_beast(make_error_code(http::error::header_limit));
    return false;
  }
  if (auto good = state_->copy_head(); !good) return Refusal(std::move(good).error());
  return true;
}

RequestHead& RequestParser::head() { return state_->head; }

Answer<void> RequestParser::read_body(std::string_view& bytes, std::string& out, std::size_t most) {
  const std::size_t before = out.size();
  out.resize(before + std::min(most, bytes.size()));
  auto& body = state_->parser->get().body();
  body.data = out.data() + before;
  body.size = out.size() - before;
  body.more = true;
  // One call takes one piece: a chunk's header, or what it holds.
  BeastError error;
  std::size_t left = bytes.size() + 1;
  while (!error && body.size > 0 && !bytes.empty() && bytes.size() < left && !done()) {
    left = bytes.size();
    error = state_->put(bytes);
  }
  // The end of the last chunk holds no bytes for `out`.
  if (!error && !bytes.empty() && !done()) error = state_->put(bytes);
  out.resize(out.size() - body.size);
  if (error) return refuse_beast(error);
  return {};
}

bool RequestParser::done() const { return state_->parser->is_done(); }

}  // namespace attune::serve
