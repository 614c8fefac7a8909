// Reads an answer's JSON object leniently: unknown members are ignored, null counts as absent, and
// the first member of a wrong type becomes the error. Inside the layer only.
//
//   ObjectReader reader(json, "answer");
//   file.id = reader.text("id");                        // required
//   file.expires_at = reader.optional_integer("expires_at");
//   return reader.result(std::move(file));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::wire {

class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string_view where);

  // Null pointer: absent or null.
  const Json* find(const char* key) const;

  std::string text(const char* key);
  std::int64_t integer(const char* key);
  std::optional<std::string> optional_text(const char* key);
  std::optional<std::int64_t> optional_integer(const char* key);
  std::optional<double> optional_number(const char* key);
  std::vector<std::string> texts(const char* key);  // empty when absent

  // A member read by from_json<T>.
  template <typename T>
  std::optional<T> optional_object(const char* key,
                                   Result<T> (*convert)(const Json&, std::string_view)) {
    const Json* value = find(key);
    if (value == nullptr || error_) return std::nullopt;
    Result<T> found = convert(*value, place(key));
    if (found) return std::move(*found);
    error_ = std::move(found).error();
    return std::nullopt;
  }

  void fail(const char* key, std::string found, std::string wanted);
  std::string place(const char* key) const;  // "where: key"

  template <typename T>
  Result<T> result(T value) {
    if (error_) return Failure(std::move(*error_));
    return value;
  }

 private:
  template <typename T, typename Convert>
  std::optional<T> read(const char* key, const char* wanted, Convert convert);

  const Json* json_;
  std::string where_;
  std::optional<Error> error_;
};

}  // namespace attune::wire
