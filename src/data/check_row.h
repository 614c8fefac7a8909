// All checks of one row, whatever format it has, and those that need all rows. Chat rows and
// preference pairs are checked as they stand; other formats as the examples that they convert to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/check.h"
#include "data/check_dataset.h"
#include "data/check_duplicates.h"
#include "data/check_facts.h"
#include "data/check_preference.h"
#include "data/check_sources.h"
#include "data/check_time.h"
#include "data/check_tokenizer.h"
#include "data/check_tokens.h"
#include "data/check_tools.h"
#include "data/examined_row.h"
#include "data/example.h"
#include "data/known_formats.h"
#include "data/mapping.h"

namespace attune::data {

class RowCheck {
 public:
  // `mapping` decides when it has content; else the asked format; else each row's columns.
  // `options` must outlive this.
  RowCheck(const CheckOptions& options, Mapping mapping);

  void check(CheckedRow& row, std::vector<Finding>& findings);

  // The part of a row's checks that needs no other row, for check() to go on with
  // (CheckedRow::examined). Safe from several threads. Nothing where the row is no chat row.
  ExaminedRow examine(const CheckedRow& row) const;

  // After the last row: of a file for reinforcement, takes out that its rows end without an answer.
  void withdraw_endings_of_graded_rows(CheckReport& report) const;
  // Adds the findings about the file as a whole, and what else the report says of all rows.
  void finish(CheckReport& report);

 private:
  void check_content(CheckedRow& row, RowReporter& reporter);
  bool is_chat(JsonRef row) const;
  ExaminedChat examine_chat(const CheckedRow& row) const;
  void check_chat(const CheckedRow& row, JsonRef messages, RowReporter& reporter);
  void check_pair(const CheckedRow& row, const PreferencePair& pair, RowReporter& reporter);
  void check_converted(CheckedRow& row, RowReporter& reporter);
  void check_example(const CheckedRow& row, const Example& example, bool legacy,
                     RowReporter& reporter);
  void check_body(const CheckedRow& row, RowKind kind, JsonRef body, RowReporter& reporter);
  void check_token_row(JsonRef row, JsonRef body, RowReporter& reporter);
  std::optional<Mapping> mapping_of_row(const Json& columns, bool& legacy) const;
  void report_no_format(const CheckedRow& row, const Json& columns, RowReporter& reporter);
  void check_pii(JsonRef value, RowReporter& reporter) const;
  void compare(const CheckedRow& row, const DuplicateCheck::Said& said, RowReporter& reporter);
  std::string_view part_of(const CheckedRow& row) const;
  void check_tokens(JsonRef messages, JsonRef tools, RowReporter& reporter);
  bool has_document(JsonRef row) const;
  void conclude(const CheckedRow& row, JsonRef messages, const ConversationView& view, bool legacy,
                RowReporter& reporter);
  void hold_against_others();

  const CheckOptions& options_;
  Mapping mapping_;
  const KnownFormat* format_ = nullptr;
  std::optional<ContractResult> contract_;
  std::vector<ContractFailure> failures_;
  DatasetCheck dataset_;
  DuplicateCheck duplicates_;
  FactCheck facts_;
  SourceCheck sources_;
  TimeCheck times_;
  TokenizerCheck tokenizer_;
  PreferenceCheck preferences_;
  ToolCheck tools_;
  std::optional<TokenCheck> tokens_;
  JsonTree converted_;
  std::string converted_text_;
  std::int64_t placeholders_ = 0;
  std::int64_t synthetic_ = 0;
  std::int64_t chat_rows_ = 0;
  std::int64_t graded_rows_ = 0;  // chat rows without an answer last, with columns for graders
};

}  // namespace attune::data
