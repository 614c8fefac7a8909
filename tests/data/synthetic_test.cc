// Examples that a model writes: prompts, replies, verdicts, and runs that are killed and gone on
// with. The model is a function of the test.
#include "data/synthetic.h"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/synthetic_marks.h"
#include "io/jsonl.h"
#include "io/temporary_folder.h"

namespace attune::data {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::slurp;
using testing_support::TemporaryFolder;

constexpr const char* kThings[] = {"a violet kettle",   "the garden gate",   "two train tickets",
                                   "my winter jacket",  "an old telephone",  "her blue bicycle",
                                   "some fresh bread",  "our kitchen table", "his guitar strings",
                                   "their rain barrel", "that paper lamp",   "this wool blanket"};

std::string question_about(std::size_t number) {
  return fmt::format("{} has arrived in a bad state, number {}, what can be done?",
                     kThings[number % std::size(kThings)], 1000 + 37 * number);
}

Example row_of(const std::string& question, const std::string& answer,
               const std::string& system = "") {
  Example row;
  row.source = "seeds.csv";
  row.line = 2;
  row.messages = Json::array();
  if (!system.empty()) row.messages.push_back({{"role", "system"}, {"content", system}});
  row.messages.push_back({{"role", "user"}, {"content", question}});
  row.messages.push_back({{"role", "assistant"}, {"content", answer}});
  return row;
}

std::vector<Example> some_seeds() {
  return {row_of("Where is the parcel that I ordered on Monday?", "{\"topic\":\"delivery\"}"),
          row_of("I was charged twice for one month of the service.", "{\"topic\":\"billing\"}"),
          row_of("The app closes whenever I open the camera.", "{\"topic\":\"bug\"}")};
}

std::string reply_text(const std::string& question, const std::string& answer) {
  return fmt::format("<question>\n{}\n</question>\n<answer>\n{}\n</answer>", question, answer);
}

// A model that writes a new question each time.
ModelReply good_reply(const SeedPrompt& prompt) {
  return {.text = reply_text(question_about(static_cast<std::size_t>(prompt.number)),
                             "{\"topic\":\"delivery\"}"),
          .prompt_tokens = 100,
          .completion_tokens = 10};
}

ModelAsker each(std::function<ModelReply(const SeedPrompt&)> one) {
  return [one](std::span<const SeedPrompt> prompts) {
    std::vector<ModelReply> replies;
    for (const SeedPrompt& prompt : prompts) replies.push_back(one(prompt));
    return replies;
  };
}

Result<SynthesisCounts> synthesise(const Path& folder, SynthesisOptions options,
                                   const std::function<ModelReply(const SeedPrompt&)>& one,
                                   Json settings = Json::object()) {
  const std::vector<Example> given = some_seeds();
  ATTUNE_TRY(Synthesis work,
             Synthesis::open(given, std::move(options), std::move(settings), folder));
  return work.run(each(one));
}

std::int64_t left_out(const Result<SynthesisCounts>& counts, const std::string& reason) {
  if (!counts || !counts->left_out.contains(reason)) return 0;
  return counts->left_out.at(reason);
}

std::ptrdiff_t lines_of(const Path& path) {
  const std::string text = slurp(path);
  return std::count(text.begin(), text.end(), '\n');
}

TEST(Synthesis, WritesStrictRowsAndSaysWhichAreSynthetic) {
  const TemporaryFolder folder;
  const auto counts = synthesise(folder.path(), {.count = 5}, good_reply);
  ASSERT_TRUE(counts) << counts.error().message();
  EXPECT_EQ(counts->kept, 5);
  EXPECT_EQ(counts->prompt_tokens, 500);
  EXPECT_EQ(counts->completion_tokens, 50);
  const Result<Prepared> rows = prepare(folder.path() / "with_seeds.jsonl", {});
  ASSERT_TRUE(rows) << rows.error().message();
  ASSERT_EQ(rows->examples.size(), 8u);
  SyntheticMarks marks;
  ASSERT_TRUE(marks.load(folder.path() / kSyntheticName));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(marks.holds(rows->examples[i]), i >= 3) << i;
  EXPECT_EQ(lines_of(folder.path() / "generated.jsonl"), 5);
}

TEST(Synthesis, EveryReplyThatIsLeftOutIsCountedByItsReasonAndLogged) {
  const TemporaryFolder folder;
  const std::string good = "{\"topic\":\"billing\"}";
  const std::vector<ModelReply> replies = {
      {.text = reply_text(question_about(1), good)},
      {.text = "I cannot help with that."},
      {.text = reply_text(question_about(2), good), .cut = true},
      {.text = reply_text(question_about(3), "{\"topic\":7}")},
      {.text = reply_text(question_about(1), good)},
      {.text = reply_text("WHERE is the parcel that I ordered on Monday?", good)},
      {.text = reply_text("Where is the parcel that I ordered on Tuesday?", good)},
      {.text = ""},
      {.text = reply_text(question_about(4), " ")},
      {.text = reply_text(question_about(5), good)}};
  const auto counts = synthesise(
      folder.path(),
      {.count = 2,
       .near = 0.65,
       .contract = [](std::string_view answer) -> std::optional<std::string> {
         if (answer.find('7') == std::string_view::npos) return std::nullopt;
         return "topic is a number";
       }},
      [&](const SeedPrompt& prompt) { return replies[static_cast<std::size_t>(prompt.number)]; });
  ASSERT_TRUE(counts) << counts.error().message();
  EXPECT_EQ(counts->requests, 10);
  EXPECT_EQ(counts->left_out, (std::map<std::string, std::int64_t>{{"contract", 1},
                                                                   {"copy", 2},
                                                                   {"cut", 1},
                                                                   {"near_copy", 1},
                                                                   {"no_answer", 1},
                                                                   {"unreadable", 2}}));
  const std::string log = slurp(folder.path() / kReplyLogName);
  EXPECT_THAT(log, HasSubstr("topic is a number"));
  EXPECT_THAT(log, HasSubstr("I cannot help with that."));
  EXPECT_EQ(lines_of(folder.path() / kReplyLogName), 11);  // and one for the settings
}

TEST(Synthesis, ARunThatIsCutOffAnywhereIsGoneOnWithAndEndsTheSame) {
  const TemporaryFolder whole;
  const auto sometimes_bad = [](const SeedPrompt& prompt) {
    return prompt.number % 3 == 1 ? ModelReply{.text = "no"} : good_reply(prompt);
  };
  ASSERT_TRUE(synthesise(whole.path(), {.count = 6}, sometimes_bad));
  const std::string log = slurp(whole.path() / kReplyLogName);
  const std::string rows = slurp(whole.path() / "generated.jsonl");
  for (std::size_t cut = 0; cut <= log.size(); cut += 97) {
    const TemporaryFolder folder;
    folder.write(kReplyLogName, std::string_view(log).substr(0, cut));
    std::int64_t asked = 0;
    const auto counts = synthesise(folder.path(), {.count = 6}, [&](const SeedPrompt& prompt) {
      ++asked;
      return sometimes_bad(prompt);
    });
    ASSERT_TRUE(counts) << cut << " " << counts.error().message();
    EXPECT_EQ(slurp(folder.path() / kReplyLogName), log) << cut;
    EXPECT_EQ(slurp(folder.path() / "generated.jsonl"), rows) << cut;
    const auto there =
        std::count(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(cut), '\n');
    EXPECT_EQ(asked, counts->requests - std::max<std::ptrdiff_t>(0, there - 1)) << cut;
  }
}

TEST(Synthesis, AFolderOfOtherSettingsIsRefusedAndTheyAreNamed) {
  const TemporaryFolder folder;
  ASSERT_TRUE(synthesise(folder.path(), {.count = 1}, good_reply, {{"model", "a"}}));
  EXPECT_TRUE(synthesise(folder.path(), {.count = 2}, good_reply, {{"model", "a"}}));
  const auto other =
      synthesise(folder.path(), {.count = 2, .prompts = {.seed = 9}}, good_reply, {{"model", "b"}});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(), HasSubstr("another model, seed"));
  // A log without a reply binds nobody.
  const TemporaryFolder fresh;
  fresh.write(kReplyLogName, "{\"version\":1,\"settings\":{\"model\":\"a\"}}\n");
  const auto begun = synthesise(fresh.path(), {.count = 1}, good_reply, {{"model", "b"}});
  EXPECT_TRUE(begun) << begun.error().message();
}

