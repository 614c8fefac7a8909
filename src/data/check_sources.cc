#include "data/check_sources.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/trim.h"

namespace attune::data {

namespace {

constexpr std::size_t kMostSources = 50;  // more are no sources: an address or a title of each row
constexpr std::int64_t kFewestOfASource = 20;
// Both must hold: the difference is large, and far from chance.
constexpr double kTimesLonger = 3;
constexpr double kShareApart = 0.5;
constexpr double kDeviations = 6;

bool is_list(std::string_view text) {
  return text.starts_with("- ") || text.starts_with("* ") || text.starts_with("1. ") ||
         text.find("\n- ") != std::string_view::npos ||
         text.find("\n* ") != std::string_view::npos ||
         text.find("\n1. ") != std::string_view::npos;
}

std::string keys_of(std::string_view json) {
  JsonTree tree;
  if (tree.parse(json)) return {};
  std::vector<std::string> keys;
  const JsonRef first = tree.root().is_array() ? tree.root().first() : tree.root();
  for (const JsonTreeMember& member : first.members()) keys.emplace_back(member.key.string());
  std::sort(keys.begin(), keys.end());
  return fmt::format("{}", fmt::join(keys, ", "));
}

double share(std::int64_t part, std::int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Whether two shares differ largely, and by more than so many standard deviations.
bool apart(double one, double other, std::int64_t count, std::int64_t other_count) {
  const double a = static_cast<double>(count), b = static_cast<double>(other_count);
  const double pooled = (one * a + other * b) / (a + b);
  const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / a + 1 / b));
  return std::abs(one - other) >= kShareApart && std::abs(one - other) > kDeviations * deviation;
}

std::string_view source_of(JsonRef row) {
  constexpr std::array<std::string_view, 4> kColumns = {"source", "dataset", "source_file",
                                                        "annotator"};
  for (const std::string_view column : kColumns) {
    if (const std::string_view name = row.find(column).string(); !name.empty()) return name;
  }
  return {};
}

}  // namespace

void AnswerStyle::add(std::string_view answer) {
  const std::string_view text = trim(answer);
  if (text.empty()) return;
  ++count_;
  const double length = std::log(static_cast<double>(text.size()));
  log_lengths_ += length;
  squared_log_lengths_ += length * length;
  const char last = text.back();
  const bool json = (text[0] == '{' && last == '}') || (text[0] == '[' && last == ']');
  if (json) {
    ++json_;
    constexpr std::size_t kMostShapes = 50;
    std::string keys = keys_of(text);
    const std::uint64_t hash = XXH3_64bits(keys.data(), keys.size());
    if (shapes_.size() < kMostShapes || shapes_.contains(hash)) {
      Shape& shape = shapes_[hash];
      ++shape.count;
      shape.keys = std::move(keys);
    }
  }
  fenced_ += text.starts_with("```") ? 1 : 0;
  lists_ += !json && is_list(text) ? 1 : 0;
  small_beginnings_ += text[0] >= 'a' && text[0] <= 'z' ? 1 : 0;
  stops_ += last == '.' || last == '!' || last == '?' ? 1 : 0;
}

void AnswerStyle::add(const AnswerStyle& other) {
  count_ += other.count_;
  log_lengths_ += other.log_lengths_;
  squared_log_lengths_ += other.squared_log_lengths_;
  json_ += other.json_;
  fenced_ += other.fenced_;
  lists_ += other.lists_;
  small_beginnings_ += other.small_beginnings_;
  stops_ += other.stops_;
  for (const auto& [hash, shape] : other.shapes_) {
    Shape& same = shapes_[hash];
    same.count += shape.count;
    same.keys = shape.keys;
  }
}

double AnswerStyle::mean_log_length() const { return log_lengths_ / static_cast<double>(count_); }

double AnswerStyle::variance_of_log_length() const {
  const double mean = mean_log_length();
  return std::max(0.0, squared_log_lengths_ / static_cast<double>(count_) - mean * mean);
}

const AnswerStyle::Shape* AnswerStyle::usual_keys() const {
  const Shape* most = nullptr;
  for (const auto& [hash, shape] : shapes_) {
    if (most == nullptr || shape.count > most->count) most = &shape;
  }
  return most != nullptr && most->count * 5 > count_ * 3 ? most : nullptr;
}

