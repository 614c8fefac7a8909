#include "serve/http.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

namespace attune::serve {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view before(std::string_view text, char end) { return text.substr(0, text.find(end)); }

// "Application/JSON; charset=utf-8" names the type "application/json".
bool names_json(std::string_view content_type) {
  std::string_view type = before(content_type, ';');
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return equal_ignoring_case(type, "application/json");
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_,
                [&](const Field& field) { return equal_ignoring_case(field.first, name); });
  fields_.emplace_back(name, std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Field& field : fields_)
    if (equal_ignoring_case(field.first, name)) return field.second;
  return {};
}

std::int64_t Headers::count(std::string_view name) const {
  return std::count_if(fields_.begin(), fields_.end(),
                       [&](const Field& field) { return equal_ignoring_case(field.first, name); });
}

// ---- principal ----

bool Principal::may(std::string_view scope) const {
  if (scope.empty()) return true;
  const std::string_view area = before(scope, ':');
  const bool reads = scope.ends_with(":read");
  return std::any_of(scopes.begin(), scopes.end(), [&](const std::string& granted) {
    return granted == "all" || granted == scope || granted == area || (reads && granted == "read");
  });
}

// ---- request ----

const std::string& Request::parameter(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& pair) { return pair.first == name; });
  CHECK(found != parameters.end(), "the route's pattern has no parameter of that name");
  return found->second;
}

Part* Request::part(std::string_view name) {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const Part& candidate) { return candidate.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

Answer<Json> json_body(const Request& request) {
  const auto type = request.headers.find("content-type");
  if (!request.body.empty() && (!type || !names_json(*type)))
    return Refusal(
        ApiError{.status = 415,
                 .message = fmt::format("Unsupported content type: '{}'. This endpoint takes "
                                        "'application/json'.",
                                        type.value_or("")),
                 .code = "unsupported_content_type"});
  if (request.body.empty())
    return wire::refuse(
        wire::bad_request("The request has no body; this endpoint takes a JSON object."));
  Result<Json> parsed = parse_json(request.body, "body");
  if (!parsed)
    return wire::refuse(
        wire::bad_request(fmt::format("We could not parse the JSON body of your request: {}",
                                      parsed.error().message()),
                          "invalid_json"));
  if (!parsed->is_object())
    return wire::refuse(
        wire::bad_request("The JSON body of your request must be an object.", "invalid_json"));
  return std::move(*parsed);
}

Refusal unknown_cursor(const wire::PageQuery& page) {
  return wire::refuse(wire::invalid_value(
      "after",
      fmt::format("Invalid 'after': there is no '{}' in this list.", page.after.value_or(""))));
}

// ---- response ----

Result<std::shared_ptr<FileBody>> FileBody::open(const Path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    const std::string reason = descriptor < 0 ? std::strerror(errno) : "no regular file";
    if (descriptor >= 0) ::close(descriptor);
    return environment_failure({.where = path.string(),
                                .found = "the content can't be read: " + reason,
                                .fix = "run `attune doctor`"});
  }
  return std::shared_ptr<FileBody>(new FileBody(descriptor, status.st_size));
}

FileBody::~FileBody() { ::close(descriptor_); }

Result<std::string> FileBody::read(std::int64_t offset, std::int64_t limit) const {
  const std::int64_t wanted = std::min(limit, bytes_ - offset);
  std::string bytes(static_cast<std::size_t>(std::max<std::int64_t>(wanted, 0)), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + have, bytes.size() - have,
                                offset + static_cast<std::int64_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return environment_failure({.where = "a file's content",
                                  .found = got < 0 ? std::strerror(errno) : "shorter than it was"});
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

Response Response::text(std::string text, std::string content_type, int status) {
  Response response;
  response.status = status;
  response.headers.add("content-type", std::move(content_type));
  response.body = std::move(text);
  return response;
}

Response Response::json_text(std::string text, int status) {
  return Response::text(std::move(text), "application/json", status);
}

Response Response::json(const Json& value, int status) { return json_text(to_text(value), status); }

Response Response::json_text(std::shared_ptr<const std::string> text) {
  Response response = json_text(std::string());
  response.shared_body = std::move(text);
  return response;
}

Response Response::from_file(std::shared_ptr<FileBody> file, std::string content_type) {
  Response response = Response::text({}, std::move(content_type));
  response.file = std::move(file);
  return response;
}

Response Response::stream(std::function<void(StreamWriter&)> producer, std::string content_type) {
  Response response = Response::text({}, std::move(content_type));
  response.headers.add("cache-control", "no-cache");
  response.producer = std::move(producer);
  return response;
}

Response Response::events(std::shared_ptr<Subscription> subscription) {
  Response response = Response::text({}, "text/event-stream");
  response.headers.add("cache-control", "no-cache");
  response.headers.add("x-accel-buffering", "no");  // proxies pass events on at once
  response.subscription = std::move(subscription);
  return response;
}

Response Response::from_error(const ApiError& error) {
  Response response = json_text(wire::error_text(error), error.status);
  if (error.retry_after_seconds)
    response.headers.add("retry-after", std::to_string(*error.retry_after_seconds));
  // The official clients try a 409 again unless they are told that it would not help.
  if (error.status == 409 && !error.retry_after_seconds)
    response.headers.add("x-should-retry", "false");
  if (error.status == 401) response.headers.add("www-authenticate", "Bearer");
  return response;
}

}  // namespace attune::serve
