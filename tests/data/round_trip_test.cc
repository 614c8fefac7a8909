// What is written reads back as the same example, for every format and every kind of row that it
// holds; and what was read from a format is written back to the same text.
#include <array>
#include <random>

#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/normalise.h"
#include "data/write_formats.h"

namespace attune::data {
namespace {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  bool maybe(int one_in = 2) { return below(one_in) == 0; }
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  // Words, punctuation, quotes, line breaks, several scripts; never blank.
  std::string text() {
    constexpr std::array<const char*, 14> kWords = {
        "a",  "order", "\"quoted\"", "back\\slash", "日本", "é",   "{\"k\": 1}",
        "\n", "\t",    "a, b;c",     "👩‍💻", "<b>",  "[1]", "Human:"};
    std::string words = "w" + std::to_string(below(1000));
    for (int i = below(6); i > 0; --i)
      words += std::string(maybe() ? " " : "") + kWords.at(static_cast<std::size_t>(below(14)));
    return words + ".";
  }

  Json message(const char* role) { return {{"role", role}, {"content", text()}}; }

  // [system] (user assistant)* user
  Json prompt(bool turns) {
    Json messages = Json::array();
    if (maybe()) messages.push_back(message("system"));
    for (int i = turns ? below(3) : 0; i > 0; --i) {
      messages.push_back(message("user"));
      messages.push_back(message("assistant"));
    }
    messages.push_back(message("user"));
    return messages;
  }

  Json tools() {
    Json parameters = {{"type", "object"}, {"properties", {{"city", {{"type", "string"}}}}}};
    return Json::array({{{"type", "function"},
                         {"function",
                          {{"name", "weather"},
                           {"description", text()},
                           {"parameters", std::move(parameters)}}}}});
  }

  // Call, result, and the answer to it.
  void add_call(Json& messages, int number) {
    const std::string id = "call_" + std::to_string(number);
    Json arguments = {{"city", text()}, {"days", below(9)}, {"near", 1.5}};
    messages.push_back(
        {{"role", "assistant"},
         {"content", nullptr},
         {"tool_calls",
          Json::array(
              {{{"id", id},
                {"type", "function"},
                {"function", {{"name", "weather"}, {"arguments", to_text(arguments)}}}}})}});
    messages.push_back({{"role", "tool"}, {"content", text()}, {"tool_call_id", id}});
  }

  Example example(RowKind kind, bool tools_too, bool turns) {
    Example example;
    example.kind = kind;
    example.messages = prompt(turns);
    if (kind == RowKind::preference) {
      example.preferred = Json::array({message("assistant")});
      example.non_preferred = Json::array({message("assistant")});
    } else if (kind == RowKind::stepwise) {
      example.body = Json::array();
      for (int i = below(4) + 1; i > 0; --i)
        example.body.push_back({{"text", text()}, {"label", maybe()}});
    } else if (kind == RowKind::supervised || kind == RowKind::labelled) {
      if (tools_too) {
        example.tools = tools();
        for (int i = 1, calls = below(3); i <= calls; ++i) add_call(example.messages, i);
      }
      example.messages.push_back(message("assistant"));
      if (kind == RowKind::labelled) example.body = maybe();
    } else if (kind == RowKind::reinforcement) {
      example.rest = {{"reference", text()}, {"level", below(5)}};
    } else if (kind == RowKind::text) {
      example.messages = nullptr;
      example.body = text();
    } else if (kind == RowKind::segments) {
      example.messages = nullptr;
      example.body = Json::array({{{"label", maybe()}, {"text", " " + text()}}});
    }
    return example;
  }

