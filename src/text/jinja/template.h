// Chat templates: Jinja as Hugging Face renders them (trim_blocks, lstrip_blocks, break and
// continue, {% generation %}).
//
//   ATTUNE_TRY(Template chat, Template::parse(tokenizer.chat_template(), "chat_template"));
//   Dict variables;
//   variables.set(Value::trusted("messages"), from_json(messages, Trust::roles));
//   ATTUNE_TRY(MarkedText text, chat.render(variables, {}));
//
// The result knows which bytes are the template's own words. A template can't touch anything
// outside it, and one that asks for too much ends with an error.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/json.h"
#include "text/jinja/value.h"
#include "text/marked_text.h"

namespace attune::text::jinja {

// What of a JSON value counts as the template's own words.
enum class Trust {
  nothing,
  roles,       // "role": "assistant" and the other well-known roles, nothing else
  everything,  // for values of our own, such as the name of the end token
};

// Integers beyond 64 bits become reals.
Value from_json(const Json& json, Trust trust);

struct RenderOptions {
  std::optional<std::time_t> now = {};  // for strftime_now; the clock when not given
};

class Template {
 public:
  // `where` names the template in errors.
  static Result<Template> parse(std::string_view source, std::string_view where);

  // What raise_exception says is the error's `found`, word for word.
  Result<MarkedText> render(const Dict& variables, const RenderOptions& options) const;

  // Whether it marks what the assistant says with {% generation %}.
  bool has_generation() const { return has_generation_; }

  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

 private:
  struct Syntax;
  Template(std::unique_ptr<const Syntax> syntax, std::string where, bool has_generation);
  std::unique_ptr<const Syntax> syntax_;
  std::string where_;
  bool has_generation_;
};

}  // namespace attune::text::jinja
