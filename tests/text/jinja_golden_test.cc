// Templates against what real Jinja2 and the models' own renderings give.
#include "shared_files.h"
#include "text/jinja/template.h"
#include "text/tokenizer.h"

namespace attune::text {
namespace {

jinja::Dict variables_of(const Json& json) {
  jinja::Dict variables;
  for (const auto& [key, value] : json.items()) {
    variables.set(jinja::Value::trusted(key), jinja::from_json(value, jinja::Trust::roles));
  }
  return variables;
}

Result<std::string> render(const std::string& source, const Json& variables) {
  ATTUNE_TRY(const jinja::Template parsed, jinja::Template::parse(source, "template"));
  // The day that the expected renderings name.
  ATTUNE_TRY(const MarkedText text, parsed.render(variables_of(variables), {.now = 1721995200}));
  return text.text;
}

// The messages of the other kinds are Python's own.
bool is_exact_kind(const std::string& kind) { return kind == "undefined" || kind == "template"; }

TEST(JinjaGolden, EveryCaseRendersAsJinja2RendersIt) {
  const Json golden = Json::parse(read_text(std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests" /
                                            "golden" / "jinja" / "cases.json"));
  ASSERT_GE(golden["cases"].size(), 150u);
  for (const Json& one : golden["cases"]) {
    Json variables = golden["context"];
    if (one.contains("variables")) variables.update(one["variables"]);
    const auto source = one["template"].get<std::string>();
    const auto text = render(source, variables);
    if (one.contains("rendered")) {
      EXPECT_TRUE(text) << source << "\n  " << text.error().message();
      if (text) {
        EXPECT_EQ(*text, one["rendered"].get<std::string>()) << source;
      }
      continue;
    }
    const auto kind = one["error_kind"].get<std::string>();
    EXPECT_FALSE(text) << source << "\n  is an error (" << kind << "), gave " << text.value_or("");
    if (!text && is_exact_kind(kind)) {
      EXPECT_EQ(text.error().found, one["error"].get<std::string>()) << source;
    }
  }
}

TEST(ChatTemplates, EveryRenderingOfRealTemplatesIsExact) {
  const auto folder = shared_folder() / "tokenizers" / "chat_templates";
  ATTUNE_NEEDS_SHARED(folder);
  const Json cases = Json::parse(read_text(folder / "cases.json"));
  int count = 0;
  for (const Json& line : read_json_lines(folder / "expected.jsonl")) {
    const auto found = std::find_if(cases.begin(), cases.end(),
                                    [&](const Json& one) { return one["id"] == line["case"]; });
    ASSERT_NE(found, cases.end());
    Json variables = *found;
    variables.erase("id");
    variables["bos_token"] = line["bos_token"];
    variables["eos_token"] = line["eos_token"];
    const std::string label =
        line["template"].get<std::string>() + " " + line["case"].get<std::string>();
    const auto text = render(read_text(folder / line["template"].get<std::string>()), variables);
    if (line.contains("error")) {
      ASSERT_FALSE(text) << label;
      EXPECT_EQ(text.error().found, line["error"].get<std::string>()) << label;
    } else {
      ASSERT_TRUE(text) << label << ": " << text.error().message();
      EXPECT_EQ(*text, line["rendered"].get<std::string>()) << label;
    }
    ++count;
  }
  EXPECT_EQ(count, 49);
}

}  // namespace
}  // namespace attune::text
