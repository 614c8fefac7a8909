#include "data/reply_log.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/jsonl.h"

namespace attune::data {

namespace {

Failure log_failure(const Path& path, std::string_view action, int error) {
  return environment_failure(
      {.where = path.string(),
       .found = fmt::format("{}: {}", action, std::generic_category().message(error)),
       .wanted = "a file that can be written",
       .fix = "check the disk and the permissions, or choose another folder"});
}

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

ReplyLog::ReplyLog(ReplyLog&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      earlier_(std::move(other.earlier_)) {}

ReplyLog::~ReplyLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<ReplyLog> ReplyLog::open(const Path& path, const Json& settings) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) return log_failure(path, "cannot open it", errno);
  ReplyLog log(path, descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return bad_input({.where = path.string(),
                      .found = "another run is writing it",
                      .wanted = "one run at a time in a folder",
                      .fix = "wait for it, or choose another --out"});
  }
  ATTUNE_TRY_VOID(log.begin(settings));
  return log;
}

Result<void> ReplyLog::begin(const Json& settings) {
  ATTUNE_TRY(const std::string text, read_file(path_));
  const std::size_t end = text.rfind('\n');
  const std::size_t whole = end == std::string::npos ? 0 : end + 1;
  if (whole != text.size() && ::ftruncate(descriptor_, static_cast<off_t>(whole)) != 0)
    return log_failure(path_, "cannot cut its broken last line", errno);
  if (whole == 0) return write(to_text(Json{{"version", 1}, {"settings", settings}}));
  JsonlReader lines(std::string_view(text).substr(0, whole), path_.string());
  ATTUNE_TRY(const std::optional<JsonLine> head, lines.next());
  const Json had = head && head->value.is_object() ? head->value : Json::object();
  if (had.value("version", Json()) != 1 || had.value("settings", Json()) != settings) {
    const bool no_replies = text.find('\n') + 1 == whole;
    if (!no_replies || !had.contains("settings"))
      return other_settings(path_, had.value("settings", Json()), settings);
    if (::ftruncate(descriptor_, 0) != 0) return log_failure(path_, "cannot empty it", errno);
    return begin(settings);
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

Result<void> ReplyLog::append(const LoggedReply& reply) { return write(to_text(to_json(reply))); }

Result<void> ReplyLog::write(std::string_view line) {
  const std::string bytes = std::string(line) + "\n";
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return log_failure(path_, "cannot write", written < 0 ? errno : ENOSPC);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(descriptor_) != 0 && errno != EINVAL && errno != ENOTSUP)
    return log_failure(path_, "cannot flush to disk", errno);
  return {};
}

}  // namespace attune::data
