#include "data/check_row.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "data/check_media.h"
#include "data/convert_row.h"
#include "data/example_texts.h"
#include "data/known_formats.h"
#include "data/shapes.h"

namespace attune::data {

namespace {

// A row has few columns; an object of all rows has many.
std::string first_columns(const Json& columns) {
  constexpr std::size_t kMostNamed = 12;
  if (columns.size() <= kMostNamed) return list_columns(columns);
  Json some = Json::object();
  for (const auto& [name, ignored] : columns.items()) {
    if (some.size() == kMostNamed) break;
    some[name] = nullptr;
  }
  return fmt::format("{} and {} more", list_columns(some), columns.size() - kMostNamed);
}

// The column of each message, where a mapping takes every message from one column.
std::vector<std::string> columns_of_messages(const Mapping& mapping, const Json& messages) {
  std::vector<std::string> columns;
  if (!messages.is_array()) return columns;
  const auto add = [&](const std::optional<ContentRule>& rule) {
    const bool plain = rule && rule->members.empty() && rule->parts.size() == 1;
    if (plain) columns.emplace_back(column_name(rule->parts[0].column));
    return plain;
  };
  const bool has_system =
      !messages.empty() && messages[0].is_object() && messages[0].value("role", "") == "system";
  const bool plain =
      (!has_system || add(mapping.system)) && add(mapping.user) && add(mapping.assistant);
  return plain && columns.size() == messages.size() ? columns : std::vector<std::string>();
}

// Columns beyond those of a chat row, which a grader may read.
bool has_grader_columns(JsonRef row) {
  constexpr std::array<std::string_view, 6> kOwn = {"messages", "tools",     "parallel_tool_calls",
                                                    "id",       "functions", "split"};
  for (const JsonTreeMember& member : row.members()) {
    if (std::find(kOwn.begin(), kOwn.end(), member.key.string()) == kOwn.end()) return true;
  }
  return false;
}

std::string_view last_role(JsonRef messages) {
  JsonRef last;
  for (JsonRef message = messages.is_array() ? messages.first() : JsonRef(); message.exists();
       message = message.next())
    last = message;
  return last.find("role").string();
}

std::string_view text_or_nothing(JsonRef value) {
  return value.exists() ? value.text() : std::string_view();
}

JsonRef tools_of(JsonRef row) {
  const JsonRef tools = row.find("tools");
  return tools.exists() ? tools : row.find("functions");
}

Ending ending_of(RowKind kind) {
  const bool answered = kind == RowKind::supervised || kind == RowKind::labelled;
  return answered ? Ending::answer : Ending::question;
}

}  // namespace

RowCheck::RowCheck(const CheckOptions& options, Mapping mapping)
    : options_(options),
      mapping_(std::move(mapping)),
      duplicates_(options),
      sources_(!options.against.empty()),
      times_(options.time_column, !options.against.empty()),
      tokenizer_(options.tokenizer_fingerprint,
                 options.format == nullptr ? 0 : options.format->tokenizer().size()) {
  if (!options.read.row_format.empty()) format_ = find_known_format(options.read.row_format);
  if (options.contract) contract_ = ContractResult{};
  if (options.format != nullptr) tokens_.emplace(*options.format, options.longest);
}

void RowCheck::check(CheckedRow& row, std::vector<Finding>& findings) {
  if (!mapping_.id.empty()) row.id = row_id(row.value, mapping_.id, row.id);
  RowReporter reporter(findings, row);
  check_content(row, reporter);
  times_.add(row, part_of(row));
}

void RowCheck::check_content(CheckedRow& row, RowReporter& reporter) {
  const bool by_columns = !mapping_.has_content() && format_ == nullptr;
  if (is_chat(row.value)) return check_chat(row, row.value.find("messages"), reporter);
  if (by_columns) {
    if (const std::optional<PreferencePair> pair = preference_pair(row.value))
      return check_pair(row, *pair, reporter);
  }
  check_converted(row, reporter);
}

bool RowCheck::is_chat(JsonRef row) const {
  if (mapping_.has_content() || format_ != nullptr) return false;
  const JsonRef messages = row.find("messages");
  return messages.exists() && !messages.is_string() && !row.find("chosen").exists() &&
         !row.find("preferred").exists();
}

ExaminedRow RowCheck::examine(const CheckedRow& row) const {
  return is_chat(row.value) ? ExaminedRow(examine_chat(row)) : std::nullopt;
}

ExaminedChat RowCheck::examine_chat(const CheckedRow& row) const {
  const JsonRef messages = row.value.find("messages");
  ExaminedChat examined;
  RowReporter said(examined.messages, row);
  examined.view = check_messages(messages, Ending::answer, false, said);
  RowReporter personal(examined.personal, row);
  check_pii(messages, personal);
  examined.hashes = hash_row(messages, tools_of(row.value), {});
  return examined;
}

void RowCheck::check_chat(const CheckedRow& row, JsonRef messages, RowReporter& reporter) {
  const JsonRef tools = tools_of(row.value);
  ExaminedChat here;
  if (row.examined == nullptr) here = examine_chat(row);
  ExaminedChat& examined = row.examined == nullptr ? here : *row.examined;
  ++chat_rows_;
  if (last_role(messages) != "assistant" && has_grader_columns(row.value)) ++graded_rows_;
  reporter.take(std::move(examined.messages));
  tools_.check(messages, tools, reporter);
  reporter.take(std::move(examined.personal));
  check_tokens(messages, tools, reporter);
  compare(row,
          {.messages = messages, .tools = tools, .one_answer = true, .hashes = &examined.hashes},
          reporter);
  check_media(row.value, messages, reporter);
  conclude(row, messages, examined.view, false, reporter);
}

void RowCheck::check_pair(const CheckedRow& row, const PreferencePair& pair,
                          RowReporter& reporter) {
  const ConversationView view = preferences_.check(pair, reporter);
  tools_.check(pair.prompt, pair.tools, reporter);
  for (const JsonRef part : {pair.prompt, pair.chosen, pair.rejected}) check_pii(part, reporter);
  const std::string answers =
      fmt::format("{}\n{}", text_or_nothing(pair.chosen), text_or_nothing(pair.rejected));
  compare(row, {.messages = pair.prompt, .tools = pair.tools, .answers = answers}, reporter);
  check_media(row.value, pair.prompt, reporter);
  conclude(row, {}, view, false, reporter);
}

std::optional<Mapping> RowCheck::mapping_of_row(const Json& columns, bool& legacy) const {
  legacy = false;
  if (mapping_.has_content()) return mapping_;
  const std::optional<RowShape> shape =
      format_ != nullptr ? shape_of_format(*format_, columns) : detect_shape(columns);
  if (!shape) return std::nullopt;
  legacy = shape->kind == RowShape::Kind::pair;
  return shape->mapping;
}

void RowCheck::check_converted(CheckedRow& row, RowReporter& reporter) {
  const Json columns = to_json(row.value);
  bool legacy = false;
  const std::optional<Mapping> mapping = mapping_of_row(columns, legacy);
  if (!mapping) return report_no_format(row, columns, reporter);
  const Result<std::vector<Example>> examples =
      convert_row(*mapping, columns, name_place(row.source, row.line));
  if (!examples) {
    reporter.error("D007", row.value,
                   {examples.error().found, examples.error().wanted, examples.error().fix});
    return;
  }
  for (const Example& example : *examples) {
    row.columns = columns_of_messages(*mapping, example.messages);
    check_example(row, example, legacy, reporter);
  }
}

void RowCheck::check_example(const CheckedRow& row, const Example& example, bool legacy,
                             RowReporter& reporter) {
  Json all = Json::object();
  all["messages"] = example.messages;
  all["tools"] = example.tools;
  all["preferred_output"] = example.preferred;
  all["non_preferred_output"] = example.non_preferred;
  all["body"] = example.body;
  converted_text_ = to_text(all);
  if (converted_.parse(converted_text_)) return;
  const JsonRef root = converted_.root();
  if (example.kind == RowKind::preference) {
    return check_pair(row,
                      {.prompt = root.find("messages"),
                       .chosen = root.find("preferred_output"),
                       .rejected = root.find("non_preferred_output"),
                       .tools = root.find("tools")},
                      reporter);
  }
  const bool bodied = example.kind == RowKind::text || example.kind == RowKind::segments ||
                      example.kind == RowKind::tokens;
  const std::string_view body = text_or_nothing(root.find("body"));
  if (bodied) {
    check_body(row, example.kind, root.find("body"), reporter);
    return compare(row, {.messages = {}, .tools = {}, .answers = body}, reporter);
  }
  const JsonRef messages = root.find("messages");
  const Ending ending = ending_of(example.kind);
  const ConversationView view = check_messages(messages, ending, true, reporter);
  tools_.check(messages, root.find("tools"), reporter);
  check_pii(messages, reporter);
  if (example.kind == RowKind::stepwise) check_body(row, example.kind, root.find("body"), reporter);
  compare(row,
          {.messages = messages,
           .tools = root.find("tools"),
           .answers = example.body.is_null() ? std::string_view() : body,
           .one_answer = example.kind == RowKind::supervised},
          reporter);
  if (ending != Ending::answer) return;
  check_tokens(messages, root.find("tools"), reporter);
  check_media(row.value, messages, reporter);
  conclude(row, messages, view, legacy, reporter);
}

void RowCheck::report_no_format(const CheckedRow& row, const Json& columns, RowReporter& reporter) {
  std::string fix = fmt::format("name the columns, for example --map \"{}\"",
                                quote_for_message(example_mapping(columns), 200));
  for (const JsonTreeMember& member : row.value.members()) {
    if (!member.value.is_array() || !member.value.first().is_object()) continue;
    fix = fmt::format("if that is the conversation: --map \"messages={}\"",
                      quote_for_message(member.key.string()));
    break;
  }
  reporter.error("D007", row.value,
                 {.found = columns.empty() ? "an empty object"
                                           : fmt::format("no \"messages\" list; keys found: {}",
                                                         first_columns(columns)),
                  .wanted = "messages; prompt and completion; instruction and output; or a mapping",
                  .fix = std::move(fix)});
}

// Secrets and personal data in any text of a conversation.
void RowCheck::check_pii(JsonRef value, RowReporter& reporter) const {
  const PiiPolicy policy = options_.pii_policy;
  if (options_.pii == nullptr || policy == PiiPolicy::allow || !value.exists()) return;
  if (value.is_array()) {
    for (JsonRef item = value.first(); item.exists(); item = item.next()) check_pii(item, reporter);
  } else if (value.is_object()) {
    for (JsonRef key = value.first(); key.exists(); key = key.next().next())
      check_pii(key.next(), reporter);
  }
  if (!value.is_string()) return;
  const std::string_view text = value.string();
  for (const PiiMatch& match : options_.pii->scan(text)) {
    const Severity severity = policy == PiiPolicy::fail     ? Severity::error
                              : policy == PiiPolicy::report ? match.rule->severity
                                                            : Severity::info;
    reporter.add_inside(
        "D037", severity, value, match.begin,
        {.found = fmt::format("{}: {}", match.rule->description,
                              shown_in_part(text.substr(match.begin, match.end - match.begin))),
         .wanted = "text without it",
         .fix = policy == PiiPolicy::mask ? "replaced by a placeholder when the rows are written"
                : policy == PiiPolicy::drop
                    ? "the row is left out when the rows are written"
                    : "remove it, or prepare with --pii mask or --pii drop"});
  }
}

// Of rows that are good so far: what is wrong with the others is told already.
void RowCheck::check_tokens(JsonRef messages, JsonRef tools, RowReporter& reporter) {
  if (!tokens_ || reporter.errors() > 0) return;
  tokens_->add(to_json(messages), tools.is_array() ? to_json(tools) : Json(), messages, reporter);
}

// The side of a split that the row names.
std::string_view RowCheck::part_of(const CheckedRow& row) const {
  const std::string_view column = mapping_.split.empty() ? "split" : column_name(mapping_.split);
  return row.value.find(column).string();
}

// Whether the prompt is made of a column that is named as documents are.
bool RowCheck::has_document(JsonRef row) const {
  if (row.find("messages").exists() && !mapping_.has_content()) return false;
  constexpr std::size_t kShortest = 80;
  JsonRef key = row.first();
  while (key.exists() &&
         !(is_document_column(key.string()) && key.next().text().size() >= kShortest))
    key = key.next().next();
  return key.exists();
}

void RowCheck::compare(const CheckedRow& row, const DuplicateCheck::Said& said,
                       RowReporter& reporter) {
  if (reporter.errors() == 0) duplicates_.add(row, said, part_of(row));
}

void RowCheck::conclude(const CheckedRow& row, JsonRef messages, const ConversationView& view,
                        bool legacy, RowReporter& reporter) {
  dataset_.add(row, view, legacy);
  if (messages.exists()) facts_.add(messages, view, has_document(row.value), reporter);
  if (view.answer_at.is_string() && !view.has_tool_calls) sources_.add(row, view.answer);
  if (options_.pii != nullptr && holds_placeholder(view.answer, *options_.pii)) ++placeholders_;
  if (options_.synthetic && options_.synthetic->holds(view.question, view.answer)) ++synthetic_;
  if (!contract_ || !view.answer_at.is_string() || view.has_tool_calls) return;
  ++contract_->checked;
  const std::optional<std::string> problem = options_.contract(view.answer);
  if (!problem) return;
  ++contract_->broken;
  constexpr std::size_t kMostFailures = 100;
  if (options_.samples && failures_.size() < kMostFailures)
    failures_.push_back({.where = name_place(row.source, row.line),
                         .row = row.id,
                         .answer = sample_text(view.answer, options_.pii),
                         .problem = *problem});
  reporter.error("D022", view.answer_at,
                 {.found = *problem,
                  .wanted = "an answer that keeps the contract",
                  .fix = "mend the answer, or remove the row"});
}

// A file of messages in which no row ends with an answer, and every row has columns for graders, is
// one for reinforcement.
void RowCheck::withdraw_endings_of_graded_rows(CheckReport& report) const {
  if (chat_rows_ == 0 || graded_rows_ < chat_rows_) return;
  const auto is_ending = [](const auto& of) { return of.code == "D012" || of.code == "D013"; };
  std::erase_if(report.findings, is_ending);
  std::erase_if(report.more, is_ending);
  report.evidence.emplace_back(
      "rows: for reinforcement, as none ends with an answer and all have columns for graders");
}

// The rows of the other files, for what compares files.
void RowCheck::hold_against_others() {
  for (const Dataset& other : options_.against) {
    for (const Example& example : other.examples) {
      sources_.add_other(example.source, answer_text(example));
      times_.add_other(example.rest, example.where());
    }
  }
}

void RowCheck::finish(CheckReport& report) {
  std::vector<Finding> whole = dataset_.finish(report.source, report.rows);
  const auto append = [&](std::vector<Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(whole));
  };
  append(preferences_.finish(report.source));
  report.contract = contract_;
  report.failures = std::move(failures_);
  duplicates_.finish(report);
  if (options_.synthetic) report.synthetic = synthetic_;
  hold_against_others();
  append(facts_.finish(report.source));
  append(sources_.finish(report.source));
  append(times_.finish(report.source));
  if (contract_ && contract_->broken > 0) {
    const std::string name =
        options_.contract_name.empty() ? "the contract" : options_.contract_name;
    whole.push_back(file_finding(
        "D022", Severity::info, report.source, {.line = 0, .column = 0},
        {.found = fmt::format(
             "{} of {} answers break {}: training on them caps format compliance at {:.1f} %",
             contract_->broken, contract_->checked, name, 100.0 * contract_->ceiling())}));
  }
  report.distributions = dataset_.distributions();
  if (tokens_) {
    report.distributions.push_back(tokens_->distribution());
    append(tokens_->finish(report.source));
  }
  if (placeholders_ > 0) {
    whole.push_back(file_finding(
        "D037", Severity::warning, report.source, {.line = 0, .column = 0},
        {.found = fmt::format("{} answers hold a placeholder such as <EMAIL_1>", placeholders_),
         .wanted = "answers that the model may give: it learns to write placeholders",
         .fix = "put invented values in their place, or leave the rows out"}));
  }
  std::move(whole.begin(), whole.end(), std::back_inserter(report.findings));
}

}  // namespace attune::data
