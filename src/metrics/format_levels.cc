#include "metrics/format_levels.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/trim.h"
#include "metrics/format_parts.h"

namespace attune::metrics {

namespace {

constexpr std::string_view kFence = "```";

// Judges texts until the time is spent.
class BudgetedJudge {
 public:
  BudgetedJudge(const Format& format, const FormatBudget& budget)
      : format_(format), budget_(budget) {}

  FormatVerdict operator()(std::string_view text) {
    if (clock_.seconds() > budget_.most_seconds) {
      exhausted_ = true;
      return {.exhausted = true, .problem = "the time for one answer is spent"};
    }
    FormatVerdict verdict =
        std::visit([&](const auto& format) { return judge(format, text); }, format_);
    exhausted_ = exhausted_ || verdict.exhausted;
    return verdict;
  }

  bool exhausted() const { return exhausted_; }

 private:
  const Format& format_;
  const FormatBudget& budget_;
  Stopwatch clock_;
  bool exhausted_ = false;
};

// A format that is broken as a whole still has required fields: none of them is there.
std::optional<double> fields_without_part(const Format& format) {
  const FormatVerdict nothing =
      std::visit([](const auto& one) { return judge(one, std::string_view{}); }, format);
  return nothing.fields;
}

}  // namespace

std::optional<std::string_view> first_fence(std::string_view text) {
  const std::size_t open = text.find(kFence);
  if (open == std::string_view::npos) return std::nullopt;
  const std::size_t line_end = text.find('\n', open);
  if (line_end == std::string_view::npos) return std::nullopt;
  const std::size_t close = text.find(kFence, line_end);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(line_end + 1, close - line_end - 1);
  const std::string_view trimmed = trim(inside);
  return trimmed.empty() ? inside.substr(inside.size()) : trimmed;  // always a part of the text
}

std::optional<std::string_view> unfenced(std::string_view text) {
  text = trim(text);
  if (!text.starts_with(kFence)) return std::nullopt;
  const std::optional<std::string_view> inside = first_fence(text);
  if (!inside) return std::nullopt;
  const auto end = static_cast<std::size_t>(inside->data() + inside->size() - text.data());
  // Nothing but the closing fence may follow.
  if (trim(text.substr(end)) != kFence) return std::nullopt;
  return inside;
}

FormatLevels check_format(const Format& format, std::string_view answer,
                          const FormatBudget& budget) {
  FormatLevels levels;
  if (answer.size() > budget.most_bytes) {
    levels.over_budget = true;
    levels.problem = fmt::format("an answer of {} bytes; at most {} are checked", answer.size(),
                                 budget.most_bytes);
    levels.field = fields_without_part(format);
    return levels;
  }
  BudgetedJudge judged(format, budget);
  FormatVerdict verdict = judged(trim(answer));
  levels.problem = verdict.problem;
  levels.strict = levels.fenced = levels.extract = verdict.ok;
  levels.field = verdict.fields;
  if (!levels.fenced) {
    if (const auto inside = unfenced(answer)) {
      verdict = judged(*inside);
      levels.fenced = levels.extract = verdict.ok;
      levels.field = verdict.fields;
    }
  }
  if (!levels.extract) {
    const auto part = std::visit([&](const auto& one) { return find_part(one, answer); }, format);
    if (part) {
      verdict = judged(*part);
      levels.extract = verdict.ok;
      levels.field = verdict.fields;
    }
  }
  levels.over_budget = judged.exhausted();
  return levels;
}

void FormatTotals::add(const FormatLevels& levels) {
  ++answers;
  strict += levels.strict ? 1 : 0;
  fenced += levels.fenced ? 1 : 0;
  extract += levels.extract ? 1 : 0;
  over_budget += levels.over_budget ? 1 : 0;
  if (levels.field) {
    ++with_fields;
    field_sum += *levels.field;
  }
}

std::optional<double> FormatTotals::chatter() const {
  if (answers == 0) return std::nullopt;
  return static_cast<double>(extract - strict) / static_cast<double>(answers);
}

}  // namespace attune::metrics
