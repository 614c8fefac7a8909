#include "client/http_client.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/test_clients.h"

namespace attune::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Answers with each of the scripts in turn, the last one for ever.
ScriptedServer::Handler in_turn(std::vector<Scripted> scripts) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return [scripts = std::move(scripts), next](const Seen&) {
    return scripts[std::min((*next)++, scripts.size() - 1)];
  };
}

TEST(HttpClient, GivesStatusHeadersAndBody) {
  ScriptedServer server([](const Seen&) {
    return Scripted{.status = 404, .headers = {{"x-request-id", "req_1"}}, .body = "gone"};
  });
  HttpClient http(without_waiting());
  const auto response = http.send({.url = server.url() + "/v1/x?a=b"});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(find_header(response->headers, "X-Request-Id"), "req_1");
  EXPECT_EQ(response->body, "gone");
  EXPECT_EQ(server.seen().at(0).target, "/v1/x?a=b");
}

TEST(HttpClient, TriesTwiceMoreWithGrowingDelays) {
  ScriptedServer server(in_turn({{.status = 500}}));
  std::vector<double> delays;
  HttpClient http(without_waiting(&delays));
  const auto response = http.send({.url = server.url() + "/"});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->retries, 2);
  EXPECT_EQ(server.seen().size(), 3u);
  EXPECT_THAT(delays, ElementsAre(0.5, 1.0));
}

TEST(HttpClient, SendsTheSameBodyAgain) {
  ScriptedServer server(in_turn({{.status = 429, .headers = {{"retry-after-ms", "40"}}}, {}}));
  std::vector<double> delays;
  HttpClient http(without_waiting(&delays));
  const auto response =
      http.send({.method = "POST", .url = server.url() + "/", .body = "{\"a\":1}"});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(delays, ElementsAre(0.04));
  ASSERT_EQ(server.seen().size(), 2u);
  EXPECT_EQ(server.seen()[0].body, "{\"a\":1}");
  EXPECT_EQ(server.seen()[1].body, "{\"a\":1}");
}

TEST(HttpClient, DoesNotRetryWhatTheServerForbids) {
  ScriptedServer server(in_turn({{.status = 503, .headers = {{"x-should-retry", "false"}}}}));
  HttpClient http(without_waiting());
  ASSERT_TRUE(http.send({.url = server.url() + "/"}));
  EXPECT_EQ(server.seen().size(), 1u);
}

TEST(HttpClient, TriesAgainAfterALostConnection) {
  ScriptedServer server(
      in_turn({{.drop = true}, {.body = "whole", .cut_after = 2}, {.body = "whole"}}));
  std::vector<double> delays;
  HttpClient http(without_waiting(&delays));
  const auto response = http.send({.method = "POST", .url = server.url() + "/", .body = "x"});
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "whole");
  EXPECT_EQ(delays.size(), 2u);
}

TEST(HttpClient, SaysWhatWentWrongWhenNobodyAnswers) {
  int port = 0;
  {
    ScriptedServer gone([](const Seen&) { return Scripted{}; });
    port = gone.port();
  }
  std::vector<double> delays;
  HttpClient http(without_waiting(&delays));
  const auto response = http.send({.url = "http://127.0.0.1:" + std::to_string(port) + "/v1"});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().what, HasSubstr("nothing answers"));
  EXPECT_EQ(response.error().retries, 2);
  EXPECT_EQ(delays.size(), 2u);
}

TEST(HttpClient, EndsACallThatTakesTooLongAndTriesAgain) {
  ScriptedServer server(in_turn({{.body = "slow", .pause = 5}, {.body = "quick"}}));
  HttpClient http(without_waiting());
  const auto begin = std::chrono::steady_clock::now();
  const auto response = http.send({.url = server.url() + "/", .total_seconds = 0.2});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "quick");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST(HttpClient, SendsFormsWithFilesFromDiskAndSendsThemAgain) {
  const TemporaryFolder folder;
  const Path file = write_text(folder / "train.jsonl", "0123456789");
  ScriptedServer server(in_turn({{.status = 500}, {.drop = true}, {}}));
  HttpClient http(without_waiting());
  HttpRequest request{.method = "POST", .url = server.url() + "/"};
  request.form = {{.name = "purpose", .text = "fine-tune"},
                  {.name = "file", .file = FileSlice{file, 2, 5}, .file_name = "train.jsonl"}};
  const auto response = http.send(request);
  ASSERT_TRUE(response) << response.error().what;
  ASSERT_EQ(server.seen().size(), 3u);
  for (const Seen& seen : server.seen()) {
    const auto parts = form_parts(seen);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].name, "purpose");
    EXPECT_EQ(parts[0].content, "fine-tune");
    EXPECT_EQ(parts[1].file_name, "train.jsonl");
    EXPECT_EQ(parts[1].content, "23456");
  }
}

TEST(HttpClient, SendsAFileAsTheBodyOfAPut) {
  const TemporaryFolder folder;
  const Path file = write_text(folder / "f", "bytes of the file");
  ScriptedServer server(in_turn({{}}));
  HttpClient http(without_waiting());
  HttpRequest request{.method = "PUT", .url = server.url() + "/signed?x=y"};
  request.body_file = FileSlice{file};
  ASSERT_TRUE(http.send(request));
  EXPECT_EQ(server.seen().at(0).method, "PUT");
  EXPECT_EQ(server.seen().at(0).body, "bytes of the file");
}

