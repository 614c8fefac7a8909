// Longer than 400 lines: one fixture with a base and two adapters, which every test needs.
#include "infer/engine.h"

#include <array>
#include <cmath>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "infer/generator.h"
#include "infer/score.h"
#include "infer/tiny_adapter.h"
#include "infer/tiny_spec.h"
#include "infer/tiny_tokenizer.h"

namespace attune::infer {
namespace {

constexpr std::int64_t kVocabulary = 98, kContext = 256;

// All updates of a choice, joined.
struct Answer {
  std::string text;
  std::vector<std::int32_t> ids;
  std::vector<TokenReport> tokens;
  std::optional<Finish> finish;
  std::optional<TokenReport> end;
  std::int64_t drawn = 0;
};

struct Answers {
  std::vector<Answer> choices;
  PromptReport prompt;
};

Answers collect(Task& task) {
  Answers all;
  all.choices.resize(static_cast<std::size_t>(task.work().choices));
  while (std::optional<Update> update = task.next()) {
    Answer& answer = all.choices[static_cast<std::size_t>(update->choice)];
    EXPECT_FALSE(answer.finish) << "news after the last";
    answer.text += update->text;
    for (TokenReport& token : update->tokens) {
      answer.ids.push_back(token.id);
      answer.tokens.push_back(std::move(token));
    }
    answer.finish = update->finish;
    if (update->end) answer.end = update->end;
    answer.drawn = update->drawn_tokens;
    if (update->prompt) all.prompt = std::move(*update->prompt);
  }
  for (const Answer& answer : all.choices) EXPECT_TRUE(answer.finish);
  return all;
}

class EngineTest : public testing::Test {
 protected:
  EngineTest()
      : context_(pick_isa().value(), 1),
        tokenizer_(tiny_tokenizer({"\xC3\xA2\xC4\xA4", "\xC2\xAC"})),
        model_(model::Model::random(tiny_spec(kVocabulary, kContext), model::Precision::bf16, 11)) {
    for (std::uint64_t seed : {1u, 2u}) {
      tuned_.push_back(
          model::Model::random(tiny_spec(kVocabulary, kContext), model::Precision::bf16, 11));
      add_tiny_adapter(tuned_.back(), seed == 1 ? 4 : 6, seed);
      adapters_.push_back(detached_adapter(tuned_.back(), model_));
    }
  }

  std::unique_ptr<Engine> start(EngineOptions options = {}) {
    options.threads = 2;
    return Engine::start(model_, tokenizer_, options).value();
  }
  Work work(std::string_view text, std::int64_t max_new_tokens) const {
    Work w;
    w.prompt = tokenizer_.encode(text, {});
    w.max_new_tokens = max_new_tokens;
    return w;
  }
  // What Generator answers with the model that owns the adapter.
  Completion reference(const Work& w) const {
    const model::Model* model = &model_;
    for (std::size_t i = 0; i < adapters_.size(); ++i) {
      if (w.adapter == adapters_[i]) model = &tuned_[i];
    }
    Generator generator(context_, *model, tokenizer_, w.stop_ids, {});
    Request request;
    request.prompt = w.prompt;
    request.max_new_tokens = w.max_new_tokens;
    request.sampling = w.sampling;
    request.stop = w.stop;
    return generator.run({&request, 1}).value().front();
  }

  kernels::Context context_;
  text::Tokenizer tokenizer_;
  model::Model model_;
  std::vector<model::Model> tuned_;
  std::vector<std::shared_ptr<const model::Adapter>> adapters_;
};

TEST_F(EngineTest, MixedTasksAnswerAsTheGeneratorDoesForEachAlone) {
  const auto engine = start({.running = 3, .pass_tokens = 24, .pass_prompt_tokens = 7});
  std::vector<Work> works;
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 12; ++i) {
    Work w =
        work("prompt " + std::string(static_cast<std::size_t>(1 + i * 5), char('a' + i)), 5 + i);
    if (i % 3 > 0) w.adapter = adapters_[static_cast<std::size_t>(i % 3 - 1)];
    if (i % 4 == 3) w.sampling = {.temperature = 1.0f, .top_p = 0.9f, .seed = 77};
    works.push_back(w);
    tasks.push_back(engine->submit(std::move(w)).value());
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Completion wanted = reference(works[i]);
    const Answer answer = collect(*tasks[i]).choices.front();
    EXPECT_EQ(answer.ids, wanted.ids) << i;
    EXPECT_EQ(answer.text, wanted.text) << i;
    EXPECT_EQ(answer.finish, Finish::length);
    EXPECT_EQ(answer.drawn, works[i].max_new_tokens);
  }
}

TEST_F(EngineTest, TasksOfManyThreadsJoinWhileOthersRun) {
  const auto engine = start({.running = 4, .pass_tokens = 16});
  const Work base = work("the question of every thread", 20);
  const std::vector<std::int32_t> wanted = reference(base).ids;
  std::vector<std::thread> threads;
  std::array<std::vector<std::int32_t>, 8> answers;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 3; ++round) {
        answers[i] = collect(*engine->submit(base).value()).choices.front().ids;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& answer : answers) EXPECT_EQ(answer, wanted);
  EXPECT_EQ(engine->counters().drawn_tokens, 8 * 3 * 20);
}

