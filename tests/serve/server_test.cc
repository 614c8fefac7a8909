// The server itself, over raw sockets: connections, limits, time-outs, streams, stopping.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "serve/test_service.h"

namespace attune::serve {
namespace {

constexpr const char* kGet = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST(Server, KeepsAConnectionForManyRequests) {
  TestService service;
  RawClient client(service.port());
  for (int i = 0; i < 20; ++i) {
    client.send(kGet);
    EXPECT_EQ(client.read().status, 200);
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestService service;
  RawClient client(service.port());
  std::string all;
  for (int i = 0; i < 30; ++i)
    all += "GET /v1/files/file-" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 30; ++i) {
    const Reply reply = client.read();
    EXPECT_EQ(reply.status, 404);
    EXPECT_NE(reply.body.find("file-" + std::to_string(i)), std::string::npos);
  }
}

TEST(Server, ClosesWhenAskedAndForHttp10) {
  TestService service;
  for (const char* request :
       {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n"}) {
    RawClient client(service.port());
    client.send(request);
    const Reply reply = client.read();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_TRUE(client.is_closed());
  }
}

TEST(Server, HeadHasTheFieldsOfGetAndNoBody) {
  TestService service;
  RawClient client(service.port());
  client.send("HEAD /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Reply head = client.read(true);
  EXPECT_EQ(head.status, 200);
  const Reply whole = service.get("/openapi.json");
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(whole.body.size()));
  client.send(kGet);
  EXPECT_EQ(client.read().status, 200);
}

TEST(Server, OptionsSaysWhatAPathAllows) {
  TestService service;
  const Reply reply = service.ask(
      "OPTIONS /v1/files HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:5173\r\n"
      "Access-Control-Request-Method: POST\r\n\r\n");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.headers.at("allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(reply.headers.at("access-control-allow-origin"), "*");
  EXPECT_NE(reply.headers.at("access-control-allow-headers").find("authorization"),
            std::string::npos);
  EXPECT_EQ(service.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204);
}

TEST(Server, EveryAnswerHasItsFields) {
  TestService service;
  const Reply good = service.get("/v1/files");
  for (const char* name : {"x-request-id", "openai-version", "openai-processing-ms", "date",
                           "openai-organization", "x-ratelimit-limit-requests",
                           "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"})
    EXPECT_TRUE(good.headers.contains(name)) << name;
  EXPECT_TRUE(good.headers.at("x-request-id").starts_with("req_"));
  EXPECT_NE(good.headers.at("x-request-id"), service.get("/v1/files").headers.at("x-request-id"));
  EXPECT_EQ(service.ask("PUT /v1/files HTTP/1.1\r\nHost: localhost\r\n\r\n").headers.at("allow"),
            "GET, HEAD, OPTIONS, POST");
}

TEST(Server, RefusesMoreThanTheRate) {
  TestService service([](TestService&, Router&, ServerOptions& options) {
    options.limits.requests_per_minute = 3;
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(service.get("/v1/files").status, 200);
  const Reply refused = service.get("/v1/files");
  EXPECT_EQ(refused.status, 429);
  EXPECT_GE(std::stoi(refused.headers.at("retry-after")), 1);
  EXPECT_EQ(refused.headers.at("x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(service.get("/healthz").status, 200);
}

TEST(Server, RefusesMoreConnectionsThanTheLimit) {
  TestService service(
      [](TestService&, Router&, ServerOptions& options) { options.limits.connections = 2; });
  RawClient first(service.port()), second(service.port());
  first.send(kGet);
  second.send(kGet);
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(second.read().status, 200);
  RawClient third(service.port());
  const Reply refused = third.read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(TestService::json(refused)["error"]["code"], "overloaded");
  EXPECT_TRUE(third.is_closed());
}

TEST(Server, TimesOutSlowHeadersAndBodies) {
  TestService service([](TestService&, Router&, ServerOptions& options) {
    options.time_outs.header = options.time_outs.body = options.time_outs.keep_alive = 0.3;
  });
  RawClient header(service.port());
  header.send("GET /healthz HTT");
  EXPECT_EQ(header.read().status, 408);
  EXPECT_TRUE(header.is_closed());
  RawClient body(service.port());
  body.send("POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_EQ(body.read().status, 408);
  EXPECT_TRUE(body.is_closed());
  RawClient idle(service.port());
  EXPECT_TRUE(idle.is_closed(3));
}

TEST(Server, AsksForTheBodyWhenTheClientWaitsForThat) {
  TestService service;
  RawClient client(service.port());
  client.send(
      "POST /v1/fine_tuning/jobs/a/priority HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nExpect: 100-continue\r\nContent-Length: 14\r\n\r\n");
  EXPECT_EQ(client.read(false, true).status, 100);
  client.send(R"({"priority":1})");
  EXPECT_EQ(client.read().status, 404);
}

TEST(Server, AConnectionSurvivesABodyThatNobodyWanted) {
  TestService service;
  RawClient client(service.port());
  client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.read().status, 200);
  client.send("PUT /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(client.read().status, 405);
  client.send(kGet);
  EXPECT_EQ(client.read().status, 200);
}

// ---- streams ----

void add_stream(Router& router, std::atomic<bool>* ended) {
  router.add("GET", "/stream", "",
             [ended](Request&) -> Answer<Response> {
               return Response::stream([ended](StreamWriter& out) {
                 for (int i = 0; i < 5; ++i)
                   if (!out.write("data: " + std::to_string(i) + "\n\n")) break;
                 *ended = true;
               });
             },
             {.run = Run::long_running, .needs_key = false});
  router.add("GET", "/endless", "",
             [ended](Request&) -> Answer<Response> {
               return Response::stream([ended](StreamWriter& out) {
                 const std::string piece(10000, 'x');
                 while (out.write(piece)) {
                 }
                 *ended = true;
               });
             },
             {.run = Run::long_running, .needs_key = false});
  router.add("GET", "/throws", "",
             [](Request&) -> Answer<Response> { throw std::runtime_error("a secret inside"); },
             {.needs_key = false});
  router.add("GET", "/breaks", "",
             [](Request&) -> Answer<Response> {
               return Response::stream([](StreamWriter& out) {
                 out.write("data: 1\n\n");
                 throw std::runtime_error("in the middle");
               });
             },
             {.run = Run::long_running, .needs_key = false});
}

class StreamTest : public ::testing::Test {
 protected:
  bool ends_within(double seconds) {
    for (int i = 0; i < seconds * 100 && !ended; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return ended;
  }
  std::atomic<bool> ended = false;
  TestService service{[this](TestService&, Router& router, ServerOptions& options) {
    options.time_outs.write = 1;
    options.time_outs.shutdown = 1;
    add_stream(router, &ended);
  }};
};

TEST_F(StreamTest, ComesInChunksAndLeavesTheConnectionUsable) {
  RawClient client(service.port());
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Reply reply = client.read();
  EXPECT_EQ(reply.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(reply.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(reply.body, "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
  client.send(kGet);
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(StreamTest, APipelinedRequestBehindItIsAnswered) {
  RawClient client(service.port());
  client.send(std::string("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n") + kGet);
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(StreamTest, EndsForAClientThatLeaves) {
  {
    RawClient client(service.port());
    client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.read_head().status, 200);
  }
  EXPECT_TRUE(ends_within(5));
}

TEST_F(StreamTest, EndsForAClientThatReadsNothing) {
  RawClient client(service.port());
  client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(ends_within(10));
}

TEST_F(StreamTest, EndsWhenTheServerStops) {
  RawClient client(service.port());
  client.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::thread reader([&] {
    while (client.receive(5)) {
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  service.stop();
  EXPECT_TRUE(ended);
  reader.join();
}

TEST_F(StreamTest, AHandlersMistakeIsAnAnswerThatTellsNothing) {
  const Reply reply = service.get("/throws");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  EXPECT_NE(reply.body.find(reply.headers.at("x-request-id")), std::string::npos);
  EXPECT_EQ(service.get("/healthz").status, 200);
}

TEST_F(StreamTest, OneThatBreaksOffHasNoLastChunk) {
  RawClient client(service.port());
  client.send("GET /breaks HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(client.read_chunk(), "data: 1\n\n");
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, StopsAtOnceWhenNothingIsGoingOn) {
  TestService service;
  RawClient idle(service.port());
  idle.send(kGet);
  EXPECT_EQ(idle.read().status, 200);
  const auto begin = std::chrono::steady_clock::now();
  service.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
  EXPECT_TRUE(idle.is_closed());
}

TEST(Server, FinishesAnAnswerBeforeItStops) {
  std::atomic<bool> begun = false;
  TestService service([&](TestService&, Router& router, ServerOptions&) {
    router.add("GET", "/slow", "",
               [&](Request&) -> Answer<Response> {
                 begun = true;
                 std::this_thread::sleep_for(std::chrono::milliseconds(400));
                 return Response::json_text("{}");
               },
               {.needs_key = false});
  });
  RawClient client(service.port());
  client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (!begun) std::this_thread::yield();
  service.stop();
  EXPECT_EQ(client.read().status, 200);
}

TEST(Server, APortThatIsTakenIsAClearError) {
  TestService service;
  Router router;
  const auto second = Server::open({.port = service.port()}, router, *service.authenticator,
                                   *service.blobs, *service.store);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::environment);
  EXPECT_NE(second.error().message().find("--port"), std::string::npos);
}

}  // namespace
}  // namespace attune::serve
