// The live events of a job as server-sent events: GET .../events?stream=true. Servers without a
// stream answer with a plain list (or refuse the parameter), and the caller polls.
#include "client/open_ai_client.h"
#include "client/read_objects.h"
#include "client/sse.h"

namespace attune::client {

namespace {

// A stream that stays silent this long is taken for dead: our server sends a comment more often.
constexpr double kLongestSilence = 60;

bool is_stream(const HeaderList& headers) {
  return find_header(headers, "content-type").value_or("").starts_with("text/event-stream");
}

}  // namespace

Reply<bool> OpenAiClient::follow_events(const std::string& job, std::string& position,
                                        const EventReceiver& receive,
                                        const std::atomic<bool>& stop) {
  if (!rules().event_stream) return false;
  const std::string path = "/fine_tuning/jobs/" + encode_segment(job) + "/events";
  const std::string where = "GET " + session_.address(path);
  bool streaming = false;
  bool wanted = true;
  std::optional<CallFailure> fault;
  SseParser parser([&](const SseEvent& message) {
    if (message.data.starts_with("[DONE]")) return false;
    const auto raw = parse_json(message.data, where);
    if (!raw || !raw->is_object()) {
      fault = unexpected_answer(where, "an event that is no JSON object", "an event object");
      return false;
    }
    if (raw->contains("error") && (*raw)["error"].is_object()) {  // an error inside the stream
      fault = read_refusal({.status = 500, .body = message.data}, where, endpoint().secrets);
      return false;
    }
    if (raw->value("object", Json("fine_tuning.job.event")) != "fine_tuning.job.event") return true;
    auto event = wire::from_json<wire::EventObject>(tidy_event(*raw), where);
    if (!event) return true;  // of a kind that is not known here
    if (event->id.empty()) event->id = message.id;
    wanted = receive({*std::move(event), *raw});
    position = message.id;
    return wanted;
  });
  HttpRequest request{.method = "GET", .url = {}};
  request.headers.emplace_back("Accept", "text/event-stream");
  if (!position.empty()) request.headers.emplace_back("Last-Event-ID", position);
  request.total_seconds = 0;
  request.idle_seconds = kLongestSilence;
  request.stop = &stop;
  request.retry = false;
  request.on_headers = [&](const HeaderList& headers) { streaming = is_stream(headers); };
  request.on_body = [&](std::string_view bytes) { return streaming && parser.feed(bytes); };
  const auto ended = session_.exchange(std::move(request), path, {{"stream", "true"}});
  if (fault) return CallRefused(*std::move(fault));
  if (!ended && ended.error().status >= 400) return CallRefused(ended.error());
  if (stop || !wanted) return true;
  if (!ended && !ended.error().stopped) return CallRefused(ended.error());
  return streaming;
}

}  // namespace attune::client