 private:
  std::mt19937 random_;
};

// What an example says, without where it stands and how its source wrote it.
std::string content_of(Example example) {
  example.plain_text = false;
  return openai_row(example) + " " + std::string(row_kind_name(example.kind));
}

struct Trip {
  const char* format;
  RowKind kind;
  bool tools;
  bool turns;
};

constexpr Trip kTrips[] = {{"openai", RowKind::supervised, true, true},
                           {"openai-dpo", RowKind::preference, false, true},
                           {"openai-rft", RowKind::reinforcement, false, true},
                           {"sharegpt", RowKind::supervised, true, true},
                           {"sharegpt", RowKind::preference, false, true},
                           {"sharegpt", RowKind::labelled, false, true},
                           {"alpaca", RowKind::supervised, false, true},
                           {"alpaca", RowKind::preference, false, true},
                           {"alpaca", RowKind::labelled, false, true},
                           {"trl", RowKind::supervised, true, true},
                           {"trl", RowKind::preference, false, true},
                           {"trl", RowKind::labelled, false, false},
                           {"trl", RowKind::stepwise, false, true},
                           {"trl", RowKind::prompt, false, true},
                           {"text", RowKind::text, false, false},
                           {"segments", RowKind::segments, false, false}};

Result<Example> read_back(const std::string& text) {
  ATTUNE_TRY(Dataset dataset, read_examples_from_text(text + "\n", "t.jsonl", {.keep_rest = true}));
  Example example = std::move(dataset.examples.at(0));
  NormaliseOptions structure;
  structure.rules = NormaliserSet::none();
  structure.rules.set(Normaliser::role_alias, true);
  const Normalised normalised = normalise(example, structure);
  if (!normalised.kept)
    return bad_input({.where = "t.jsonl", .found = normalised.findings.back().message()});
  return example;
}

TEST(RoundTrip, WhatIsWrittenReadsBackAsTheSameExample) {
  for (const Trip& trip : kTrips) {
    Generator generator(20261124);
    for (int i = 0; i < 200; ++i) {
      const Example example = generator.example(trip.kind, trip.tools, trip.turns);
      const Result<WrittenRow> row = write_row(*find_written_format(trip.format), example, {});
      ASSERT_TRUE(row) << trip.format << ": " << row.error().message();
      const Result<Example> again = read_back(*row->text);
      ASSERT_TRUE(again) << *row->text << "\n" << again.error().message();
      ASSERT_EQ(content_of(*again), content_of(example)) << trip.format << ": " << *row->text;
      const Result<WrittenRow> twice = write_row(*find_written_format(trip.format), *again, {});
      ASSERT_TRUE(twice) << twice.error().message();
      ASSERT_EQ(*twice->text, *row->text) << trip.format;
    }
  }
}

// Rows as their own tools write them.
TEST(RoundTrip, WhatWasReadIsWrittenBackToTheSameText) {
  const struct {
    const char* format;
    const char* row;
  } kCases[] = {
      {"alpaca",
       R"({"instruction":"Q","input":"I","output":" A","system":"S","history":[["q","a"]]})"},
      {"alpaca", R"({"instruction":"Q\nI","input":"","output":"A","source":"mail"})"},
      {"alpaca", R"({"instruction":"Q","input":"I","chosen":"A","rejected":"B"})"},
      {"sharegpt",
       R"({"conversations":[{"from":"human","value":"Q"},{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"a\":1}}"},{"from":"observation","value":"{\"r\":2}"},{"from":"gpt","value":"A"}],"system":"S","tools":"[{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}]"})"},
      {"sharegpt",
       R"({"conversations":[{"from":"human","value":"Q"},{"from":"gpt","value":"no","weight":0},{"from":"human","value":"?"},{"from":"gpt","value":"A"}]})"},
      {"trl", R"({"prompt":"The sky is","chosen":" blue.","rejected":" green."})"},
      {"trl",
       R"({"prompt":[{"role":"user","content":"Q"}],"chosen":[{"role":"assistant","content":"A"}],"rejected":[{"role":"assistant","content":"B"}]})"},
      {"trl", R"({"prompt":"Q","completion":"A","label":false})"},
      {"trl", R"({"prompt":"Q"})"},
      {"prompt-completion", R"({"prompt":"Q ->","completion":" A END"})"},
      {"text", R"({"text":" T "})"},
  };
  for (const auto& test : kCases) {
    const Result<Example> example = read_back(test.row);
    ASSERT_TRUE(example) << test.row << "\n" << example.error().message();
    const Result<WrittenRow> row = write_row(*find_written_format(test.format), *example, {});
    ASSERT_TRUE(row) << row.error().message();
    EXPECT_EQ(*row->text, test.row);
  }
}

TEST(RoundTrip, AFormatRefusesWhatItCannotHoldAndNamesIt) {
  constexpr const char* kTools =
      R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[{"id":"x7","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"x7"},{"role":"assistant","content":"A","weight":0},{"role":"user","name":"Ann","content":"Q"},{"role":"assistant","content":"A"}]})";
  constexpr const char* kPair = R"({"prompt":"Q","chosen":"A","rejected":"B"})";
  const struct {
    const char* format;
    const char* row;
    const char* words;
  } kCases[] = {
      {"alpaca", kTools, "do not take turns"},
      {"sharegpt", kTools, "ids of tool calls; names of speakers"},
      {"prompt-completion", kTools, "more than one question"},
      {"openai", kPair, "a preference row"},
      {"openai-dpo", kTools, "a supervised row"},
      {"openai-rft", kTools, "a supervised row"},
      {"text", kTools, "a supervised row"},
  };
  for (const auto& test : kCases) {
    const Result<Example> example = read_back(test.row);
    ASSERT_TRUE(example) << example.error().message();
    const Result<WrittenRow> row = write_row(*find_written_format(test.format), *example, {});
    ASSERT_FALSE(row) << *row->text;
    EXPECT_NE(row.error().message().find(test.words), std::string::npos) << row.error().message();
    EXPECT_TRUE(row.error().message().starts_with("t.jsonl:1: ")) << row.error().message();
  }
}

TEST(RoundTrip, LossyWritingNamesWhatItLeavesOut) {
  const Result<Example> example = read_back(
      R"({"messages":[{"role":"user","name":"Ann","content":"Q"},{"role":"assistant","content":"A"}]})");
  ASSERT_TRUE(example);
  const Result<WrittenRow> row =
      write_row(*find_written_format("alpaca"), *example, {.lossy = true});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ(*row->text, R"({"instruction":"Q","input":"","output":"A"})");
  EXPECT_EQ(row->left_out, std::vector<std::string>{"names of speakers"});
}

TEST(RoundTrip, PreferencesGiveTheirGoodAnswersAlone) {
  const WriteOptions options{.preferred_only = true};
  const Result<Example> pair = read_back(R"({"prompt":"Q","chosen":"A","rejected":"B"})");
  const Result<WrittenRow> row = write_row(*find_written_format("openai"), *pair, options);
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ(*row->text,
            R"({"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]})");
  const Result<Example> bad = read_back(R"({"prompt":"Q","completion":"A","label":false})");
  EXPECT_FALSE(write_row(*find_written_format("openai"), *bad, options)->text.has_value());
}

}  // namespace
}  // namespace attune::data