TEST_F(EngineTest, AnswersAreTheSameWhenMemoryRunsOutAndCachesAreGivenUp) {
  const std::int64_t position = model::KvCache::bytes_a_position(model_.spec());
  const auto engine = start({.running = 8, .pass_tokens = 32, .cache_bytes = kContext * position});
  std::vector<Work> works;
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 6; ++i) {
    Work w = work(fmt::format("a{}", i), 200);
    w.logprobs = w.score_prompt = i % 2 == 1;
    works.push_back(w);
    tasks.push_back(engine->submit(std::move(w)).value());
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    EXPECT_EQ(collect(*tasks[i]).choices.front().ids, reference(works[i]).ids) << i;
  }
  EXPECT_GT(engine->counters().set_back, 0);
  EXPECT_LE(engine->counters().cache_bytes, kContext * position);
}

TEST_F(EngineTest, ChoicesShareThePromptAndDrawFromStreamsOfTheirOwn) {
  const auto engine = start({.running = 4});
  Work w = work("choose", 12);
  w.choices = 7;
  w.sampling = {.temperature = 1.0f, .top_p = 1.0f, .seed = 3};
  const Answers first = collect(*engine->submit(w).value());
  EXPECT_EQ(first.choices.front().ids, reference(w).ids);
  EXPECT_NE(first.choices[0].ids, first.choices[1].ids);
  EXPECT_NE(first.choices[1].ids, first.choices[6].ids);
  const Answers again = collect(*engine->submit(w).value());
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(again.choices[i].ids, first.choices[i].ids);
}

TEST_F(EngineTest, LogprobsOfPromptAndAnswerAreThoseOfScoreTokens) {
  const auto engine = start({.pass_tokens = 10});
  for (const bool adapted : {false, true}) {
    Work w = work("a prompt that is scored in pieces", 6);
    w.adapter = adapted ? adapters_[0] : nullptr;
    w.logprobs = w.score_prompt = true;
    w.top_logprobs = 2;
    const Answers answers = collect(*engine->submit(w).value());
    const Answer& answer = answers.choices.front();
    std::vector<TokenReport> all = answers.prompt.tokens;
    ASSERT_EQ(all.size(), w.prompt.size());
    EXPECT_FALSE(all.front().logprob);
    all.insert(all.end(), answer.tokens.begin(), answer.tokens.end());
    std::vector<std::int32_t> ids;
    for (const TokenReport& token : all) ids.push_back(token.id);
    EXPECT_EQ(ids.size(), w.prompt.size() + 6);
    const auto wanted = score_tokens(context_, adapted ? tuned_[0] : model_, ids, true).value();
    for (std::size_t i = 1; i < all.size(); ++i) {
      EXPECT_NEAR(*all[i].logprob, wanted[i - 1], 1e-5) << i;
      ASSERT_EQ(all[i].top.size(), 2u);
      EXPECT_GE(all[i].top[0].logprob, *all[i].logprob);
      if (all[i].top[0].token == all[i].id) {
        EXPECT_EQ(all[i].top[0].logprob, *all[i].logprob);
      }
    }
  }
}

TEST_F(EngineTest, APromptAloneIsScoredWithoutAnAnswer) {
  const auto engine = start();
  Work w = work("only read", 0);
  w.logprobs = w.score_prompt = true;
  w.choices = 2;
  const Answers answers = collect(*engine->submit(w).value());
  EXPECT_EQ(answers.prompt.tokens.size(), w.prompt.size());
  for (const Answer& answer : answers.choices) {
    EXPECT_EQ(answer.ids.size(), 0u);
    EXPECT_EQ(answer.finish, Finish::length);
  }
}

TEST_F(EngineTest, PenaltiesChangeWhatIsDrawnByTheirFormula) {
  const auto engine = start();
  Work w = work("repeat repeat repeat", 25);
  w.penalties = {.frequency = 0.7f, .presence = 0.4f};
  const std::vector<std::int32_t> answer = collect(*engine->submit(w).value()).choices[0].ids;
  std::vector<std::int32_t> ids = w.prompt;
  TokenCounts counts;
  for (const std::int32_t token : answer) {
    const std::int64_t length = std::ssize(ids), row = length - 1;
    model::Workspace workspace(model_, length, false);
    std::vector<float> logits(kVocabulary);
    model::compute_logits(context_, model_, workspace, {ids, {0, length}}, {&row, 1}, logits.data(),
                          {});
    apply_penalties(logits, counts, w.penalties);
    EXPECT_EQ(token, sample_token(logits, {}, 0));
    ++counts[token];
    ids.push_back(token);
  }
}

