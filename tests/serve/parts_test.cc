// The small parts of the server: header fields, rights, rates, threads, heads of answers.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "serve/auth.h"
#include "serve/http.h"
#include "serve/rate_limit.h"
#include "serve/response_head.h"
#include "serve/worker_pool.h"

namespace attune::serve {
namespace {

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers;
  headers.add("Content-Type", "a");
  headers.add("x", "1");
  headers.add("X", "2");
  EXPECT_EQ(headers.find("content-type"), "a");
  EXPECT_EQ(headers.count("x"), 2);
  headers.set("x", "3");
  EXPECT_EQ(headers.count("X"), 1);
  EXPECT_EQ(headers.find("X"), "3");
}

TEST(Principal, AScopeIsGrantedByItselfItsAreaOrAll) {
  const auto may = [](std::vector<std::string> scopes, std::string_view wanted) {
    Principal principal;
    principal.scopes = std::move(scopes);
    return principal.may(wanted);
  };
  EXPECT_TRUE(may({"all"}, "jobs:write"));
  EXPECT_TRUE(may({"jobs"}, "jobs:write"));
  EXPECT_TRUE(may({"jobs:write"}, "jobs:write"));
  EXPECT_FALSE(may({"jobs:read"}, "jobs:write"));
  EXPECT_TRUE(may({"read"}, "files:read"));
  EXPECT_FALSE(may({"read"}, "models:use"));
  EXPECT_FALSE(may({"files"}, "jobs:read"));
  EXPECT_FALSE(may({}, "jobs:read"));
  EXPECT_TRUE(may({}, ""));
  EXPECT_TRUE(may({"metrics"}, "metrics"));
}

TEST(Scopes, AreKnownByName) {
  for (const char* scope : {"all", "read", "files", "jobs:write", "models:use", "metrics"})
    EXPECT_TRUE(is_scope(scope)) << scope;
  for (const char* scope : {"", "root", "files:", "files:all", ":read", "files:read:x"})
    EXPECT_FALSE(is_scope(scope)) << scope;
}

TEST(LocalHosts, AreToldFromNamesThatLookLikeThem) {
  for (const char* host :
       {"localhost", "LOCALHOST:80", "127.0.0.1", "127.1.2.3:8000", "[::1]", "[::1]:80"})
    EXPECT_TRUE(is_local_host(host)) << host;
  for (const char* host :
       {"", "localhost.evil.example", "127.evil", "[::2]", "10.0.0.1", "127.0.0.1.x"})
    EXPECT_FALSE(is_local_host(host)) << host;
  EXPECT_TRUE(is_local_origin("http://localhost:5173"));
  EXPECT_FALSE(is_local_origin("null"));
}

TEST(RateLimiter, AllowsAMinutesWorthAndThenItsRate) {
  RateLimiter limiter;
  for (int i = 0; i < 60; ++i) EXPECT_TRUE(limiter.take("a", 60, 100).allowed) << i;
  const RateState refused = limiter.take("a", 60, 100);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_NEAR(refused.wait_seconds, 1, 1e-6);
  EXPECT_TRUE(limiter.take("b", 60, 100).allowed);
  EXPECT_TRUE(limiter.take("a", 60, 101.01).allowed);
  EXPECT_FALSE(limiter.take("a", 60, 101.01).allowed);
}

TEST(Durations, AreWrittenAsTheRateHeadersDo) {
  EXPECT_EQ(duration_text(0), "0ms");
  EXPECT_EQ(duration_text(0.0115), "12ms");
  EXPECT_EQ(duration_text(1), "1s");
  EXPECT_EQ(duration_text(360), "6m0s");
}

TEST(WorkerPool, GrowsToItsLimitAndThenRefuses) {
  WorkerPool pool({.keep = 0, .most = 2, .waiting = 0});
  std::atomic<bool> go = false;
  std::atomic<int> done = 0;
  const auto work = [&] {
    while (!go) std::this_thread::yield();
    ++done;
  };
  EXPECT_TRUE(pool.submit(work));
  EXPECT_TRUE(pool.submit(work));
  EXPECT_FALSE(pool.submit(work));
  go = true;
  pool.stop();
  EXPECT_EQ(done, 2);
  EXPECT_FALSE(pool.submit(work));
}

TEST(WorkerPool, FinishesWhatItAccepted) {
  std::atomic<int> done = 0;
  {
    WorkerPool pool({.keep = 2, .most = 2, .waiting = 1000});
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(pool.submit([&] { ++done; }));
  }
  EXPECT_EQ(done, 500);
}

TEST(ResponseHead, AValueCannotEndItsField) {
  Response response;
  response.headers.add("x-name", "a\r\nSet-Cookie: b\n\0c");
  std::string head;
  append_head(head, response, {.date = "now", .content_length = 0});
  EXPECT_NE(head.find("x-name: a  Set-Cookie: b "), std::string::npos);
  EXPECT_EQ(head.find("\r\nSet-Cookie"), std::string::npos);
}

TEST(ResponseHead, WritesTheTimeAsHttpDoes) {
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(1795430400), "Mon, 23 Nov 2026 10:40:00 GMT");
}

}  // namespace
}  // namespace attune::serve
