#include "train/pretrain.h"

#include <fstream>

#include <gtest/gtest.h>

#include "io/json.h"
#include "text/bpe_trainer.h"
#include "text/tokenizer.h"
#include "train/tiny_model.h"

namespace attune::train {
namespace {

constexpr const char* kTemplate =
    "{% for message in messages %}<|start|>{{ message.role }}\n{{ message.content }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}";

class Pretrain : public testing::Test {
 protected:
  void SetUp() override {
    write("books/a.txt", repeated("The cat sat on the mat and looked at the moon. ", 120));
    write("books/deep/b.md", repeated("Rain fell on the roof all night. ", 80));
    write("rows.jsonl",
          "{\"text\":\"one two three four\"}\n\n{\"text\":\"five six seven eight\"}\n");
    text::BpeTrainer trainer({.vocabulary_size = 300, .special_tokens = {"<|start|>", "<|end|>"}});
    trainer.add_text(*read_file(folder_.path() / "books/a.txt"));
    const auto trained = trainer.train();
    ASSERT_TRUE(trained);
    ASSERT_TRUE(text::write_tokenizer(
        *trained, {.eos_token = "<|end|>", .chat_template = kTemplate}, tokenizer()));
    model::ArchSpec spec = tiny_spec();
    spec.vocabulary = 300;
    write("config.json", to_pretty_text(model::to_config(spec)));
  }
  static std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  }
  void write(const std::string& name, const std::string& text) {
    const Path path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  Path tokenizer() const { return folder_.path() / "tokenizer"; }
  PretrainOptions options(const std::string& out = "out") const {
    PretrainOptions options;
    options.sources = {{.path = folder_.path() / "books"}};
    options.tokenizer = tokenizer();
    options.config = folder_.path() / "config.json";
    options.out = folder_.path() / out;
    options.tokens = 6000;
    options.validation_share = 0.2;
    options.train.context = 32;
    options.train.tokens_per_batch = 64;
    options.train.documents_per_step = 4;
    options.train.learning_rate = 1e-2f;
    options.train.eval_every = 10;
    options.train.checkpoint_every = 7;
    options.train.checkpoint_seconds = 0;
    options.train.peak_flops = 1e9;
    return options;
  }
  Result<TokenFile> tokenise(const std::string& name, float prompt_weight = 1) {
    ThreadPool pool(2);
    return tokenise_source({.path = folder_.path() / name}, tokenizer(), folder_.path() / "tokens",
                           prompt_weight, pool, {});
  }

  TemporaryFolder folder_;
  kernels::Context context_{*pick_isa(), 1};
};

TEST_F(Pretrain, MakesAModelFolderThatLoads) {
  double first_loss = 0;
  const auto outcome =
      pretrain(context_, options(), {.training = {.step = [&](const StepProgress& progress) {
                                       if (progress.step == 1) first_loss = progress.loss;
                                       return Action::proceed;
                                     }}});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_LT(outcome->training.final_loss, 0.5 * first_loss);
  EXPECT_GT(outcome->training.best_accuracy, 0.5);
  ASSERT_EQ(outcome->sources.size(), 1u);
  EXPECT_EQ(outcome->sources[0].documents, 2);
  EXPECT_TRUE(model::Model::load(folder_.path() / "out", model::Precision::f32));
  EXPECT_TRUE(text::Tokenizer::load(folder_.path() / "out"));
}

TEST_F(Pretrain, ContinuesAModelFolder) {
  ASSERT_TRUE(pretrain(context_, options(), {}));
  PretrainOptions more = options("more");
  more.config.clear();
  more.tokenizer.clear();
  more.continue_from = folder_.path() / "out";
  double first_loss = 10;
  const auto outcome =
      pretrain(context_, more, {.training = {.step = [&](const StepProgress& progress) {
                                  if (progress.step == 1) first_loss = progress.loss;
                                  return Action::proceed;
                                }}});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_LT(first_loss, 3);
}

TEST_F(Pretrain, AStoppedRunResumesToTheSameBytes) {
  ASSERT_TRUE(pretrain(context_, options("whole"), {}));
  PretrainOptions parts = options("parts");
  const auto stopped =
      pretrain(context_, parts, {.training = {.step = [&](const StepProgress& progress) {
                                   return progress.step == 9 ? Action::stop : Action::proceed;
                                 }}});
  ASSERT_TRUE(stopped && stopped->training.interrupted);
  EXPECT_FALSE(std::filesystem::exists(parts.out / "model.safetensors"));
  parts.train.resume = true;
  ASSERT_TRUE(pretrain(context_, parts, {}));
  EXPECT_EQ(*read_file(folder_.path() / "whole/model.safetensors"),
            *read_file(folder_.path() / "parts/model.safetensors"));
}

TEST_F(Pretrain, ClosesEachTextWithTheEndToken) {
  const auto file = tokenise("rows.jsonl");
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->documents(), 2);
  const auto tokenizer_of_folder = text::Tokenizer::load(tokenizer());
  EXPECT_EQ(tokenizer_of_folder->decode(file->document(0), {}), "one two three four<|end|>");
  EXPECT_EQ(file->row(1), 3);
}

TEST_F(Pretrain, RendersConversationsWithTheTemplate) {
  write("chat.jsonl",
        R"({"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}]})");
  const auto file = tokenise("chat.jsonl");
  ASSERT_TRUE(file) << file.error().message();
  const auto tokenizer_of_folder = text::Tokenizer::load(tokenizer());
  EXPECT_EQ(tokenizer_of_folder->decode(file->document(0), {}),
            "<|start|>user\nHi<|end|>\n<|start|>assistant\nYes<|end|>\n");
}