TEST_F(EngineTest, ABiasForcesATokenAndLeavesItsLogprobAsTheModelHasIt) {
  const auto engine = start();
  Work w = work("bias", 3);
  w.bias = {{5, 100.0f}};
  w.logprobs = true;
  const Answer answer = collect(*engine->submit(w).value()).choices[0];
  EXPECT_EQ(answer.ids, (std::vector<std::int32_t>{5, 5, 5}));
  std::vector<std::int32_t> ids = w.prompt;
  ids.insert(ids.end(), answer.ids.begin(), answer.ids.end());
  const auto wanted = score_tokens(context_, model_, ids, false).value();
  EXPECT_NEAR(*answer.tokens.back().logprob, wanted.back(), 1e-5);
}

TEST_F(EngineTest, AStopTextCutsTextAndTokens) {
  const auto engine = start();
  const Work whole = work("stop here", 30);
  const std::string text = reference(whole).text;
  Work w = whole;
  w.stop = {text.substr(4, 3)};
  const Answer answer = collect(*engine->submit(w).value()).choices[0];
  EXPECT_EQ(answer.text, text.substr(0, text.find(w.stop.front())));
  EXPECT_EQ(answer.finish, Finish::stop);
  EXPECT_EQ(tokenizer_.decode(answer.ids, {}), answer.text);
  EXPECT_FALSE(answer.end);
}

TEST_F(EngineTest, AStopTokenEndsTheAnswerAndIsReportedApart) {
  const auto engine = start();
  const Work whole = work("stop at a token", 30);
  const std::vector<std::int32_t> ids = reference(whole).ids;
  Work w = whole;
  w.stop_ids = {ids[7]};
  w.logprobs = true;
  const Answer answer = collect(*engine->submit(w).value()).choices[0];
  const auto first = std::find(ids.begin(), ids.end(), ids[7]);
  EXPECT_EQ(answer.ids, std::vector<std::int32_t>(ids.begin(), first));
  EXPECT_EQ(answer.finish, Finish::stop);
  ASSERT_TRUE(answer.end);
  EXPECT_EQ(answer.end->id, ids[7]);
  EXPECT_TRUE(answer.end->logprob);
  EXPECT_EQ(answer.drawn, std::ssize(answer.ids) + 1);
}

TEST_F(EngineTest, PiecesAreWholeCharactersAndJoinToTheText) {
  const auto engine = start();
  Work w = work("euro", 40);
  w.sampling = {.temperature = 5.0f, .top_p = 1.0f, .seed = 9};
  w.bias = {{95, 12.0f}, {96, 12.0f}};
  const auto task = engine->submit(w).value();
  std::string joined;
  std::vector<std::int32_t> ids;
  while (const auto update = task->next()) {
    const unsigned char first =
        update->text.empty() ? 'a' : static_cast<unsigned char>(update->text[0]);
    EXPECT_NE(first & 0xC0u, 0x80u) << "a piece begins inside a character";
    joined += update->text;
    for (const TokenReport& token : update->tokens) ids.push_back(token.id);
  }
  EXPECT_EQ(ids.size(), 40u);
  EXPECT_EQ(joined, tokenizer_.decode(ids, {.skip_special = true}));
  EXPECT_NE(joined.find("\xE2\x82\xAC"), std::string::npos);
}

TEST_F(EngineTest, TheMeanStateIsThatOfAnUncachedPass) {
  const auto engine = start({.pass_tokens = 8});
  Work w = work("an embedding of more tokens than a pass has", 0);
  w.mean_state = true;
  w.adapter = adapters_[1];
  const std::vector<float> mean = collect(*engine->submit(w).value()).prompt.mean_state;
  ASSERT_EQ(mean.size(), 32u);
  std::vector<double> wanted(32);
  model::Workspace workspace(model_, 64, false, adapters_[1]->rank());
  model::KvCache cache(model_.spec(), 1, 64);
  const model::Extension whole{&cache, w.prompt, adapters_[1].get(), model::Wanted::states};
  model::extend_sequences(context_, model_, workspace, {&whole, 1}, {},
                          [&](std::span<const model::Origin>, std::span<float> rows) {
                            for (std::size_t i = 0; i < rows.size(); ++i) {
                              wanted[i % 32] += static_cast<double>(rows[i]);
                            }
                          });
  for (std::size_t i = 0; i < 32; ++i) {
    EXPECT_NEAR(mean[i], wanted[i] / static_cast<double>(w.prompt.size()), 1e-5);
  }
}

