// JSON under a schema, and plain text under a pattern.
#include <algorithm>

#include "grammar/canonical.h"
#include "metrics/format_parts.h"
#include "metrics/json_part.h"

namespace attune::metrics {

namespace {

using grammar::CompiledSchema;
using grammar::NodeId;
using grammar::SchemaNode;

// The fields that an object under `node` must have, as JSON pointers; a required object with
// required fields of its own stands for those.
class RequiredFields {
 public:
  explicit RequiredFields(const CompiledSchema& schema) : schema_(schema) {
    collect(schema.root, "");
    std::sort(paths_.begin(), paths_.end());
    paths_.erase(std::unique(paths_.begin(), paths_.end()), paths_.end());
  }
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  // Whether some field was added below `path`.
  bool collect(NodeId id, const std::string& path) {
    constexpr std::size_t kDeepest = 16;  // schemas may contain themselves
    if (id == grammar::kNoNode || depth_ == kDeepest) return false;
    const SchemaNode& node = schema_.nodes[static_cast<std::size_t>(id)];
    if (std::find(open_.begin(), open_.end(), id) != open_.end()) return false;
    open_.push_back(id);
    ++depth_;
    bool added = false;
    for (const std::string& name : node.required) {
      const std::string field = path + grammar::pointer_step(name);
      const auto property = node.properties.find(name);
      const bool has_parts = property != node.properties.end() && collect(property->second, field);
      if (!has_parts) paths_.push_back(field);
      added = true;
    }
    added = collect(node.reference, path) || added;
    added = collect(node.dynamic_reference, path) || added;
    for (NodeId part : node.all_of) added = collect(part, path) || added;
    --depth_;
    open_.pop_back();
    return added;
  }

  const CompiledSchema& schema_;
  std::vector<std::string> paths_;
  std::vector<NodeId> open_;
  std::size_t depth_ = 0;
};

bool lies_at_or_below(std::string_view path, std::string_view field) {
  return path.starts_with(field) && (path.size() == field.size() || path[field.size()] == '/');
}

std::optional<double> share_of_fields(const JsonFormat& format, const Json* value,
                                      const std::vector<grammar::Violation>& violations) {
  const RequiredFields required(format.schema.compiled());
  if (required.paths().empty()) return std::nullopt;
  if (value == nullptr) return 0;
  std::size_t good = 0;
  for (const std::string& field : required.paths()) {
    const bool present = value->contains(Json::json_pointer(field));
    const bool wrong =
        std::any_of(violations.begin(), violations.end(), [&](const grammar::Violation& violation) {
          return lies_at_or_below(violation.path, field);
        });
    good += present && !wrong ? 1 : 0;
  }
  return static_cast<double>(good) / static_cast<double>(required.paths().size());
}

// The end of the balanced object or list that starts at `begin`, or npos.
std::size_t balanced_end(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<JsonPart> find_json_part(std::string_view text) {
  constexpr int kMostTries = 32;  // an answer full of brackets is not searched for ever
  int tries = 0;
  for (std::size_t at = text.find_first_of("{[");
       at != std::string_view::npos && tries < kMostTries; at = text.find_first_of("{[", at + 1)) {
    ++tries;
    const std::size_t end = balanced_end(text, at);
    if (end == std::string_view::npos) continue;
    const std::string_view part = text.substr(at, end - at);
    if (Result<Json> value = parse_json(part, "answer")) return JsonPart{part, *std::move(value)};
  }
  return std::nullopt;
}

FormatVerdict judge(const JsonFormat& format, std::string_view text) {
  FormatVerdict verdict;
  const Result<Json> value = parse_json(text, "answer");
  if (!value) {
    verdict.problem = value.error().message();
    verdict.fields = share_of_fields(format, nullptr, {});
    return verdict;
  }
  const std::vector<grammar::Violation> violations = format.schema.validate(*value);
  verdict.ok = violations.empty();
  if (!violations.empty()) verdict.problem = violations.front().message();
  verdict.exhausted =
      std::any_of(violations.begin(), violations.end(),
                  [](const grammar::Violation& one) { return one.keyword == "limit"; });
  verdict.fields = share_of_fields(format, &*value, violations);
  return verdict;
}

// The first part that is valid, so that a citation such as [1] hides no answer; else the first.
std::optional<std::string_view> find_part(const JsonFormat& format, std::string_view text) {
  constexpr int kMostParts = 8;
  std::optional<std::string_view> first;
  for (int tries = 0; tries < kMostParts; ++tries) {
    const std::optional<JsonPart> part = find_json_part(text);
    if (!part) break;
    if (!first) first = part->text;
    if (format.schema.validate(part->value).empty()) return part->text;
    const char* behind = part->text.data() + part->text.size();
    text.remove_prefix(static_cast<std::size_t>(behind - text.data()));
  }
  return first;
}

Result<RegexFormat> RegexFormat::compile(std::string_view pattern) {
  ATTUNE_TRY(grammar::Regex anywhere, grammar::Regex::compile(pattern));
  ATTUNE_TRY(grammar::Regex whole, grammar::Regex::compile("^(?:" + std::string(pattern) + ")$"));
  return RegexFormat(std::move(whole), std::move(anywhere));
}

FormatVerdict judge(const RegexFormat& format, std::string_view text) {
  const grammar::Match match = format.whole().search(text);
  FormatVerdict verdict;
  verdict.ok = match == grammar::Match::yes;
  verdict.exhausted = match == grammar::Match::exhausted;
  if (verdict.exhausted) {
    verdict.problem = "the pattern takes too many steps on this answer";
  } else if (!verdict.ok) {
    verdict.problem = "the answer does not match the pattern as a whole";
  }
  return verdict;
}

// A part that matches also matches as a whole only where the pattern has no anchors; so the search
// decides, and the longest text of it is left to the pattern.
std::optional<std::string_view> find_part(const RegexFormat& format, std::string_view text) {
  std::optional<std::string_view> part;
  format.anywhere().for_each(text, [&](std::size_t begin, std::size_t end) {
    if (!part && format.whole().search(text.substr(begin, end - begin)) == grammar::Match::yes) {
      part = text.substr(begin, end - begin);
    }
  });
  return part;
}

}  // namespace attune::metrics
