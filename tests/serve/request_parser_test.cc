#include "serve/request_parser.h"

#include <gtest/gtest.h>

namespace attune::serve {
namespace {

struct Parsed {
  int refused = 0;  // its status
  RequestHead head = {};
  std::string body = {};
  bool whole = false;
  std::string rest = {};
};

Parsed parse(const std::string& bytes, std::size_t piece, std::size_t most = 65536) {
  RequestParser parser(16 << 10);
  Parsed parsed;
  std::string held;
  bool has_head = false;
  for (std::size_t at = 0; at <= bytes.size(); at += piece) {
    held += bytes.substr(at, piece);
    for (std::size_t before = held.size() + 1; !held.empty() && held.size() < before;) {
      before = held.size();
      std::string_view view = held;
      if (!has_head) {
        const auto whole = parser.read_head(view);
        if (!whole) return {.refused = whole.error().status};
        has_head = *whole;
      } else if (!parser.done()) {
        const auto good = parser.read_body(view, parsed.body, most);
        if (!good) return {.refused = good.error().status};
      }
      held = std::string(view);
    }
  }
  if (has_head) parsed.head = parser.head();
  parsed.whole = has_head && parser.done();
  parsed.rest = held;
  return parsed;
}

TEST(RequestParser, ReadsTheSameRequestHoweverTheBytesAreCut) {
  const std::string bytes =
      "POST /v1/files?x=1 HTTP/1.1\r\nHost: localhost\r\nX-One:  a b \r\nContent-Length: "
      "5\r\n\r\nhello"
      "GET /";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const Parsed parsed = parse(bytes, piece);
    ASSERT_EQ(parsed.refused, 0) << piece;
    EXPECT_EQ(parsed.head.method, "POST");
    EXPECT_EQ(parsed.head.target, "/v1/files?x=1");
    EXPECT_EQ(parsed.head.headers.find("x-one"), "a b");
    EXPECT_EQ(parsed.body, "hello") << piece;
    EXPECT_TRUE(parsed.whole);
    EXPECT_EQ(parsed.rest, "GET /") << piece;
  }
}

TEST(RequestParser, JoinsChunksHoweverTheBytesAreCut) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\nrest";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece)
    for (const std::size_t most : {1, 3, 65536}) {
      const Parsed parsed = parse(bytes, piece, most);
      ASSERT_EQ(parsed.refused, 0) << piece;
      EXPECT_EQ(parsed.body, "hello world") << piece << " " << most;
      EXPECT_TRUE(parsed.whole) << piece << " " << most;
      EXPECT_EQ(parsed.rest, "rest");
    }
}

TEST(RequestParser, SaysWhetherTheConnectionStays) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 99).head.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 99).head.keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n", 99).head.keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 99).head.keep_alive);
}

TEST(RequestParser, RefusesWhatCouldBeReadInTwoWays) {
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const char* fields :
       {"Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "Content-Length: -1\r\n",
        "Content-Length: 1, 1\r\n", "Host: b\r\n", "A: b\r\n c\r\n"})
    EXPECT_EQ(parse(start + fields + "\r\nx", 7).refused, 400) << fields;
}

TEST(RequestParser, LimitsTheHeader) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(parse(start + "A: " + std::string(20000, 'b') + "\r\n\r\n", 1000).refused, 431);
  EXPECT_EQ(parse("GET /" + std::string(20000, 'b'), 1000).refused, 431);
  std::string many = start;
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  EXPECT_EQ(parse(many + "\r\n", 1000).refused, 431);
}

}  // namespace
}  // namespace attune::serve
