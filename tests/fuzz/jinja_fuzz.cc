// Chat templates of a stranger end with text or an error, within bounds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/jinja/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using attune::Json;
  namespace jinja = attune::text::jinja;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto parsed = jinja::Template::parse(source, "template");
  if (!parsed) return 0;
  static const Json messages = Json::parse(
      R"([{"role": "system", "content": "s"}, {"role": "user", "content": "Hi é <|x|>"},
          {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, 2.5, true]}}}]},
          {"role": "tool", "content": "{}"}])");
  jinja::Dict variables;
  variables.set(jinja::Value::trusted("messages"), jinja::from_json(messages, jinja::Trust::roles));
  variables.set(jinja::Value::trusted("d"),
                jinja::from_json(Json{{"a", 1}, {"b", "x"}}, jinja::Trust::nothing));
  variables.set(jinja::Value::trusted("eos_token"), jinja::Value::trusted("</s>"));
  variables.set(jinja::Value::trusted("add_generation_prompt"), jinja::Value(true));
  const auto text = parsed->render(variables, {.now = 0});
  return text && text->text.size() > jinja::kLongestText ? -1 : 0;
}
