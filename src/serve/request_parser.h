// HTTP/1.1 requests out of bytes, in any pieces. Knows no sockets; refuses what a proxy in front
// might read in another way (two lengths, length and chunks, two hosts, old line folding).
//
//   RequestParser parser(16 << 10);
//   std::string_view bytes = received;
//   ATTUNE_ANSWER(bool whole, parser.read_head(bytes));      // takes from the front of `bytes`
//   while (!parser.done()) ATTUNE_ANSWER_VOID(parser.read_body(bytes, body, 65536));
//
// Bytes that are left in `bytes` belong to the next call, with more behind them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"

namespace attune::serve {

struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  bool is_1_1 = true;
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  std::optional<std::int64_t> content_length;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

class RequestParser {
 public:
  explicit RequestParser(std::int64_t header_limit);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // True: the head is whole. False: more bytes are needed.
  Answer<bool> read_head(std::string_view& bytes);
  RequestHead& head();
  // Appends decoded bytes of the body to `out`, at most `most`; takes nothing when the next piece
  // (a chunk's header) is not whole yet.
  Answer<void> read_body(std::string_view& bytes, std::string& out, std::size_t most);
  bool done() const;
  // For the next request on the connection.
  void restart();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune::serve
