#include "client/call.h"

#include <algorithm>

#include <fmt/format.h>

#include "client/provider.h"
#include "io/json.h"

namespace attune::client {

namespace {

constexpr std::size_t kMostShownCharacters = 2000;

std::string text_of(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return {};
  const Json& value = object[key];
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : std::string();
}

void take_error_object(const Json& object, CallFailure& failure) {
  failure.message = text_of(object, "message");
  failure.type = text_of(object, "type");
  failure.code = text_of(object, "code");
  failure.param = text_of(object, "param");
}

// FastAPI: a text, or a list of {"loc": [...], "msg": "..."}.
void take_detail(const Json& detail, CallFailure& failure) {
  if (detail.is_string()) failure.message = detail.get<std::string>();
  if (!detail.is_array()) return;
  for (const Json& fault : detail) {
    std::string place;
    if (fault.is_object() && fault.contains("loc") && fault["loc"].is_array()) {
      for (const Json& step : fault["loc"])
        place +=
            (place.empty() ? "" : ".") + (step.is_string() ? step.get<std::string>() : step.dump());
    }
    failure.message += (failure.message.empty() ? "" : "; ") + (place.empty() ? "" : place + ": ") +
                       text_of(fault, "msg");
  }
}

// The words of an HTML page, or any other text, on one line.
std::string plain_words(std::string_view body) {
  std::string words;
  bool in_tag = false;
  for (const char character : body) {
    if (character == '<') in_tag = true;
    const bool blank = in_tag || static_cast<unsigned char>(character) <= ' ';
    if (!blank) words += character;
    if (blank && !words.empty() && words.back() != ' ') words += ' ';
    if (character == '>') in_tag = false;
    if (words.size() > 300) break;
  }
  while (words.ends_with(' ')) words.pop_back();
  return words;
}

// Bytes that a terminal would act on, and a length that buries the rest, have no place in a
// message.
std::string presentable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  if (text.size() > kMostShownCharacters) text = text.substr(0, kMostShownCharacters) + "...";
  return text;
}

void blot_out(std::string& text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < 4) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "[key]");
      at += 5;
    }
  }
}

std::string fix_of_status(int status) {
  switch (status) {
    case 401:
      return "check --api-key, or the environment variable that holds the key";
    case 403:
      return "check what this key, organisation and project may do";
    case 404:
      return "check the id and the --endpoint address";
    case 413:
      return "send a smaller file or request";
    case 429:
      return "wait and try again, or ask the provider for a higher limit";
    default:
      return status >= 500 ? "try again later" : "correct the request";
  }
}

// docs/client.md, "Wind-down".
std::string wind_down_advice() {
  return fmt::format(
      "OpenAI is ending self-serve fine-tuning: since 2026-05-07 new organisations are refused, "
      "since 2026-07-02 those without recent use of a tuned model, and from 2027-01-06 everybody. "
      "The same calls work against your own machine: start `attune serve` and give --endpoint {} "
      "with an open base model",
      kLocalEndpoint);
}

}  // namespace

bool CallFailure::temporary() const {
  if (stopped || local_fault || malformed) return false;
  return status == 0 || status == 408 || status == 429 || status >= 500;
}

Error CallFailure::error() const {
  const bool input = local_fault || status == 400 || status == 404 || status == 409 ||
                     status == 413 || status == 415 || status == 422;
  std::string found = message;
  if (status >= 400) {
    found = fmt::format("HTTP {}{}: {}", status, code.empty() ? "" : " " + code,
                        message.empty() ? "no message" : message);
    if (!param.empty()) found += fmt::format(" (param: {})", param);
    if (!request_id.empty()) found += fmt::format(" (request {})", request_id);
  }
  std::string mend = fix;
  if (mend.empty() && code == "training_not_available") mend = wind_down_advice();
  if (mend.empty() && status >= 400) mend = fix_of_status(status);
  if (mend.empty() && status == 0 && !local_fault)
    mend = "check that the server runs and that --endpoint names it";
  return {.kind = input ? ErrorKind::bad_input : ErrorKind::environment,
          .where = where,
          .found = std::move(found),
          .wanted = {},
          .fix = std::move(mend)};
}

CallFailure read_refusal(const HttpResponse& response, std::string where,
                         const std::vector<std::string>& secrets) {
  CallFailure failure;
  failure.where = std::move(where);
  failure.status = response.status;
  if (const auto id = find_header(response.headers, "x-request-id")) failure.request_id = *id;
  if (const auto body = parse_json(response.body, "answer"); body && body->is_object()) {
    if (body->contains("error") && (*body)["error"].is_object()) {
      take_error_object((*body)["error"], failure);
    } else if (body->contains("error") && (*body)["error"].is_string()) {
      failure.message = (*body)["error"].get<std::string>();
    } else if (body->contains("detail")) {
      take_detail((*body)["detail"], failure);
    } else {
      take_error_object(*body, failure);
    }
  }
  if (failure.message.empty()) failure.message = plain_words(response.body);
  for (std::string* text :
       {&failure.message, &failure.type, &failure.code, &failure.param, &failure.request_id}) {
    *text = presentable(std::move(*text));
    blot_out(*text, secrets);
  }
  return failure;
}

CallFailure explain_no_answer(const NoAnswer& fault, std::string where) {
  CallFailure failure;
  failure.where = std::move(where);
  failure.message = fault.what;
  if (fault.retries > 0) failure.message += fmt::format(" ({} attempts)", fault.retries + 1);
  failure.stopped = fault.stopped;
  failure.local_fault = fault.local_fault;
  return failure;
}

CallFailure unexpected_answer(std::string where, std::string found, std::string wanted) {
  CallFailure failure;
  failure.where = std::move(where);
  failure.message = fmt::format("{} where {} was expected", found, wanted);
  failure.fix =
      "check that --endpoint is the base address of an OpenAI-compatible API (it often "
      "ends in /v1)";
  failure.malformed = true;
  return failure;
}

}  // namespace attune::client
