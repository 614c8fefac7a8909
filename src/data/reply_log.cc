#include "data/reply_log.h"

#include <utility>

#include <fmt/format.h>

#include "io/jsonl.h"

namespace attune::data {

namespace {

Json to_json(const LoggedReply& reply) {
  Json json = {{"request", reply.request}, {"verdict", reply.verdict}};
  if (!reply.detail.empty()) json["detail"] = reply.detail;
  json["prompt_tokens"] = reply.prompt_tokens;
  json["completion_tokens"] = reply.completion_tokens;
  json["shots"] = reply.shots;
  json["reply"] = reply.reply;
  if (!reply.messages.is_null()) json["row"] = {{"messages", reply.messages}};
  return json;
}

std::optional<LoggedReply> reply_from_json(const Json& json) {
  const auto count = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
  };
  const auto text = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!json.is_object() || count("request") < 0 || text("verdict").empty()) return std::nullopt;
  LoggedReply reply{.request = count("request"), .verdict = text("verdict")};
  reply.detail = text("detail");
  reply.reply = text("reply");
  reply.prompt_tokens = std::max<std::int64_t>(0, count("prompt_tokens"));
  reply.completion_tokens = std::max<std::int64_t>(0, count("completion_tokens"));
  const auto row = json.find("row");
  if (row != json.end() && row->is_object()) reply.messages = row->value("messages", Json());
  return reply;
}

// Names the settings that differ.
Failure other_settings(const Path& path, const Json& had, const Json& wanted) {
  std::string differing;
  for (const auto& [key, value] : wanted.items()) {
    if (had.is_object() && had.value(key, Json()) == value) continue;
    differing += (differing.empty() ? "" : ", ") + key;
  }
  return bad_input({.where = path.string(),
                    .found = fmt::format("replies that were asked for with another {}",
                                         differing.empty() ? "version" : differing),
                    .wanted = "the same settings, to go on with that run",
                    .fix = "give the same options as before, or another --out"});
}

}  // namespace

Result<ReplyLog> ReplyLog::open(const Path& path, const Json& settings) {
  ATTUNE_TRY(LineLog lines, LineLog::open(path));
  ReplyLog log(path, std::move(lines));
  ATTUNE_TRY_VOID(log.begin(settings));
  return log;
}

Result<void> ReplyLog::begin(const Json& settings) {
  const std::string head_line = to_text(Json{{"version", 1}, {"settings", settings}});
  const std::string& text = lines_.earlier();
  if (text.empty()) return lines_.append({&head_line, 1});
  JsonlReader lines(text, path_.string());
  ATTUNE_TRY(const std::optional<JsonLine> head, lines.next());
  const Json had = head && head->value.is_object() ? head->value : Json::object();
  if (had.value("version", Json()) != 1 || had.value("settings", Json()) != settings) {
    const bool no_replies = text.find('\n') + 1 == text.size();
    if (!no_replies || !had.contains("settings"))
      return other_settings(path_, had.value("settings", Json()), settings);
    ATTUNE_TRY_VOID(lines_.clear());
    return lines_.append({&head_line, 1});
  }
  while (true) {
    ATTUNE_TRY(std::optional<JsonLine> line, lines.next());
    if (!line) return {};
    std::optional<LoggedReply> reply = reply_from_json(line->value);
    if (!reply) {
      return bad_input({.where = fmt::format("{}:{}", path_.string(), line->line),
                        .found = "no reply",
                        .wanted = "the lines that an earlier run left",
                        .fix = "restore the file, or choose another --out"});
    }
    earlier_.push_back(*std::move(reply));
  }
}

Result<void> ReplyLog::append(const LoggedReply& reply) {
  const std::string line = to_text(to_json(reply));
  return lines_.append({&line, 1});
}

}  // namespace attune::data