TEST_F(EngineTest, ARememberedBeginningIsReusedInItsScopeAndChangesNothing) {
  const auto engine = start();
  Work w = work("instructions that all of the questions share: first", 8);
  w.scope = "tenant a";
  EXPECT_EQ(collect(*engine->submit(w).value()).prompt.reused_tokens, 0);
  Work second = work("instructions that all of the questions share: second", 8);
  second.scope = "tenant a";
  const Answers reused = collect(*engine->submit(second).value());
  EXPECT_EQ(reused.prompt.reused_tokens, 46);
  EXPECT_EQ(reused.choices[0].ids, reference(second).ids);
  for (const bool other_scope : {false, true}) {
    Work apart = second;
    if (other_scope) apart.scope = "tenant b";
    if (!other_scope) apart.adapter = adapters_[0];
    const Answers fresh = collect(*engine->submit(apart).value());
    EXPECT_EQ(fresh.prompt.reused_tokens, 0);
    EXPECT_EQ(fresh.choices[0].ids, reference(apart).ids);
  }
}

TEST_F(EngineTest, ACancelledTaskLeavesAndTheOthersGoOn) {
  const auto engine = start({.running = 1});
  std::vector<std::shared_ptr<Task>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(engine->submit(work("endless", 240)).value());
  tasks.back()->cancel();  // long before its turn
  std::optional<Finish> finish;
  while (const auto update = tasks.back()->next()) finish = update->finish;
  EXPECT_EQ(finish, Finish::cancelled);
  EXPECT_TRUE(tasks.back()->finished());
  for (const auto& task : tasks) task->cancel();
  const Work w = work("goes on", 10);
  EXPECT_EQ(collect(*engine->submit(w).value()).choices[0].ids, reference(w).ids);
}

TEST_F(EngineTest, UnfinishedTasksEndWhenTheEngineDoes) {
  auto engine = start({.running = 1});
  const auto running = engine->submit(work("runs", 240)).value();
  const auto waiting = engine->submit(work("waits", 240)).value();
  ASSERT_TRUE(running->next());
  engine.reset();
  for (const auto& task : {running, waiting}) {
    std::optional<Finish> finish;
    while (const auto update = task->next()) finish = update->finish;
    EXPECT_TRUE(finish == Finish::cancelled || finish == Finish::length);
  }
}

TEST(Task, WaitingWithALimitComesBack) {
  Task task(Work{.choices = 2});
  EXPECT_FALSE(task.next_within(std::chrono::milliseconds(0)));
  EXPECT_FALSE(task.finished());
  task.push({.choice = 1, .text = "a", .finish = Finish::stop});
  EXPECT_EQ(task.next_within(std::chrono::milliseconds(0))->text, "a");
  EXPECT_FALSE(task.finished());
  task.push({.choice = 0, .finish = Finish::length});
  EXPECT_FALSE(task.finished());
  EXPECT_TRUE(task.next());
  EXPECT_TRUE(task.finished());
  EXPECT_FALSE(task.next());
}

TEST_F(EngineTest, TheAnswerEndsAtTheContextsEnd) {
  const auto engine = start();
  const Answer answer =
      collect(*engine->submit(work(std::string(250, 'x'), 100)).value()).choices[0];
  EXPECT_EQ(answer.ids.size(), 6u);
  EXPECT_EQ(answer.finish, Finish::length);
}

TEST_F(EngineTest, LittleMemoryMakesTheContextShorter) {
  const std::int64_t position = model::KvCache::bytes_a_position(model_.spec());
  const auto engine = start({.cache_bytes = 100 * position});
  EXPECT_EQ(engine->context_length(), 100);
  EXPECT_FALSE(engine->submit(work(std::string(100, 'x'), 1)));
  EXPECT_EQ(collect(*engine->submit(work(std::string(90, 'x'), 50)).value()).choices[0].ids.size(),
            10u);
}

TEST_F(EngineTest, RefusesWhatItCannotDo) {
  const auto engine = start({.waiting = 0});
  EXPECT_EQ(engine->submit(work("full", 1)).error().kind, ErrorKind::environment);
  EXPECT_FALSE(engine->submit(Work{}));
  EXPECT_FALSE(engine->submit(work(std::string(256, 'x'), 1)));
  Work outside = work("token", 1);
  outside.prompt.push_back(98);
  EXPECT_NE(engine->submit(outside).error().message().find("token 98"), std::string::npos);
  Work bias = work("bias", 1);
  bias.bias = {{-1, 1.0f}};
  EXPECT_NE(engine->submit(bias).error().message().find("logit_bias"), std::string::npos);
}

}  // namespace
}  // namespace attune::infer
