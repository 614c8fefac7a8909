#include "eval/grader_template.h"

#include <charconv>

#include <fmt/format.h>

#include "io/text_encoding.h"

namespace attune::eval {

namespace {

constexpr std::string_view kOpen = "{{", kClose = "}}";
constexpr std::string_view kWanted =
    "item or sample, then .name, [number] or [\"name\"], as in {{item.question}} and "
    "{{sample.output_text}}";

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Failure bad_path(std::string_view text) {
  return bad_input({.where = "template",
                    .found = fmt::format("{{{{{}}}}}", quote_for_message(text)),
                    .wanted = std::string(kWanted)});
}

// The text of a name in quotes at the start of `text`, and what is behind; none: malformed.
std::optional<std::string> take_quoted(std::string_view& text) {
  const char quote = text.front();
  const std::size_t end = text.find(quote, 1);
  if (end == text.npos) return {};
  std::string name(text.substr(1, end - 1));
  text.remove_prefix(end + 1);
  return name;
}

}  // namespace

Json sample_of(std::string answer) {
  Json sample = Json::object();
  if (auto json = parse_json(answer, "answer")) sample["output_json"] = std::move(*json);
  sample["output_text"] = std::move(answer);
  return sample;
}

// ---- paths ----

Result<ValuePath> ValuePath::parse(std::string_view text) {
  ValuePath path;
  path.text_ = text;
  std::string_view rest = text;
  const std::size_t root = std::min(rest.find_first_of(".["), rest.size());
  const std::string_view space = rest.substr(0, root);
  if (space != "item" && space != "sample") return bad_path(text);
  path.of_sample_ = space == "sample";
  rest.remove_prefix(root);
  while (!rest.empty()) {
    const bool is_name = rest.front() == '.';
    rest.remove_prefix(1);
    if (is_name) {
      const std::size_t end = std::min(rest.find_first_of(".["), rest.size());
      if (end == 0) return bad_path(text);
      path.steps_.emplace_back(std::string(rest.substr(0, end)));
      rest.remove_prefix(end);
      continue;
    }
    if (rest.empty()) return bad_path(text);
    if (rest.front() == '"' || rest.front() == '\'') {
      auto name = take_quoted(rest);
      if (!name) return bad_path(text);
      path.steps_.emplace_back(std::move(*name));
    } else {
      std::size_t index = 0;
      const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
      if (fault != std::errc()) return bad_path(text);
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      path.steps_.emplace_back(index);
    }
    if (rest.empty() || rest.front() != ']') return bad_path(text);
    rest.remove_prefix(1);
    if (!rest.empty() && rest.front() != '.' && rest.front() != '[') return bad_path(text);
  }
  return path;
}

const Json* ValuePath::find(const Namespaces& values) const {
  const Json* at = of_sample_ ? &values.sample : &values.item;
  for (const Step& step : steps_) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      const auto found = at->is_object() ? at->find(*name) : at->end();
      if (!at->is_object() || found == at->end()) return nullptr;
      at = &*found;
    } else {
      const std::size_t index = std::get<std::size_t>(step);
      if (!at->is_array() || index >= at->size()) return nullptr;
      at = &(*at)[index];
    }
  }
  return at;
}

std::string ValuePath::first_name() const {
  if (steps_.empty()) return {};
  const auto* name = std::get_if<std::string>(&steps_.front());
  return name ? *name : std::string();
}

bool ValuePath::needs_output_json() const { return of_sample_ && first_name() == "output_json"; }

// ---- templates ----

Result<Template> Template::parse(std::string_view text) {
  Template made;
  while (!text.empty()) {
    const std::size_t open = text.find(kOpen);
    if (open != 0) made.parts_.emplace_back(std::string(text.substr(0, open)));
    if (open == text.npos) break;
    const std::size_t close = text.find(kClose, open + kOpen.size());
    if (close == text.npos) {
      return bad_input({.where = "template",
                        .found = quote_for_message(text.substr(open)) + " without an end",
                        .wanted = "}} behind the path"});
    }
    const std::string_view inside = text.substr(open + kOpen.size(), close - open - kOpen.size());
    ATTUNE_TRY(ValuePath path, ValuePath::parse(without_blanks(inside)));
    made.parts_.emplace_back(std::move(path));
    text.remove_prefix(close + kClose.size());
  }
  return made;
}

Template::Filled Template::fill(const Namespaces& values) const {
  Filled filled;
  for (const auto& part : parts_) {
    if (const auto* plain = std::get_if<std::string>(&part)) {
      filled.text += *plain;
      continue;
    }
    const ValuePath& path = std::get<ValuePath>(part);
    const Json* value = path.find(values);
    if (value == nullptr) {
      filled.missing = &path;
      return filled;
    }
    filled.text += value->is_string() ? value->get_ref<const std::string&>() : to_text(*value);
    if (filled.text.size() > kMostBytes) {
      filled.too_long = true;
      return filled;
    }
  }
  return filled;
}

std::vector<const ValuePath*> Template::places() const {
  std::vector<const ValuePath*> all;
  for (const auto& part : parts_)
    if (const auto* path = std::get_if<ValuePath>(&part)) all.push_back(path);
  return all;
}

}  // namespace attune::eval
