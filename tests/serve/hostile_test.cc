// The corpus of hostile requests in tests/serve/hostile: each gets its status and the API's error
// object, nothing of the server's inside comes out, and the server goes on.
//
//   {"name": "...", "send": "GET ...", "status": [400]}
//
// `send` is text whose characters are bytes, or a list of texts and {"repeat": text, "times": n}.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "serve/test_service.h"

namespace attune::serve {
namespace {

const std::filesystem::path kCorpus =
    std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests" / "serve" / "hostile";

// Code points 0 to 255 are bytes.
std::string bytes_of(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      bytes += text[i];
    } else {
      bytes +=
          static_cast<char>(((c & 0x03) << 6) | (static_cast<unsigned char>(text[i + 1]) & 0x3f));
      ++i;
    }
  }
  return bytes;
}

std::string request_of(const Json& send) {
  if (send.is_string()) return bytes_of(send.get<std::string>());
  std::string bytes;
  for (const Json& piece : send) {
    if (piece.is_string()) {
      bytes += bytes_of(piece.get<std::string>());
      continue;
    }
    const std::string repeated = bytes_of(piece["repeat"].get<std::string>());
    for (int i = piece["times"].get<int>(); i > 0; --i) bytes += repeated;
  }
  return bytes;
}

void expect_error_object(const Reply& reply, const std::string& name) {
  EXPECT_TRUE(reply.headers.contains("x-request-id")) << name;
  EXPECT_EQ(reply.headers.at("content-type"), "application/json") << name;
  const auto body = parse_json(reply.body, "reply");
  ASSERT_TRUE(body && body->is_object() && body->contains("error")) << name << "\n" << reply.body;
  const Json& error = (*body)["error"];
  EXPECT_TRUE(error.contains("message") && error["message"].is_string()) << name;
  EXPECT_TRUE(error.contains("type") && error["type"].is_string()) << name;
  EXPECT_TRUE(error.contains("param") && error.contains("code")) << name;
  for (const char* inside : {"/tmp/", "/src/", "std::", "boost", "SELECT", "sqlite", "Traceback"})
    EXPECT_EQ(reply.body.find(inside), std::string::npos) << name << "\n" << reply.body;
}

void run_corpus(const TestService& service, const std::string& file, std::size_t least) {
  const auto cases = read_json(kCorpus / file);
  ASSERT_TRUE(cases) << cases.error().message();
  EXPECT_GE(cases->size(), least);
  for (const Json& one : *cases) {
    const std::string name = file + ": " + one["name"].get<std::string>();
    RawClient client(service.port());
    ASSERT_TRUE(client.connected()) << name;
    client.send(request_of(one["send"]));
    client.end_sending();
    const Reply reply = client.read();
    const auto wanted = one["status"].get<std::vector<int>>();
    EXPECT_NE(std::find(wanted.begin(), wanted.end(), reply.status), wanted.end())
        << name << ": " << reply.status << " " << reply.body;
    if (reply.status != 0) expect_error_object(reply, name);
  }
  EXPECT_EQ(service.get("/healthz").status, 200);
}

TEST(Hostile, EveryRequestIsRefusedAndTheServerLives) {
  TestService service;
  for (const auto& [file, least] : std::map<std::string, std::size_t>{{"request_line.json", 60},
                                                                      {"paths.json", 100},
                                                                      {"methods.json", 30},
                                                                      {"header_fields.json", 60},
                                                                      {"framing.json", 50},
                                                                      {"json.json", 150},
                                                                      {"multipart.json", 70},
                                                                      {"queries.json", 40}})
    run_corpus(service, file, least);
}

TEST(Hostile, WithAKeyInTheStoreNobodyGetsInWithoutOne) {
  TestService service([](TestService& made, Router&, ServerOptions&) {
    EXPECT_TRUE(made.store->add_key(make_key({}, "test", {"all"}, *made.store->now(), {}).row));
  });
  run_corpus(service, "keys.json", 25);
}

// Every prefix of a good request, and the request with each byte changed: an answer or a closed
// connection, never a crash, and never success for what is not whole.
TEST(Hostile, BrokenOffAndDamagedRequestsLeaveTheServerAlive) {
  TestService service([](TestService&, Router&, ServerOptions& options) {
    options.time_outs.header = options.time_outs.body = options.time_outs.keep_alive = 0.3;
  });
  const std::string body =
      R"({"filename":"a.jsonl","purpose":"fine-tune","bytes":10,"mime_type":"text/jsonl"})";
  const std::string good =
      "POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  for (std::size_t cut = 0; cut < good.size(); cut += 3) {
    RawClient client(service.port());
    client.send(good.substr(0, cut));
    client.end_sending();
    const Reply reply = client.read();
    EXPECT_NE(reply.status, 200) << "cut at " << cut;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    RawClient client(service.port());
    client.send(damaged);
    client.end_sending();
    client.read();
  }
  EXPECT_EQ(service.get("/healthz").status, 200);
}

}  // namespace
}  // namespace attune::serve