TEST(HttpClient, RefusesAFileThatCannotBeReadWithoutRetrying) {
  ScriptedServer server(in_turn({{}}));
  std::vector<double> delays;
  HttpClient http(without_waiting(&delays));
  HttpRequest request{.method = "POST", .url = server.url() + "/"};
  request.form = {{.name = "file", .file = FileSlice{"/nonexistent/file"}, .file_name = "f"}};
  const auto response = http.send(request);
  ASSERT_FALSE(response);
  EXPECT_TRUE(response.error().local_fault);
  EXPECT_TRUE(delays.empty());
}

TEST(HttpClient, FollowsRedirectsOfGetWithTheKeyOnlyToTheSameOrigin) {
  ScriptedServer storage(in_turn({{.body = "stored"}}));
  const std::string elsewhere = storage.url() + "/blob?signature=abc";
  ScriptedServer server([&](const Seen& seen) -> Scripted {
    if (seen.target == "/a") return {.status = 302, .headers = {{"Location", "/b"}}};
    return {.status = 307, .headers = {{"Location", elsewhere}}};
  });
  HttpClient http(without_waiting());
  HttpRequest request{.url = server.url() + "/a"};
  request.headers = {{"Accept", "*/*"}};
  request.secret_headers = {{"api-key", "secret"}};
  const auto response = http.send(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "stored");
  EXPECT_EQ(server.seen().at(0).header("api-key"), "secret");
  EXPECT_EQ(server.seen().at(1).header("api-key"), "secret");
  EXPECT_EQ(storage.seen().at(0).header("api-key"), "");
  EXPECT_EQ(storage.seen().at(0).header("Accept"), "*/*");
}

TEST(HttpClient, DoesNotFollowRedirectsForEverOrWithAPost) {
  ScriptedServer server(in_turn({{.status = 302, .headers = {{"Location", "/again"}}}}));
  HttpClient http(without_waiting());
  EXPECT_EQ(http.send({.url = server.url() + "/"})->status, 302);
  EXPECT_EQ(server.seen().size(), 6u);
  EXPECT_EQ(http.send({.method = "POST", .url = server.url() + "/"})->status, 302);
  EXPECT_EQ(server.seen().size(), 7u);
}

TEST(HttpClient, HandsOnTheBytesOfAnAnswerAsTheyCome) {
  ScriptedServer server(in_turn({{.pieces = {"one ", "two ", "three"}, .pause = 0.02}}));
  HttpClient http(without_waiting());
  std::string got;
  HttpRequest request{.url = server.url() + "/"};
  request.on_body = [&](std::string_view bytes) {
    got += bytes;
    return true;
  };
  const auto response = http.send(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(got, "one two three");
  EXPECT_EQ(response->body, "");
}

TEST(HttpClient, KeepsTheBodyOfARefusalOutOfTheReceiver) {
  ScriptedServer server(in_turn({{.status = 400, .body = "refused"}}));
  HttpClient http(without_waiting());
  HttpRequest request{.url = server.url() + "/"};
  request.on_body = [](std::string_view) {
    ADD_FAILURE() << "the receiver is for answers";
    return true;
  };
  EXPECT_EQ(http.send(request)->body, "refused");
}

TEST(HttpClient, DoesNotStartOverWhenPartOfAnAnswerWasHandedOn) {
  ScriptedServer server(in_turn({{.body = "0123456789", .cut_after = 4}}));
  HttpClient http(without_waiting());
  std::string got;
  HttpRequest request{.url = server.url() + "/"};
  request.on_body = [&](std::string_view bytes) {
    got += bytes;
    return true;
  };
  const auto response = http.send(request);
  ASSERT_FALSE(response);
  EXPECT_TRUE(response.error().began);
  EXPECT_EQ(got, "0123");
  EXPECT_EQ(server.seen().size(), 1u);
}

TEST(HttpClient, EndsSoonWhenItIsStopped) {
  ScriptedServer server(in_turn({{.pieces = {"a", "b"}, .pause = 30}}));
  HttpClient http(without_waiting());
  std::atomic<bool> stop = false;
  HttpRequest request{.url = server.url() + "/", .total_seconds = 0};
  request.stop = &stop;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop = true;
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto response = http.send(request);
  other.join();
  ASSERT_FALSE(response);
  EXPECT_TRUE(response.error().stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(HttpClient, RefusesAnAnswerLargerThanItsLimit) {
  ScriptedServer server(in_turn({{.body = std::string(5000, 'x')}}));
  HttpOptions options = without_waiting();
  options.most_body_bytes = 4000;
  HttpClient http(options);
  const auto response = http.send({.url = server.url() + "/"});
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().what, HasSubstr("larger than 4000 bytes"));
  EXPECT_EQ(server.seen().size(), 1u);
}

TEST(HttpClient, RefusesAHeaderThatWouldSmuggleInAnother) {
  ScriptedServer server(in_turn({{}}));
  HttpClient http(without_waiting());
  HttpRequest request{.url = server.url() + "/"};
  request.secret_headers = {{"Authorization", "Bearer a\r\nX-Evil: 1"}};
  const auto response = http.send(request);
  ASSERT_FALSE(response);
  EXPECT_TRUE(response.error().local_fault);
  EXPECT_TRUE(server.seen().empty());
}

TEST(HttpClient, KeepsItsConnectionBetweenCalls) {
  std::atomic<int> count = 0;
  ScriptedServer server([&](const Seen&) {
    ++count;
    return Scripted{};
  });
  HttpClient http(without_waiting());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(http.send({.url = server.url() + "/"}));
  EXPECT_EQ(count, 20);
  EXPECT_EQ(server.connections(), 1);
}

}  // namespace
}  // namespace attune::client
