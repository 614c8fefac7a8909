// What a request is refused with: the OpenAI error object and its HTTP status.
//
//   Answer<Response> get_file(Request& request) {
//     ATTUNE_ANSWER(std::optional<FileRow> row, store.find_file(tenant, id));  // a Result or
//     Answer if (!row) return wire::not_found("file", id);
//     ...
//   }
//
// The makers give a Refusal, which turns into any Answer; its value() is the ApiError.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "base/result.h"

namespace attune {
using Json = nlohmann::ordered_json;  // as in io/json.h, which is too heavy for this header
}

namespace attune::wire {

struct ApiError {
  int status = 400;
  std::string message;
  std::string type = "invalid_request_error";
  std::optional<std::string> param = {}, code = {};
  std::optional<int> retry_after_seconds = {};
  bool operator==(const ApiError&) const = default;
};

template <class T = void>
using Answer = tl::expected<T, ApiError>;
using Refusal = tl::unexpected<ApiError>;
[[nodiscard]] inline Refusal refuse(ApiError error) { return Refusal(std::move(error)); }

// {"error": {"message", "type", "param", "code"}}
Json to_json(const ApiError& error);
std::string error_text(const ApiError& error);  // the same, as the bytes to send

// The error in a body of that shape; nothing when the body has no error object.
std::optional<ApiError> error_from_body(int status, const Json& body);

// 400. `code` says which rule was broken: "invalid_value", "invalid_type",
// "integer_below_min_value" ...
ApiError invalid_value(std::string param, std::string message, std::string code = "invalid_value");
ApiError missing_parameter(std::string param);
ApiError unknown_parameter(std::string param);
ApiError unsupported_parameter(std::string param, std::string message);
// 400 without a parameter, for a body or a file as a whole.
ApiError bad_request(std::string message, std::optional<std::string> code = {});
ApiError not_found(std::string_view what, std::string_view id);  // 404 No such file: file-abc
ApiError model_not_found(std::string_view id);                   // 404 model_not_found
ApiError conflict(std::string message);                          // 409
ApiError unauthorized(std::string message);                      // 401 invalid_api_key
ApiError forbidden(std::string message);                         // 403
ApiError too_large(std::string message);                         // 413
ApiError too_many_requests(std::string message, int retry_after_seconds);  // 429
ApiError overloaded(std::string message, int retry_after_seconds);         // 503
ApiError server_error(std::string message);                                // 500

// Bad input is the client's (400); the environment is the server's (500).
ApiError from_error(const Error& error);
inline ApiError from_error(ApiError error) { return error; }

}  // namespace attune::wire

#define ATTUNE_ANSWER_INNER(temporary, declaration, ...)                                      \
  auto temporary = (__VA_ARGS__);                                                             \
  if (!temporary)                                                                             \
    return ::attune::wire::Refusal(::attune::wire::from_error(std::move(temporary).error())); \
  declaration = std::move(*temporary)

// ATTUNE_TRY for functions that return an Answer: the expression may be a Result or an Answer.
#define ATTUNE_ANSWER(declaration, ...) \
  ATTUNE_ANSWER_INNER(ATTUNE_CONCAT(attune_answer_, __LINE__), declaration, __VA_ARGS__)

#define ATTUNE_ANSWER_VOID(...)                                               \
  do {                                                                        \
    auto attune_answer_void = (__VA_ARGS__);                                  \
    if (!attune_answer_void)                                                  \
      return ::attune::wire::Refusal(                                         \
          ::attune::wire::from_error(std::move(attune_answer_void).error())); \
  } while (false)
