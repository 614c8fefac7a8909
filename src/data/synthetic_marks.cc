#include "data/synthetic_marks.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "io/sha256.h"

namespace attune::data {

namespace {

std::string fingerprint(std::string_view question, std::string_view answer) {
  return sha256(comparison_key(question) + "\n" + comparison_key(answer));
}

std::string last_content(const Example& example, std::string_view role) {
  if (!example.messages.is_array()) return {};
  for (auto message = example.messages.rbegin(); message != example.messages.rend(); ++message) {
    if (!message->is_object() || message->value("role", Json()) != role) continue;
    const Json content = message->value("content", Json());
    return content.is_string() ? content.get<std::string>() : to_text(content);
  }
  return {};
}

bool is_fingerprint(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

void SyntheticMarks::add(const Example& example) {
  rows_.insert(fingerprint(last_content(example, "user"), last_content(example, "assistant")));
}

bool SyntheticMarks::holds(const Example& example) const {
  return holds(last_content(example, "user"), last_content(example, "assistant"));
}

bool SyntheticMarks::holds(std::string_view question, std::string_view answer) const {
  return rows_.contains(fingerprint(question, answer));
}

Result<void> SyntheticMarks::load(const Path& path) {
  ATTUNE_TRY(const Json document, read_json(path));
  const bool good = document.is_object() && document.value("version", Json()) == 1 &&
                    document.contains("rows") && document["rows"].is_array() &&
                    std::all_of(document["rows"].begin(), document["rows"].end(), is_fingerprint);
  if (!good) {
    return bad_input({.where = path.string(),
                      .found = "no list of synthetic rows of version 1",
                      .wanted = "synthetic.json as `attune data generate` writes it",
                      .fix = "give another file, or move this one away"});
  }
  for (const Json& row : document["rows"]) rows_.insert(row.get<std::string>());
  return {};
}

Result<void> SyntheticMarks::write(const Path& path) const {
  Json document = {{"version", 1}, {"rows", Json::array()}};
  for (const std::string& row : rows_) document["rows"].push_back(row);
  return write_file_atomic(path, to_pretty_text(document));
}

std::string synthetic_line(std::int64_t synthetic, std::int64_t rows) {
  const double share =
      rows == 0 ? 0.0 : 100.0 * static_cast<double>(synthetic) / static_cast<double>(rows);
  return fmt::format("{} of {} rows ({:.1f} %) were written by a model", synthetic, rows, share);
}

}  // namespace attune::data
