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

ApiError make(int status, std::string message, std::optional<std::string> param,
              std::optional<std::string> code) {
  return ApiError{.status = status,
                  .message = std::move(message),
                  .param = std::move(param),
                  .code = std::move(code)};
}

ApiError make_temporary(int status, std::string message, std::string type, std::string code,
                        int retry_after_seconds) {
  return ApiError{.status = status,
                  .message = std::move(message),
                  .type = std::move(type),
                  .code = std::move(code),
                  .retry_after_seconds = std::max(retry_after_seconds, 1)};
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

ApiError invalid_value(std::string param, std::string message, std::string code) {
  return make(400, std::move(message), std::move(param), std::move(code));
}

ApiError missing_parameter(std::string param) {
  std::string message = fmt::format("Missing required parameter: '{}'.", param);
  return make(400, std::move(message), std::move(param), "missing_required_parameter");
}

ApiError unknown_parameter(std::string param) {
  std::string message = fmt::format("Unknown parameter: '{}'.", param);
  return make(400, std::move(message), std::move(param), "unknown_parameter");
}

ApiError unsupported_parameter(std::string param, std::string message) {
  return make(400, std::move(message), std::move(param), "unsupported_parameter");
}

ApiError bad_request(std::string message, std::optional<std::string> code) {
  return make(400, std::move(message), {}, std::move(code));
}

ApiError not_found(std::string_view what, std::string_view id) {
  return make(404, fmt::format("No such {}: {}", what, id), "id", {});
}

ApiError model_not_found(std::string_view id) {
  return make(404,
              fmt::format("The model '{}' does not exist or you do not have access to it.", id),
              "model", "model_not_found");
}

ApiError conflict(std::string message) { return make(409, std::move(message), {}, "conflict"); }

ApiError unauthorized(std::string message) {
  return make(401, std::move(message), {}, "invalid_api_key");
}

ApiError forbidden(std::string message) {
  return make(403, std::move(message), {}, "permission_denied");
}

ApiError too_large(std::string message) {
  return make(413, std::move(message), {}, "request_too_large");
}

ApiError too_many_requests(std::string message, int retry_after_seconds) {
  return make_temporary(429, std::move(message), "requests", "rate_limit_exceeded",
                        retry_after_seconds);
}

ApiError overloaded(std::string message, int retry_after_seconds) {
  return make_temporary(503, std::move(message), "server_error", "overloaded", retry_after_seconds);
}

ApiError server_error(std::string message) {
  return ApiError{
      .status = 500, .message = std::move(message), .type = "server_error", .code = "server_error"};
}

ApiError from_error(const Error& error) {
  if (error.kind == ErrorKind::bad_input) return bad_request(error.message());
  return server_error(error.message());
}

}  // namespace attune::wire
