// /metrics and the access log, against a SQLite store.
#include "serve/metrics.h"

#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "io/json.h"
#include "io/temporary_folder.h"
#include "serve/access_log.h"
#include "serve/metrics_sources.h"
#include "serve/routes_metrics.h"

namespace attune::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << result.error().message();
  return std::move(*result);
}

TEST(Histogram, CountsUnderEachBound) {
  Histogram histogram;
  for (const double seconds : {0.0001, 0.0005, 0.003, 0.3, 1000.0}) histogram.observe(seconds);
  const auto counts = histogram.cumulative();
  EXPECT_EQ(counts[0], 2);  // 0.5 ms, bound included
  EXPECT_EQ(counts[2], 2);
  EXPECT_EQ(counts[3], 3);
  EXPECT_EQ(counts[9], 4);   // 0.5 s
  EXPECT_EQ(counts[13], 4);  // 60 s
  EXPECT_EQ(counts[14], 5);  // +Inf
  EXPECT_NEAR(histogram.sum_seconds(), 1000.3036, 1e-5);
}

TEST(MetricsText, EscapesLabels) {
  MetricsText text;
  text.family("attune_x", "gauge", "Help.");
  text.sample({{"name", "a\"b\\c\nd"}}, 1.5);
  EXPECT_EQ(
      text.text(),
      "# HELP attune_x Help.\n# TYPE attune_x gauge\nattune_x{name=\"a\\\"b\\\\c\\nd\"} 1.5\n");
}

TEST(ServerMetrics, ShowRequestsByRouteAndStatus) {
  ServerMetrics metrics;
  RouteMetrics& route = metrics.route("GET", "/v1/files/{file_id}");
  EXPECT_EQ(&route, &metrics.route("GET", "/v1/files/{file_id}"));
  route.observe(200, 0.002, 100);
  route.observe(200, 0.002, 50);
  route.observe(404, 0.001, 7);
  metrics.unmatched().observe(404, 0.001, 1);
  metrics.generated_tokens.add(12);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("attune_http_requests_total{method=\"GET\",route=\"/v1/files/"
                              "{file_id}\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("route=\"/v1/files/{file_id}\",status=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("route=\"unmatched\",status=\"404\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("attune_http_request_duration_seconds_bucket{method=\"GET\",route=\"/v1/"
                        "files/{file_id}\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("attune_http_response_bytes_total{method=\"GET\",route=\"/v1/files/"
                              "{file_id}\"} 157\n"));
  EXPECT_THAT(text, HasSubstr("attune_inference_tokens_total{kind=\"generated\"} 12\n"));
}

// Every line is a comment or a sample of the family that was begun last, and each family comes
// once.
void expect_well_formed(const std::string& text) {
  std::istringstream lines(text);
  std::string family;
  std::set<std::string> families;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << "twice: " << family;
    } else if (!line.starts_with("# HELP ")) {
      EXPECT_TRUE(line.starts_with(family)) << line;
      const std::size_t space = line.rfind(' ');
      ASSERT_NE(space, std::string::npos) << line;
      EXPECT_NO_THROW(static_cast<void>(std::stod(line.substr(space + 1)))) << line;
    }
  }
  EXPECT_GT(families.size(), 5u);
}

TEST(ServerMetrics, CountFromManyThreads) {
  ServerMetrics metrics;
  RouteMetrics& route = metrics.route("GET", "/x");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 10000; ++n) route.observe(200, 0.001, 1);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(route.requests(200), 40000);
  EXPECT_EQ(route.latency().count(), 40000);
  expect_well_formed(metrics.render());
}

class Monitored : public testing::Test {
 protected:
  Monitored() {
    store_ = must(jobs::Store::open("sqlite:" + (folder_.path() / "attune.db").string(), {}));
    log_ = must(Log::open({.destination = log_path()}));
    store_metrics_ = std::make_unique<StoreMetrics>(*store_, "box");
    metrics_.add_source([this](MetricsText& text) { store_metrics_->write(text); });
    metrics_.add_source(write_process_metrics);
  }
  std::string log_path() const { return (folder_.path() / "log.jsonl").string(); }
  std::vector<Json> log_lines() {
    log_->flush();
    std::ifstream file(log_path());
    std::vector<Json> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(must(parse_json(line, "log")));
    return lines;
  }
  jobs::JobRow running_job() {
    jobs::JobRow row;
    row.job.model = "tiny";
    row.job.status = jobs::JobStatus::queued;
    must(store_->create_job(row, {}));
    return must(store_->claim_next({.worker = "w", .host = "box"})).value();
  }
  void record_step(const jobs::JobRow& job, Json data) {
    jobs::NewEvent event = jobs::info_event("Step");
    event.event.type = "metrics";
    event.event.data = std::move(data);
    must(store_->record(job.job.id, job.attempt, {.events = {event}}));
  }

