#include "io/yaml.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "io/file.h"

namespace attune {

namespace {

constexpr int kDeepest = 64;
constexpr std::int64_t kMostValues = 1'000'000;

template <typename Number>
bool read_whole(std::string_view text, Number& number) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size();
}

// A plain scalar under the core schema of YAML 1.2 (section 10.3).
Json plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const bool numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  std::int64_t integer = 0;
  if (numeric && read_whole(text, integer)) return integer;
  double real = 0;
  if (numeric && read_whole(text, real) && std::isfinite(real)) return real;
  return text;
}

class Converter {
 public:
  explicit Converter(std::string_view where) : where_(where) {}

  Result<Json> convert(const YAML::Node& node, int depth) {
    if (depth > kDeepest)
      return refuse(node, fmt::format("more than {} levels", kDeepest), "fewer");
    if (++values_ > kMostValues)
      return refuse(node, fmt::format("more than {} values", kMostValues),
                    "fewer; check the aliases");
    if (node.IsSequence()) return sequence(node, depth);
    if (node.IsMap()) return map(node, depth);
    if (!node.IsScalar()) return Json(nullptr);
    // The tag of a quoted scalar is "!", that of a plain one "?".
    return node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str" ? Json(node.Scalar())
                                                                      : plain_scalar(node.Scalar());
  }

 private:
  Result<Json> sequence(const YAML::Node& node, int depth) {
    Json list = Json::array();
    for (const YAML::Node& element : node) {
      ATTUNE_TRY(Json value, convert(element, depth + 1));
      list.push_back(std::move(value));
    }
    return list;
  }

  Result<Json> map(const YAML::Node& node, int depth) {
    Json object = Json::object();
    for (const auto& member : node) {
      if (!member.first.IsScalar())
        return refuse(member.first, "a key that is a list or a map", "a text");
      const std::string& key = member.first.Scalar();
      if (object.contains(key))
        return refuse(member.first, fmt::format("the key \"{}\" a second time", key),
                      "one of them");
      ATTUNE_TRY(Json value, convert(member.second, depth + 1));
      object[key] = std::move(value);
    }
    return object;
  }

  Failure refuse(const YAML::Node& node, std::string found, std::string wanted) const {
    const YAML::Mark mark = node.Mark();
    return bad_input({.where = fmt::format("{}:{}:{}", where_, mark.line + 1, mark.column + 1),
                      .found = std::move(found),
                      .wanted = std::move(wanted)});
  }

  std::string where_;
  std::int64_t values_ = 0;
};

}  // namespace

Result<Json> parse_yaml(std::string_view text, std::string_view where) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  // JSON goes by its own rules: YAML's escapes know no surrogate pairs.
  if (first != std::string_view::npos && text[first] == '{') {
    Result<Json> json = parse_json(text, where);
    if (json) return json;
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() > 1) {
      return bad_input({.where = std::string(where),
                        .found = fmt::format("{} documents", documents.size()),
                        .wanted = "one",
                        .fix = "take out the --- between them"});
    }
    if (documents.empty()) return Json(nullptr);
    return Converter(where).convert(documents.front(), 0);
  } catch (const YAML::Exception& error) {
    return bad_input(
        {.where = fmt::format("{}:{}:{}", where, error.mark.line + 1, error.mark.column + 1),
         .found = error.msg,
         .wanted = "YAML or JSON"});
  }
}

Result<Json> read_yaml(const std::filesystem::path& path) {
  ATTUNE_TRY(const std::string text, read_file(path));
  return parse_yaml(text, path.string());
}

}  // namespace attune
