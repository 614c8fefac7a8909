#include "wire/error.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/json.h"

namespace attune::wire {

namespace {

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

std::optional<std::string> text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

Refusal refuse(int status, std::string message, std::optional<std::string> param,
               std::optional<std::string> code) {
  return Refusal(ApiError{.status = status,
                          .message = std::move(message),
                          .param = std::move(param),
                          .code = std::move(code)});
}

Refusal refuse_for_now(int status, std::string message, std::string type, std::string code,
                       int retry_after_seconds) {
  return Refusal(ApiError{.status = status,
                          .message = std::move(message),
                          .type = std::move(type),
                          .code = std::move(code),
                          .retry_after_seconds = std::max(retry_after_seconds, 1)});
}

}  // namespace

Json to_json(const ApiError& error) {
  Json inner = Json::object();
  inner["message"] = error.message;
  inner["type"] = error.type;
  inner["param"] = or_null(error.param);
  inner["code"] = or_null(error.code);
  Json body = Json::object();
  body["error"] = std::move(inner);
  return body;
}

std::string error_text(const ApiError& error) { return to_text(to_json(error)); }

std::optional<ApiError> error_from_body(int status, const Json& body) {
  if (!body.is_object()) return {};
  const auto found = body.find("error");
  if (found == body.end() || !found->is_object()) return {};
  const std::optional<std::string> message = text_of(*found, "message");
  if (!message) return {};
  ApiError error{.status = status, .message = *message};
  error.type = text_of(*found, "type").value_or("");
  error.param = text_of(*found, "param");
  error.code = text_of(*found, "code");
  return error;
}

Refusal invalid_value(std::string param, std::string message, std::string code) {
  return refuse(400, std::move(message), std::move(param), std::move(code));
}

Refusal missing_parameter(std::string param) {
  std::string message = fmt::format("Missing required parameter: '{}'.", param);
  return refuse(400, std::move(message), std::move(param), "missing_required_parameter");
}

Refusal unknown_parameter(std::string param) {
  std::string message = fmt::format("Unknown parameter: '{}'.", param);
  return refuse(400, std::move(message), std::move(param), "unknown_parameter");
}

Refusal unsupported_parameter(std::string param, std::string message) {
  return refuse(400, std::move(message), std::move(param), "unsupported_parameter");
}

Refusal bad_request(std::string message, std::optional<std::string> code) {
  return refuse(400, std::move(message), {}, std::move(code));
}

Refusal not_found(std::string_view what, std::string_view id) {
  return refuse(404, fmt::format("No such {}: {}", what, id), "id", {});
}

Refusal model_not_found(std::string_view id) {
  return refuse(404,
                fmt::format("The model '{}' does not exist or you do not have access to it.", id),
                "model", "model_not_found");
}

Refusal conflict(std::string message) { return refuse(409, std::move(message), {}, "conflict"); }

Refusal unauthorized(std::string message) {
  return refuse(401, std::move(message), {}, "invalid_api_key");
}

Refusal forbidden(std::string message) {
  return refuse(403, std::move(message), {}, "permission_denied");
}

Refusal too_large(std::string message) {
  return refuse(413, std::move(message), {}, "request_too_large");
}

Refusal too_many_requests(std::string message, int retry_after_seconds) {
  return refuse_for_now(429, std::move(message), "requests", "rate_limit_exceeded",
                        retry_after_seconds);
}

Refusal overloaded(std::string message, int retry_after_seconds) {
  return refuse_for_now(503, std::move(message), "server_error", "overloaded", retry_after_seconds);
}

Refusal server_error(std::string message) {
  return Refusal(ApiError{.status = 500,
                          .message = std::move(message),
                          .type = "server_error",
                          .code = "server_error"});
}

ApiError from_error(const Error& error) {
  if (error.kind == ErrorKind::bad_input) return bad_request(error.message()).value();
  return server_error(error.message()).value();
}

}  // namespace attune::wire
