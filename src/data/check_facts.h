// D038 and D039: answers that say what their prompts do not. Where the prompt brings a document, a
// fact that it lacks teaches to invent; where most answers hold facts of their own, the model is to
// learn knowledge by heart, which retrieval does better.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/answer_facts.h"
#include "data/check_messages.h"

namespace attune::data {

class FactCheck {
 public:
  // D039 looks at the first rows alone.
  static constexpr std::int64_t kMostRows = 2000;

  // `has_document`: a column of the row says so; else it is seen by the prompt's headings. Points
  // to the facts of the answer that the document lacks.
  void add(JsonRef messages, const ConversationView& view, bool has_document,
           RowReporter& reporter);

  std::vector<Finding> finish(std::string_view source) const;

 private:
  void remember(const std::vector<Fact>& missing, const KnownFacts& known, std::string_view answer,
                const CheckedRow& row);

  struct Row {
    std::int64_t line = 0;
    std::string id;
    std::string sample;  // one of its facts
    std::vector<std::uint64_t> facts;
  };
  std::int64_t rows_ = 0;  // that D039 looked at
  std::vector<Row> with_facts_;
  std::unordered_map<std::uint64_t, std::int64_t> counts_;  // rows with the fact
};

// Whether a text has a heading such as "Context:", "### Document 2" or "<context>" with at least a
// sentence behind it.
bool has_document_heading(std::string_view text);

// Whether a column is named as documents are: context, document, passage, article, in one or
// several.
bool is_document_column(std::string_view name);

}  // namespace attune::data