TEST_F(Pretrain, CountsTheTokensOfAQuestionWithThePromptWeight) {
  write("chat.jsonl",
        R"({"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}]})");
  const auto all = tokenise("chat.jsonl", 1);
  const auto some = tokenise("chat.jsonl", 0.25f);
  ASSERT_TRUE(all && some);
  EXPECT_EQ(std::ranges::count(all->weights(0), 1.0f), all->tokens());
  EXPECT_EQ(some->weights(0).front(), 0.25f);
  EXPECT_GT(std::ranges::count(some->weights(0), 1.0f), 0);
  EXPECT_EQ(
      std::ranges::count(some->weights(0), 1.0f) + std::ranges::count(some->weights(0), 0.25f),
      some->tokens());
}

TEST_F(Pretrain, WhatATextSaysNeverBecomesAControlToken) {
  write("sly.jsonl", R"({"text":"a<|start|>b"})");
  const auto file = tokenise("sly.jsonl");
  ASSERT_TRUE(file);
  const auto tokenizer_of_folder = text::Tokenizer::load(tokenizer());
  EXPECT_EQ(std::ranges::count(file->document(0), *tokenizer_of_folder->id_of("<|start|>")), 0);
}

TEST_F(Pretrain, TokenisesASourceOnceAndAgainWhenItChanges) {
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(folder_.path() / "tokens"), {});
  };
  ASSERT_TRUE(tokenise("rows.jsonl"));
  ASSERT_TRUE(tokenise("rows.jsonl"));
  EXPECT_EQ(files(), 1);
  write("rows.jsonl", "{\"text\":\"something else\"}\n");
  const auto changed = tokenise("rows.jsonl");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->documents(), 1);
}

struct BadSource {
  const char* text;
  const char* message;
};
class BadSources : public Pretrain, public testing::WithParamInterface<BadSource> {};

TEST_P(BadSources, AreRefusedWithTheirPlace) {
  write("bad.jsonl", GetParam().text);
  const auto file = tokenise("bad.jsonl");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message().find("bad.jsonl"), std::string::npos);
  EXPECT_NE(file.error().message().find(GetParam().message), std::string::npos)
      << file.error().message();
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadSources,
    testing::Values(BadSource{"{\"text\":\"a b c\"}\n{\"text\":", "bad.jsonl:2"},
                    BadSource{"{\"text\":\"a b c\"}\n{\"words\":1}", "without text or messages"},
                    BadSource{"[1]", "without text or messages"},
                    BadSource{"{\"text\":\"\"}\n", "no text"}, BadSource{"", "no text"},
                    BadSource{"{\"text\":\"a\xff\"}", "UTF-8"},
                    BadSource{"{\"messages\":[{\"role\":1}]}", "bad.jsonl:1"}));

TEST_F(Pretrain, RefusesWhatDoesNotFitTogether) {
  const auto message = [&](const PretrainOptions& given) {
    const auto outcome = pretrain(context_, given, {});
    return outcome ? std::string() : outcome.error().message();
  };
  PretrainOptions given = options();
  given.sources.clear();
  EXPECT_NE(message(given).find("sources"), std::string::npos);
  given = options();
  given.config.clear();
  EXPECT_NE(message(given).find("neither"), std::string::npos);
  given = options();
  given.sources[0].path = folder_.path() / "absent";
  EXPECT_NE(message(given).find("absent"), std::string::npos);
  given = options();
  model::ArchSpec small = tiny_spec();
  small.vocabulary = 100;
  write("config.json", to_pretty_text(model::to_config(small)));
  EXPECT_NE(message(given).find("vocab_size of 100"), std::string::npos);
}

}  // namespace
}  // namespace attune::train
