// A load generator for `attune serve`: one thread, epoll, answers only counted.
//
//   load_bench requests --port 8080 --path /v1/fine_tuning/jobs/ftjob-x --connections 32 --seconds
//   5 load_bench streams  --port 8080 --path '/v1/fine_tuning/jobs/ftjob-x/events?stream=true'
//                       --streams 2000 --trigger 'POST /v1/fine_tuning/jobs/ftjob-x/cancel'
//   load_bench upload   --port 8080 --bytes 2147483648
//
// Prints one JSON object as its last line. bench/load/run.py starts a server and does all of them.
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "io/json.h"
#include "load/measures.h"

namespace attune::load {

namespace {

Json to_json(const RequestsResult& result) {
  return {{"answers", result.answers},      {"failures", result.failures},
          {"seconds", result.seconds},      {"requests_per_second", result.per_second},
          {"p50_ms", result.p50_ms},        {"p90_ms", result.p90_ms},
          {"p99_ms", result.p99_ms},        {"p999_ms", result.p999_ms},
          {"longest_ms", result.longest_ms}};
}

Json to_json(const StreamsResult& result) {
  Json events = Json::array();
  for (const FanOut& event : result.events) {
    events.push_back({{"event", event.event},
                      {"streams", event.streams},
                      {"repeats", event.repeats},
                      {"first_ms", event.first_ms},
                      {"last_ms", event.last_ms}});
  }
  return {{"opened", result.opened},
          {"lost", result.lost},
          {"open_seconds", result.open_seconds},
          {"events", std::move(events)}};
}

Json to_json(const UploadResult& result) {
  return {{"status", result.status},
          {"seconds", result.seconds},
          {"megabytes_per_second", result.megabytes_per_second},
          {"answer", result.answer}};
}

int print(const Result<Json>& result) {
  if (!result) {
    fmt::print(stderr, "load_bench: {}\n", result.error().message());
    return exit_code(result.error());
  }
  fmt::print("{}\n", result->dump());
  return 0;
}

int run(int count, char** arguments) {
  CLI::App app("Load on an OpenAI-compatible server on this machine");
  app.require_subcommand(1);
  std::string host = "127.0.0.1";
  int port = 8080;
  RequestsOptions requests;
  StreamsOptions streams;
  UploadOptions upload;
  const auto common = [&](CLI::App* command, std::string& key) {
    command->add_option("--host", host, "Address in numbers")->capture_default_str();
    command->add_option("--port", port)->required();
    command->add_option("--key", key, "API key");
  };

  CLI::App* r = app.add_subcommand("requests", "One GET over and over");
  common(r, requests.key);
  r->add_option("--path", requests.path)->required();
  r->add_option("--connections", requests.connections)->capture_default_str();
  r->add_option("--pipeline", requests.pipeline, "Requests under way on one connection")
      ->capture_default_str();
  r->add_option("--seconds", requests.seconds)->capture_default_str();
  CLI::App* s = app.add_subcommand("streams", "Many event streams of one job");
  common(s, streams.key);
  s->add_option("--path", streams.path)->required();
  s->add_option("--streams", streams.streams)->capture_default_str();
  s->add_option("--idle-seconds", streams.idle_seconds)->capture_default_str();
  s->add_option("--seconds", streams.seconds)->capture_default_str();
  s->add_option("--trigger", streams.trigger, "METHOD PATH of the request that makes events");
  CLI::App* u = app.add_subcommand("upload", "One large file");
  common(u, upload.key);
  u->add_option("--bytes", upload.bytes)->capture_default_str();
  CLI11_PARSE(app, count, arguments);

  const auto measure = [&]() -> Result<Json> {
    ATTUNE_TRY(const Address address, resolve(host, port));
    if (*r) {
      ATTUNE_TRY(const RequestsResult result, measure_requests(address, requests));
      return to_json(result);
    }
    if (*s) {
      ATTUNE_TRY(const StreamsResult result, measure_streams(address, streams));
      return to_json(result);
    }
    ATTUNE_TRY(const UploadResult result, measure_upload(address, upload));
    return to_json(result);
  };
  return print(measure());
}

}  // namespace

}  // namespace attune::load

int main(int count, char** arguments) { return attune::load::run(count, arguments); }
