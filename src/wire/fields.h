// Reads a request's JSON object field by field, with the API's words for what is wrong.
//
//   Fields fields(body);
//   request.model = fields.required_text("model");
//   request.n = fields.integer("n", {1, 128}).value_or(1);
//   if (auto method = fields.object("method")) request.method = method->required_text("type");
//   if (auto error = fields.finish()) return refuse(*error);
//
// The first fault is kept; what is read after it does not matter. A null counts as absent. finish()
// also refuses a field that nobody asked for, in this object and in those inside it that were read.
// Inside the layer only.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"
#include "wire/error.h"

namespace attune::wire {

struct IntegerRange {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct NumberRange {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool least_excluded = false;
  bool most_excluded = false;
};

struct LengthRange {  // of characters, or of items
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

// "an object", "an array", "a string", "an integer", "a decimal", "a boolean", "null".
std::string_view kind_of(const Json& value);
// Characters of valid UTF-8.
std::int64_t count_characters(std::string_view text);
// "a", "b" -> "'a' and 'b'"
std::string quoted_list(const std::vector<std::string_view>& words);

class Fields {
 public:
  // A root that is no object is a fault.
  explicit Fields(const Json& body);

  bool has(std::string_view name);          // present, also when null; counts as read
  const Json* find(std::string_view name);  // null pointer: absent, null, or a fault before
  std::optional<std::string> text(std::string_view name, LengthRange length = {});
  std::string required_text(std::string_view name, LengthRange length = {1});
  std::optional<std::string> word(std::string_view name,
                                  const std::vector<std::string_view>& words);
  std::optional<std::int64_t> integer(std::string_view name, IntegerRange range = {});
  std::optional<double> number(std::string_view name, NumberRange range = {});
  std::optional<bool> boolean(std::string_view name);
  std::optional<Fields> object(std::string_view name);
  // The items, or a null pointer.
  const Json* array(std::string_view name, LengthRange length = {});
  std::optional<std::vector<std::string>> texts(std::string_view name, LengthRange count,
                                                LengthRange length = {1});
  // The item of array() as an object of its own.
  Fields item(std::string_view name, const Json& array, std::size_t index);

  // Checks of one value that is called `path`; nothing when it is faulty.
  std::optional<std::string> check_text(const Json& value, const std::string& path,
                                        LengthRange length);
  std::optional<std::int64_t> check_integer(const Json& value, const std::string& path,
                                            IntegerRange range);
  std::optional<double> check_number(const Json& value, const std::string& path, NumberRange range);
  bool check_length(std::int64_t found, const std::string& path, LengthRange length,
                    std::string_view noun);
  std::nullopt_t wrong_type(const Json& value, const std::string& path, std::string_view wanted);

  std::string path_of(std::string_view name) const;
  void require(std::string_view name);  // faulty when absent or null
  void fault(ApiError error);           // kept if it is the first
  bool failed() const;

  // Marks every field as read: what is inside is somebody else's business.
  void accept_all();
  std::optional<ApiError> finish();

 private:
  struct Shared;
  Fields(const Json& object, std::string path, std::shared_ptr<Shared> shared);

  const Json* object_ = nullptr;  // null pointer: it was no object
  std::string path_;
  std::shared_ptr<Shared> shared_;
  std::size_t place_ = 0;  // in the shared list of objects
};

}  // namespace attune::wire