std::vector<std::string> AnswerStyle::differences_from(const AnswerStyle& others) const {
  std::vector<std::string> all;
  if (count_ < kFewestOfASource || others.count_ < kFewestOfASource) return all;
  const double difference = mean_log_length() - others.mean_log_length();
  const double deviation =
      std::sqrt(variance_of_log_length() / static_cast<double>(count_) +
                others.variance_of_log_length() / static_cast<double>(others.count_));
  if (std::abs(difference) > std::log(kTimesLonger) &&
      std::abs(difference) > kDeviations * deviation) {
    all.push_back(fmt::format("{:.0f} characters where the others have {:.0f}",
                              std::exp(mean_log_length()), std::exp(others.mean_log_length())));
  }
  const auto compare = [&](std::int64_t mine, std::int64_t theirs, std::string_view what) {
    const double here = share(mine, count_), there = share(theirs, others.count_);
    if (apart(here, there, count_, others.count_))
      all.push_back(fmt::format("{:.0f} % {} where of the others {:.0f} % are", 100 * here, what,
                                100 * there));
  };
  compare(json_, others.json_, "JSON");
  compare(fenced_, others.fenced_, "in a ``` fence");
  compare(lists_, others.lists_, "lists");
  compare(small_beginnings_, others.small_beginnings_, "beginning with a small letter");
  compare(stops_, others.stops_, "ending with a full stop");
  const Shape* mine = usual_keys();
  const Shape* theirs = others.usual_keys();
  if (mine != nullptr && theirs != nullptr && mine->keys != theirs->keys) {
    all.push_back(fmt::format("the keys {} where the others have {}",
                              quote_for_message(mine->keys, 60),
                              quote_for_message(theirs->keys, 60)));
  }
  return all;
}

void SourceCheck::add(const CheckedRow& row, std::string_view answer) {
  const std::string_view name = source_of(row.value);
  if (has_others_) all_.add(answer);
  if (name.empty() || too_many_) return;
  auto place = sources_.find(name);
  if (place == sources_.end()) {
    if (sources_.size() >= kMostSources) {
      too_many_ = true;
      sources_.clear();
      return;
    }
    place = sources_.emplace(std::string(name), Source{}).first;
    place->second.line = row.line;
    place->second.row = row.id;
  }
  place->second.style.add(answer);
}

void SourceCheck::add_other(const std::string& file, std::string_view answer) {
  files_[file].add(answer);
}

std::vector<Finding> SourceCheck::finish(std::string_view source) const {
  std::vector<Finding> findings;
  const auto tell = [&](const std::string& name, std::int64_t line, const std::string& row,
                        const std::vector<std::string>& differences) {
    if (differences.empty()) return;
    findings.push_back(file_finding(
        "D041", Severity::warning, source, {.line = line, .column = line == 0 ? 0 : 1},
        {.found = fmt::format("the answers of {} are written differently: {}",
                              quote_for_message(name), fmt::join(differences, "; ")),
         .wanted = "answers of one style: the model learns the mixture",
         .fix = "write them alike, or tell the model in the prompt which style is wanted"}));
    findings.back().row = row;
  };
  // Of two sources that differ, one is told: the smaller.
  const bool two = sources_.size() == 2;
  const std::int64_t larger = two ? std::max(sources_.begin()->second.style.count(),
                                             sources_.rbegin()->second.style.count())
                                  : 0;
  bool told = false;
  for (const auto& [name, one] : sources_) {
    if (two && (told || (one.style.count() == larger && &name != &sources_.rbegin()->first &&
                         sources_.rbegin()->second.style.count() < larger)))
      continue;
    AnswerStyle others;
    for (const auto& [other_name, other] : sources_) {
      if (other_name != name) others.add(other.style);
    }
    const std::vector<std::string> differences = one.style.differences_from(others);
    tell(fmt::format("\"{}\"", name), one.line, one.row, differences);
    told = told || !differences.empty();
  }
  for (const auto& [file, style] : files_) tell(file, 0, {}, style.differences_from(all_));
  return findings;
}

}  // namespace attune::data