TEST(Synthesis, ALostConnectionKeepsWhatThereIsAndTheRequestIsMadeAgain) {
  const TemporaryFolder folder;
  const Error lost{.kind = ErrorKind::environment,
                   .where = "POST x",
                   .found = "nothing answers",
                   .wanted = {},
                   .fix = {}};
  const auto failing = synthesise(folder.path(), {.count = 4}, [&](const SeedPrompt& prompt) {
    return prompt.number < 2 ? good_reply(prompt) : ModelReply{.text = {}, .failure = lost};
  });
  ASSERT_FALSE(failing);
  EXPECT_THAT(failing.error().message(), HasSubstr("goes on behind the 2 rows"));
  EXPECT_EQ(lines_of(folder.path() / "generated.jsonl"), 2);
  std::vector<std::int64_t> asked;
  const auto counts = synthesise(folder.path(), {.count = 4}, [&](const SeedPrompt& prompt) {
    asked.push_back(prompt.number);
    return good_reply(prompt);
  });
  ASSERT_TRUE(counts);
  EXPECT_EQ(asked, (std::vector<std::int64_t>{2, 3}));
}

TEST(Synthesis, APromptThatIsRefusedCostsOnlyItself) {
  const TemporaryFolder folder;
  const Error refused{
      .where = "POST x", .found = "HTTP 400 content_filter", .wanted = {}, .fix = {}};
  const auto one = [&](const SeedPrompt& prompt) {
    return prompt.number == 1 ? ModelReply{.text = {}, .failure = refused, .prompt_refused = true}
                              : good_reply(prompt);
  };
  EXPECT_EQ(left_out(synthesise(folder.path(), {.count = 3}, one), "no_answer"), 1);
  // When nothing was ever answered, the fault is not the prompt's.
  const TemporaryFolder other;
  const auto all = synthesise(other.path(), {.count = 3}, [&](const SeedPrompt&) {
    return ModelReply{.text = {}, .failure = refused, .prompt_refused = true};
  });
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().message(), HasSubstr("HTTP 400"));
}