  testing_support::TemporaryFolder folder_;
  std::unique_ptr<jobs::Store> store_;
  std::unique_ptr<Log> log_;
  ServerMetrics metrics_;
  std::unique_ptr<StoreMetrics> store_metrics_;
};

TEST_F(Monitored, ShowsJobsAndWhatTheRunningOneSays) {
  const jobs::JobRow job = running_job();
  record_step(job, {{"step", 1}, {"total_steps", 9}, {"train_loss", 2.5}, {"valid_loss", 2.75}});
  record_step(job,
              {{"step", 2}, {"total_steps", 9}, {"train_loss", 2.25}, {"tokens_per_second", 810}});
  must(store_->note_process(job.job.id, job.attempt, ::getpid()));
  const std::string text = metrics_.render();
  expect_well_formed(text);
  const std::string labels = "{job_id=\"" + job.job.id + "\",model=\"tiny\"} ";
  EXPECT_THAT(text, HasSubstr("attune_store_up 1\n"));
  EXPECT_THAT(text, HasSubstr("attune_jobs{status=\"running\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("attune_jobs{status=\"failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("attune_queue_length 0\n"));
  EXPECT_THAT(text, HasSubstr("attune_job_train_loss" + labels + "2.25\n"));
  EXPECT_THAT(text, HasSubstr("attune_job_valid_loss" + labels + "2.75\n"));
  EXPECT_THAT(text, HasSubstr("attune_job_step" + labels + "2\n"));
  EXPECT_THAT(text, HasSubstr("attune_job_tokens_per_second" + labels + "810\n"));
  EXPECT_THAT(text, HasSubstr("attune_job_attempts{job_id=\"" + job.job.id + "\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("attune_job_memory_bytes{job_id=\"" + job.job.id + "\"} "));
  EXPECT_THAT(text, HasSubstr("process_resident_memory_bytes "));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

TEST_F(Monitored, ServesMetricsToKeysOfThatScope) {
  Router router;
  add_metrics_routes(router, metrics_);
  const auto match = router.match("GET", {"metrics"});
  ASSERT_TRUE(std::holds_alternative<Match>(match));
  const Route& route = *std::get<Match>(match).route;
  EXPECT_EQ(route.scope, "metrics");
  EXPECT_TRUE(route.options.needs_key);
  Request request;
  const Answer<Response> answer = route.handler(request);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->headers.find("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  expect_well_formed(answer->body);
}

TEST_F(Monitored, LogsAndCountsRequestsByTheirRoute) {
  Router router;
  add_metrics_routes(router, metrics_);
  router.add("GET", "/v1/files/{file_id}", "files:read",
             [](Request&) -> Answer<Response> { return Response{}; });
  const AccessLog access(log_.get(), &metrics_, router);
  const auto observe = [&](std::string id, std::string method, std::string route, int status) {
    RequestRecord record;
    record.request_id = std::move(id);
    record.method = std::move(method);
    record.route = std::move(route);
    record.key_id = "key_9";
    record.status = status;
    record.seconds = 0.25;
    access.write(record);
  };
  observe("req_1", "GET", "/v1/files/{file_id}", 200);
  observe("req_2", "GET", "/v1/files/{file_id}", 404);
  observe("req_3", "GET", "", 404);
  observe("req_4", "GET", "/metrics", 200);
  observe("req_5", "GET", "/metrics", 500);
  observe("req_6", "HEAD", "/v1/files/{file_id}", 200);
  const std::vector<Json> lines = log_lines();
  ASSERT_EQ(lines.size(), 5u);  // a scrape that went well is not told
  EXPECT_EQ(lines[0]["Body"], "GET /v1/files/{file_id} 200");
  EXPECT_EQ(lines[0]["Attributes"]["http.request.id"], "req_1");
  EXPECT_EQ(lines[0]["Attributes"]["http.server.request.duration"], 0.25);
  EXPECT_EQ(lines[0]["Attributes"]["attune.key.id"], "key_9");
  EXPECT_EQ(lines[2]["Attributes"]["http.route"], "unmatched");
  EXPECT_EQ(lines[3]["SeverityText"], "ERROR");
  RouteMetrics& counted = metrics_.route("GET", "/v1/files/{file_id}");
  EXPECT_EQ(counted.requests(200), 2) << "HEAD is answered by the route of GET";
  EXPECT_EQ(counted.requests(404), 1);
  EXPECT_EQ(metrics_.unmatched().requests(404), 1);
}

}  // namespace
}  // namespace attune::serve
