// Reads the fields of a small JSON body, and refuses what it does not know.
//
//   BodyFields fields(body);
//   std::string name = fields.required_text("name", 64);
//   std::int64_t days = fields.integer("days", 1, 90).value_or(30);
//   ATTUNE_ANSWER_VOID(fields.end());     // the first thing that was wrong, or an unknown field
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/json.h"
#include "wire/error.h"

namespace attune::serve {

class BodyFields {
 public:
  explicit BodyFields(const Json& body) : body_(body) {}

  std::string required_text(const char* name, std::size_t most);
  std::optional<std::string> text(const char* name, std::size_t most);
  std::optional<std::int64_t> integer(const char* name, std::int64_t least, std::int64_t most);
  std::optional<bool> truth(const char* name);
  std::optional<std::vector<std::string>> texts(const char* name, std::size_t most_items);
  wire::Answer<void> end();

 private:
  const Json* find(const char* name);  // null: absent, or null in the body
  void refuse(const char* name, const std::string& wanted);
  const Json& body_;
  std::set<std::string> known_;
  std::optional<wire::ApiError> fault_;
};

}  // namespace attune::serve