TEST(Synthesis, EndsWithTheReasonsWhenTheRepliesAreOfNoUse) {
  const TemporaryFolder folder;
  const auto never = synthesise(folder.path(), {.count = 100},
                                [](const SeedPrompt&) { return ModelReply{.text = "Sure!"}; });
  ASSERT_FALSE(never);
  EXPECT_THAT(never.error().message(), HasSubstr("0 of the last 10 replies"));
  EXPECT_THAT(never.error().message(), HasSubstr("10 unreadable"));
  const TemporaryFolder later;  // the model has nothing new to say any more
  const auto stale = synthesise(later.path(), {.count = 100}, [](const SeedPrompt& prompt) {
    return good_reply({.number = std::min<std::int64_t>(prompt.number, 11)});
  });
  ASSERT_FALSE(stale);
  EXPECT_THAT(stale.error().message(), HasSubstr("more varied seeds"));
  EXPECT_EQ(lines_of(later.path() / "generated.jsonl"), 12);
}

TEST(Synthesis, AsksNoMoreOftenThanItMay) {
  const TemporaryFolder folder;
  const SynthesisOptions options{.count = 50, .most_requests = 7, .at_once = 4};
  for (int run = 0; run < 2; ++run) {
    const auto counts = synthesise(folder.path(), options, good_reply);
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->requests, 7);
  }
}

TEST(Synthesis, AnswersTakeTheSeedsForm) {
  const TemporaryFolder folder;
  ASSERT_TRUE(synthesise(folder.path(), {.count = 1}, [](const SeedPrompt&) {
    return ModelReply{.text =
                          reply_text(question_about(1), "```json\n{ \"topic\": \"bug\" }\n```")};
  }));
  EXPECT_THAT(slurp(folder.path() / "generated.jsonl"), HasSubstr(R"("{\"topic\":\"bug\"}")"));
}

TEST(Synthesis, WithoutASeedToShowThereIsNothingToBegin) {
  Example turns = row_of("a", "b");
  turns.messages.push_back({{"role", "user"}, {"content", "c"}});
  turns.messages.push_back({{"role", "assistant"}, {"content", "d"}});
  const TemporaryFolder folder;
  const std::vector<Example> only = {turns};
  EXPECT_FALSE(Synthesis::open(only, {.count = 1}, Json::object(), folder.path()));
}

TEST(NearIndex, FindsWhatComparingAllWithAllFinds) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 400; ++i) {
    std::string text = question_about(i % 150);
    if (i % 3 == 0) text += fmt::format(" it is urgent {}", i);
    if (i % 7 == 0) text = text.substr(0, text.size() / 2);
    texts.push_back(text);
  }
  NearIndex index(0.8);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    double best = 0;
    for (std::size_t j = 0; j < i; ++j)
      best = std::max(best, texts[i] == texts[j] ? 1.0 : similarity(texts[i], texts[j]));
    const auto match = index.find(texts[i]);
    EXPECT_EQ(match.has_value(), best >= 0.8) << i;
    if (match) {
      EXPECT_DOUBLE_EQ(match->similarity, best) << i;
    }
    index.add(texts[i]);
  }
  EXPECT_FALSE(index.find(""));
}

TEST(SyntheticMarks, OutliveOtherSystemMessagesCaseAndSpace) {
  SyntheticMarks marks;
  marks.add(row_of("Where is it?", "Over there.", "Be brief."));
  EXPECT_TRUE(marks.holds(row_of("where  is it? ", "Over there.")));
  EXPECT_FALSE(marks.holds(row_of("Where is it?", "Nowhere.")));
  const TemporaryFolder folder;
  ASSERT_TRUE(marks.write(folder.path() / "m.json"));
  SyntheticMarks read;
  ASSERT_TRUE(read.load(folder.path() / "m.json"));
  EXPECT_TRUE(read.holds("Where is it?", "Over there."));
  for (const char* bad :
       {"{}", "[]", R"({"version":2,"rows":[]})", R"({"version":1,"rows":["x"]})"})
    EXPECT_FALSE(SyntheticMarks().load(folder.write("bad.json", bad))) << bad;
}

}  // namespace
}  // namespace attune::data
