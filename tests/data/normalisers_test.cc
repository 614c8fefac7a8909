#include "data/normalisers.h"

#include <array>
#include <random>

#include <gtest/gtest.h>

#include "data/clean_text.h"
#include "data/normalise.h"

namespace attune::data {
namespace {

NormaliserSet only(std::initializer_list<Normaliser> rules) {
  NormaliserSet set = NormaliserSet::none();
  for (const Normaliser rule : rules) set.set(rule, true);
  return set;
}

Example chat(const char* messages) {
  Example example;
  example.messages = parse_json(messages, "m").value();
  example.source = "t";
  example.line = 1;
  return example;
}

TEST(Normalisers, RepairWhatTheirNameSaysAndNothingElse) {
  using enum Normaliser;
  const struct {
    Normaliser rule;
    const char* text;
    const char* clean;
  } kCases[] = {
      {mojibake, "cafÃ© â€” Ã¼ber naïve é", "café — über naïve é"},
      {mojibake, "ÃƒÂ©", "é"},
      {html_tags, "<p class=\"a\">one<br/>two</p><b>3</b> a < b <answer>4</answer>",
       "one\ntwo\n3 a < b <answer>4</answer>"},
      {html_entities, "a &amp;amp; b &lt;c&gt; &#39;d&#x27; &nope; &", "a & b <c> 'd' &nope; &"},
      {no_break_spaces, "a\u00A0b\u202Fc", "a b c"},
      {smart_quotes, "“a” ‘b’ „c‟ «d»", "\"a\" 'b' \"c\" «d»"},
      {dashes, "a–b—c −1", "a-b-c -1"},
      {invisible_characters, "a\u200Bb\u202Ec", "abc"},
      {control_characters, "a\x07\x1B[0mb\tc\n", "a[0mb\tc\n"},
      {trailing_spaces, "a  \nb\t\n c ", "a\nb\n c"},
      {unicode_nfkc, "ﬁ ① ｆ", "fi 1 f"},
  };
  for (const auto& test : kCases) {
    const CleanText clean = clean_text(test.text, only({test.rule}));
    EXPECT_EQ(clean.text, test.clean) << normaliser_name(test.rule);
    EXPECT_EQ(clean.changes, std::vector<std::string>{std::string(normaliser_name(test.rule))});
    EXPECT_EQ(clean_text(test.text, NormaliserSet::none()).text, test.text);
  }
}

TEST(Normalisers, ChangeNothingTheSecondTime) {
  constexpr std::array<const char*, 18> kPieces = {
      "a", " ", "\n", "\r\n", "&amp;", "lt;", "&",      "<br>",    "<p",
      ">", "Ã", "©",  "â€™",  "“",     "–",   "\u200B", "e\u0301", "\u00A0"};
  std::mt19937 random(20261124);
  const NormaliserSet all = NormaliserSet::parse("all").value();
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n > 0; --n) text += kPieces.at(random() % kPieces.size());
    for (const NormaliserSet& set : {all, NormaliserSet()}) {
      const CleanText once = clean_text(text, set);
      const CleanText twice = clean_text(once.text, set);
      ASSERT_EQ(once.text, twice.text) << text;
      ASSERT_TRUE(twice.changes.empty()) << text;
    }
  }
}

TEST(Normalisers, AreSwitchedByName) {
  const NormaliserSet set = NormaliserSet::parse("smart_quotes, no-unicode_nfc").value();
  EXPECT_TRUE(set.has(Normaliser::smart_quotes));
  EXPECT_FALSE(set.has(Normaliser::unicode_nfc));
  EXPECT_TRUE(set.has(Normaliser::line_endings));
  EXPECT_FALSE(NormaliserSet::parse("none")->has(Normaliser::line_endings));
  const Result<NormaliserSet> wrong = NormaliserSet::parse("quotes");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().wanted.find("smart_quotes"), std::string::npos);
  std::size_t i = 0;
  for (const NormaliserEntry& entry : normaliser_entries())
    EXPECT_EQ(static_cast<std::size_t>(entry.rule), i++) << entry.name;
}

