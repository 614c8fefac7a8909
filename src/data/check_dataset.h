// The checks that need all rows: D015, D016, D020, D023, D028 to D034. Rows are added one at a time
// and not kept: what is remembered of one is some hashes and counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/check_messages.h"
#include "data/distribution.h"
#include "data/hash_map.h"

namespace attune::data {

class DatasetCheck {
 public:
  // `legacy`: a prompt/completion row.
  void add(const CheckedRow& row, const ConversationView& view, bool legacy);

  // The findings, `rows` being all rows of the file.
  std::vector<Finding> finish(std::string_view source, std::int64_t rows) const;

  // How long questions and answers are.
  std::vector<Distribution> distributions() const;

 private:
  struct Place {
    std::int64_t line = 0;
    std::string row;
  };
  // What begins (or ends) all texts seen.
  struct CommonPart {
    bool any = false;
    std::string text;
    void keep_beginning(std::string_view other);
    void keep_end(std::string_view other);
  };
  struct AnswerClass {
    std::int64_t count = 0;
    std::string sample;
    Place first;
  };
  enum class AnswerShape { prose, json, fenced_json, prose_and_json };
  struct ShapeCount {
    std::int64_t count = 0;
    Place first;
  };
  struct ShortAnswer {
    std::int64_t length = 0;
    std::string text;
    TextPlace place;
    std::string row;
    std::string path;
  };

  static AnswerShape shape_of(std::string_view answer);
  void add_system(const CheckedRow& row, const ConversationView& view);
  void add_answer(const CheckedRow& row, const ConversationView& view);
  void add_letters(std::string_view question, std::string_view answer);

  std::vector<Finding> system_findings(std::string_view source) const;
  std::vector<Finding> same_findings(std::string_view source) const;
  std::vector<Finding> class_findings(std::string_view source) const;
  std::vector<Finding> short_findings(std::string_view source) const;
  std::vector<Finding> shape_findings(std::string_view source) const;
  std::vector<Finding> letter_findings(std::string_view source) const;
  std::vector<Finding> legacy_findings(std::string_view source) const;

  std::int64_t rows_ = 0;  // rows with a conversation
  std::int64_t with_system_ = 0;
  Place first_without_system_;
  HashMap<std::int64_t> systems_;   // rows by their text
  std::int64_t system_length_ = 0;  // characters of all
  std::int64_t other_length_ = 0;
  HashMap<std::int64_t> questions_;
  CommonPart question_beginning_, answer_beginning_, question_end_, answer_end_;
  std::int64_t empty_questions_ = 0;
  std::int64_t legacy_ = 0;
  HashMap<AnswerClass> answers_;
  bool too_many_answers_ = false;
  std::map<AnswerShape, ShapeCount> shapes_;
  std::int64_t answered_ = 0;
  std::int64_t refusals_ = 0;
  Place first_refusal_;
  std::vector<std::uint32_t> question_lengths_;  // bytes
  std::vector<std::uint32_t> answer_lengths_;
  std::vector<ShortAnswer> short_answers_;
  std::int64_t upper_[2] = {0, 0};  // letters of questions and answers
  std::int64_t lower_[2] = {0, 0};
};

}  // namespace attune::data
