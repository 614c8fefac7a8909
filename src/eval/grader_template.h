// Texts with places for values, as graders and the prompts of eval runs have them:
//
//   ATTUNE_TRY(const Template made, Template::parse("Is {{item.answer}} right?"));
//   const Template::Filled filled = made.fill({.item = item, .sample = sample});
//
// A place is {{ path }}. A path begins with `item` (the row of the data) or `sample` (the answer
// that is judged) and goes on with .name, [3] or ["name"]. A string is put in as it is, anything
// else as JSON. sample has output_text and, where that is JSON, output_json; output_tools where the
// data brings them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::eval {

struct Namespaces {
  const Json& item;
  const Json& sample;
};

// {"output_text": answer, "output_json": ... if it is JSON}
Json sample_of(std::string answer);

class ValuePath {
 public:
  // "item.input[0].text"
  static Result<ValuePath> parse(std::string_view text);
  const Json* find(const Namespaces& values) const;  // null: there is no such value
  const std::string& text() const { return text_; }
  bool is_of_sample() const { return of_sample_; }
  bool needs_output_json() const;
  // The name right behind `item` or `sample`; empty where there is none.
  std::string first_name() const;

 private:
  using Step = std::variant<std::string, std::size_t>;
  std::string text_;
  bool of_sample_ = false;
  std::vector<Step> steps_;
};

class Template {
 public:
  static Result<Template> parse(std::string_view text);

  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;  // of a filled text
  struct Filled {
    std::string text;
    const ValuePath* missing = nullptr;  // the first place without a value
    bool too_long = false;               // it would have more than kMostBytes
  };
  Filled fill(const Namespaces& values) const;
  std::vector<const ValuePath*> places() const;

 private:
  std::vector<std::variant<std::string, ValuePath>> parts_;
};

}  // namespace attune::eval