TEST(Normalise, MakesToolArgumentsCanonical) {
  Example example = chat(
      R"([{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{ \"b\": 1,  \"a\": [1.0, \"x\"] }"}},{"id":"2","type":"function","function":{"name":"f","arguments":{"b":2}}}]}])");
  const Normalised result = normalise(example);
  ASSERT_TRUE(result.kept);
  const Json& calls = example.messages[1]["tool_calls"];
  EXPECT_EQ(calls[0]["function"]["arguments"], R"({"b":1,"a":[1.0,"x"]})");
  EXPECT_EQ(calls[1]["function"]["arguments"], R"({"b":2})");
  EXPECT_EQ(std::count_if(result.findings.begin(), result.findings.end(),
                          [](const Finding& f) { return f.rule == "tool_arguments"; }),
            2);
}

TEST(Normalise, TurnsLegacyFunctionCallsIntoToolCalls) {
  Example example = chat(
      R"([{"role":"user","content":"Q"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"},{"role":"assistant","content":"A"}])");
  ASSERT_TRUE(normalise(example).kept);
  EXPECT_EQ(
      to_text(example.messages),
      R"([{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"call_1"},{"role":"assistant","content":"A"}])");
}

TEST(Normalise, TreatsSystemMessagesAsAsked) {
  constexpr const char* kChat =
      R"([{"role":"system","content":"S"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])";
  const struct {
    NormaliseOptions options;
    const char* messages;
  } kCases[] = {
      {{.system = SystemMessages::keep}, kChat},
      {{.system = SystemMessages::drop},
       R"([{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
      {{.system = SystemMessages::into_user},
       R"([{"role":"user","content":"S\n\nQ"},{"role":"assistant","content":"A"}])"},
      {{.system = SystemMessages::replace, .system_text = "T"},
       R"([{"role":"system","content":"T"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])"},
  };
  for (const auto& test : kCases) {
    Example example = chat(kChat);
    ASSERT_TRUE(normalise(example, test.options).kept);
    EXPECT_EQ(to_text(example.messages), test.messages);
    EXPECT_FALSE(normalise(example, test.options).changed);
  }
}

TEST(Normalise, MergesTurnsAndMendsAnswersWhenAsked) {
  Example example = chat(
      R"([{"role":"user","content":"Q"},{"role":"user","content":"R"},{"role":"assistant","content":"```json\n{ \"a\": 1 }\n```"}])");
  NormaliseOptions options;
  options.rules = NormaliserSet::parse("merge_turns,code_fences,json_answers").value();
  ASSERT_TRUE(normalise(example, options).kept);
  EXPECT_EQ(to_text(example.messages),
            R"([{"role":"user","content":"Q\n\nR"},{"role":"assistant","content":"{\"a\":1}"}])");
}

TEST(Normalise, TakesTheWeightOfAMessageFromItsParts) {
  Example example = chat(
      R"([{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"text","text":"a","train":false}]},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}])");
  ASSERT_TRUE(normalise(example).kept);
  EXPECT_EQ(example.messages[1]["weight"], 0);
  Example mixed = chat(
      R"([{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"text","text":"a","train":false},{"type":"text","text":"b","train":true}]}])");
  EXPECT_EQ(normalise(mixed).findings.back().rule, "partly_trained");
}

TEST(Normalise, ChecksBothAnswersOfAPreference) {
  const auto preference = [](const char* preferred) {
    Example example = chat(R"([{"role":"human","content":"Q"}])");
    example.kind = RowKind::preference;
    example.preferred = parse_json(preferred, "p").value();
    example.non_preferred = Json::array({{{"role", "gpt"}, {"content", "B"}}});
    return example;
  };
  Example good = preference(R"([{"role":"assistant","content":"A"}])");
  ASSERT_TRUE(normalise(good).kept);
  EXPECT_EQ(good.non_preferred[0]["role"], "assistant");
  EXPECT_EQ(final_answer(good), "A");
  Example turns = preference(R"([{"role":"user","content":"A"}])");
  EXPECT_EQ(normalise(turns).findings.back().rule, "turn_in_answer");
  Example none = preference("[]");
  EXPECT_EQ(normalise(none).findings.back().rule, "no_assistant_turn");
  Example same = preference(R"([{"role":"assistant","content":"B"}])");
  EXPECT_EQ(normalise(same).findings.back().rule, "same_answers");
}

}  // namespace
}  // namespace attune::data
