// DatasetCheck::finish: what the counts of all rows say.
#include <algorithm>
#include <cctype>
#include <iterator>

#include <fmt/format.h>

#include "data/check_dataset.h"
#include "data/clean_text.h"

namespace attune::data {

namespace {

Finding about_rows(std::string_view code, Severity severity, std::string_view source,
                   std::int64_t line, std::string row, Fault fault) {
  Finding finding = file_finding(code, severity, source,
                                 {.line = line, .column = line == 0 ? 0 : 1}, std::move(fault));
  finding.row = std::move(row);
  return finding;
}

Finding about_file(std::string_view code, Severity severity, std::string_view source, Fault fault) {
  return about_rows(code, severity, source, 0, {}, std::move(fault));
}

std::string percent(std::int64_t part, std::int64_t whole) {
  return fmt::format("{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

Finding few_rows(std::string_view source, std::int64_t rows) {
  if (rows < 10) {
    return about_file("D028", Severity::error, source,
                      {.found = fmt::format("{} row{}", rows, rows == 1 ? "" : "s"),
                       .wanted = "10 or more; hosted services refuse fewer",
                       .fix = "start with 50 carefully written examples"});
  }
  return about_file("D028", rows < 50 ? Severity::warning : Severity::info, source,
                    {.found = fmt::format("{} rows", rows),
                     .wanted = rows < 50 ? "50 to 100, from where gains usually show"
                                         : "100 or more: each doubling usually helps as much again",
                     .fix = "add examples of the cases that matter most"});
}

}  // namespace

std::vector<Finding> DatasetCheck::finish(std::string_view source, std::int64_t rows) const {
  std::vector<Finding> all;
  if (rows < 100) all.push_back(few_rows(source, rows));
  const auto append = [&](std::vector<Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  };
  append(short_findings(source));
  constexpr std::int64_t kFewestToCompare = 3;
  if (rows_ < kFewestToCompare) return all;
  append(system_findings(source));
  append(same_findings(source));
  append(shape_findings(source));
  append(class_findings(source));
  append(letter_findings(source));
  append(legacy_findings(source));
  return all;
}

std::vector<Finding> DatasetCheck::system_findings(std::string_view source) const {
  std::vector<Finding> findings;
  const std::int64_t without = rows_ - with_system_;
  if (with_system_ > 0 && without > 0) {
    findings.push_back(about_rows(
        "D015", Severity::warning, source, first_without_system_.line, first_without_system_.row,
        {.found =
             fmt::format("{} of {} rows have a system message, {} have none (this is the first)",
                         with_system_, rows_, without),
         .wanted = "the same system message as at inference, in every row",
         .fix = "choose one way: at inference you will have to"}));
  }
  // About 200 tokens.
  constexpr std::int64_t kLongSystem = 800;
  const std::int64_t mean = with_system_ == 0 ? 0 : system_length_ / with_system_;
  if (without == 0 && systems_.size() == 1 && mean >= kLongSystem) {
    findings.push_back(about_file(
        "D016", Severity::info, source,
        {.found =
             fmt::format("the same system message of {} characters in all rows: {} of all text",
                         mean, percent(system_length_, system_length_ + other_length_)),
         .wanted = "a short one where the behaviour is to be learned",
         .fix =
             "train with a short one and use the same at inference: the tokens are saved in every "
             "request"}));
  }
  return findings;
}

std::vector<Finding> DatasetCheck::same_findings(std::string_view source) const {
  std::vector<Finding> findings;
  const bool same_questions = questions_.size() == 1 && empty_questions_ == 0;
  const bool same_answers = answers_.size() == 1 && answered_ >= 3;
  if (same_questions) {
    findings.push_back(about_file("D029", Severity::error, source,
                                  {.found = fmt::format("all {} questions are identical", rows_),
                                   .wanted = "the questions that will be asked",
                                   .fix = "check which column is the question"}));
  }
  if (same_answers) {
    findings.push_back(about_file(
        "D029", Severity::error, source,
        {.found = fmt::format("all {} answers are identical: the model would repeat it", answered_),
         .wanted = "answers that depend on the question",
         .fix = "check which column is the answer"}));
  }
  const std::string& question = question_beginning_.text;
  if (!same_questions && question.size() > 12) {
    findings.push_back(about_file(
        "D030", Severity::info, source,
        {.found = fmt::format("every question begins with \"{}\"", quote_for_message(question)),
         .wanted = "what differs",
         .fix = "a tuned model needs no instruction that is always the same; leave it out here and "
                "at inference, or make it the system message"}));
  }
  const std::string& answer = answer_beginning_.text;
  // What JSON answers share is their format.
  const bool format = answer.starts_with('{') || answer.starts_with('[') || answer.starts_with('<');
  if (!same_answers && answered_ >= 3 && answer.size() >= 5 && !format) {
    findings.push_back(about_file(
        "D030", Severity::info, source,
        {.found = fmt::format("every answer begins with \"{}\"", quote_for_message(answer)),
         .wanted = "what differs",
         .fix = "leave it out, and add it to the model's answers in your program"}));
  }
  return findings;
}

std::vector<Finding> DatasetCheck::short_findings(std::string_view source) const {
  std::vector<Finding> findings;
  constexpr std::size_t kFewestAnswers = 10;
  if (short_answers_.empty() || answer_lengths_.size() < kFewestAnswers) return findings;
  std::vector<std::uint32_t> lengths = answer_lengths_;
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  constexpr std::int64_t kTimesShorter = 20;
  const auto is_short = [&](const ShortAnswer& answer) {
    return answer.length * kTimesShorter <= static_cast<std::int64_t>(*middle);
  };
  // Where there are many, some of the tasks are answered in a word.
  constexpr std::int64_t kMostFaults = 5;
  constexpr double kShareOfTasks = 0.03;
  const auto count = std::count_if(short_answers_.begin(), short_answers_.end(), is_short);
  if (count > kMostFaults &&
      static_cast<double>(count) > kShareOfTasks * static_cast<double>(answer_lengths_.size()))
    return findings;
  for (const ShortAnswer& answer : short_answers_) {
    if (!is_short(answer)) continue;
    Finding finding =
        file_finding("D020", Severity::warning, source, answer.place,
                     {.found = fmt::format(
                          "the answer \"{}\", where half of all answers have {} characters or more",
                          quote_for_message(answer.text), *middle),
                      .wanted = "an answer like the others",
                      .fix = "check that it is whole"});
    finding.row = answer.row;
    finding.path = answer.path;
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> DatasetCheck::shape_findings(std::string_view source) const {
  std::vector<Finding> findings;
  const auto count = [&](AnswerShape shape) {
    const auto found = shapes_.find(shape);
    return found == shapes_.end() ? std::int64_t{0} : found->second.count;
  };
  const std::int64_t with_json = answered_ - count(AnswerShape::prose);
  // Answers that are meant as JSON: more than half of them hold some.
  if (shapes_.size() < 2 || with_json * 2 <= answered_) return findings;
  std::string parts;
  const ShapeCount* rarest = nullptr;
  for (const auto& [shape, seen] : shapes_) {
    const char* name = shape == AnswerShape::prose         ? "without JSON"
                       : shape == AnswerShape::json        ? "JSON alone"
                       : shape == AnswerShape::fenced_json ? "JSON in a ``` fence"
                                                           : "JSON among words";
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", seen.count, name);
    if (rarest == nullptr || seen.count < rarest->count) rarest = &seen;
  }
  findings.push_back(
      about_rows("D023", Severity::warning, source, rarest->first.line, rarest->first.row,
                 {.found = fmt::format("answers in {} formats: {} (this row has the rarest)",
                                       shapes_.size(), parts),
                  .wanted = "one format",
                  .fix = "write all answers alike: the model learns to mix them otherwise"}));
  return findings;
}

std::vector<Finding> DatasetCheck::class_findings(std::string_view source) const {
  std::vector<Finding> findings;
  const auto classes = static_cast<std::int64_t>(answers_.size());
  constexpr std::int64_t kFewestRows = 10;
  if (empty_questions_ == rows_) {
    findings.push_back(about_file("D033", Severity::info, source,
                                  {.found = "no row has a question: open-ended generation"}));
  } else if (answered_ >= kFewestRows && !too_many_answers_ && classes >= 2 &&
             classes * 3 < answered_) {
    findings.push_back(about_file(
        "D033", Severity::info, source,
        {.found = fmt::format("{} different answers in {} rows: this looks like classification",
                              classes, answered_)}));
    const AnswerClass* largest = nullptr;
    const AnswerClass* smallest = nullptr;
    std::int64_t singletons = 0;
    for (const AnswerClass& same : answers_.values()) {
      const auto rank = [](const AnswerClass& one) {
        return std::pair(one.count, -one.first.line);
      };
      if (largest == nullptr || rank(same) > rank(*largest)) largest = &same;
      if (smallest == nullptr || rank(same) < rank(*smallest)) smallest = &same;
      singletons += same.count == 1 ? 1 : 0;
    }
    const std::string wanted = "every class often enough to be learned";
    if (singletons > 0) {
      findings.push_back(about_rows(
          "D034", Severity::warning, source, smallest->first.line, smallest->first.row,
          {.found = fmt::format("{} of {} classes have one row alone, such as \"{}\"", singletons,
                                classes, quote_for_message(smallest->sample)),
           .wanted = wanted,
           .fix = "add rows of them, or merge or remove the class; look for misspelt labels"}));
    } else if (largest->count > 20 * smallest->count) {
      findings.push_back(about_rows(
          "D034", Severity::warning, source, smallest->first.line, smallest->first.row,
          {.found =
               fmt::format("\"{}\" in {} rows, \"{}\" in {}", quote_for_message(largest->sample),
                           largest->count, quote_for_message(smallest->sample), smallest->count),
           .wanted = wanted,
           .fix = "add rows of the rare classes"}));
    }
  }
  if (refusals_ * 10 > answered_ && refusals_ >= 3 && refusals_ < answered_) {
    findings.push_back(about_rows("D034", Severity::warning, source, first_refusal_.line,
                                  first_refusal_.row,
                                  {.found = fmt::format("{} of {} answers decline ({})", refusals_,
                                                        answered_, percent(refusals_, answered_)),
                                   .wanted = "about the share that you want at inference",
                                   .fix = "remove some, or the model will decline too often"}));
  }
  return findings;
}

std::vector<Finding> DatasetCheck::letter_findings(std::string_view source) const {
  std::vector<Finding> findings;
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    if (upper_[side] * 2 <= lower_[side] || upper_[side] < 100) continue;
    findings.push_back(
        about_file("D032", Severity::warning, source,
                   {.found = fmt::format("{} of the letters in {} are upper case",
                                         percent(upper_[side], upper_[side] + lower_[side]),
                                         side == 0 ? "questions" : "answers"),
                    .wanted = "the case of ordinary text, which models know better",
                    .fix = "lower the case, unless it means something"}));
  }
  return findings;
}

std::vector<Finding> DatasetCheck::legacy_findings(std::string_view source) const {
  std::vector<Finding> findings;
  if (legacy_ < 3 || questions_.size() == 1) return findings;
  // A separator: two or more of what is no letter, digit or plain punctuation.
  const auto separator = [](const std::string& end) {
    const auto first = std::find_if(end.rbegin(), end.rend(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             static_cast<unsigned char>(c) >= 0x80;
    });
    std::string found(first.base(), end.end());
    const bool marks = found.find_first_of("#>-=*|~\n") != std::string::npos;
    return found.size() >= 2 && marks ? found : std::string();
  };
  if (const std::string found = separator(question_end_.text); !found.empty()) {
    findings.push_back(about_file(
        "D031", Severity::info, source,
        {.found = fmt::format("every prompt ends with \"{}\"", quote_for_message(found)),
         .wanted = "the words of the question alone",
         .fix = "leave it out here and at inference: the chat template separates the turns"}));
  }
  const std::string& end = answer_end_.text;
  const bool stop = answers_.size() > 1 && (end.ends_with(" END") || !separator(end).empty());
  if (stop) {
    findings.push_back(about_file(
        "D031", Severity::info, source,
        {.found = fmt::format("every completion ends with \"{}\"", quote_for_message(end, 20)),
         .wanted = "the words of the answer alone",
         .fix = "leave it out: the end-of-turn token of the chat template is trained"}));
  }
  return findings;
}

}  // namespace attune::data
