#include "infer/generator.h"

#include <gtest/gtest.h>

#include "infer/tiny_spec.h"
#include "infer/tiny_tokenizer.h"

namespace attune::infer {
namespace {

class GeneratorTest : public testing::Test {
 protected:
  GeneratorTest()
      : context_(pick_isa().value(), 2),
        tokenizer_(tiny_tokenizer()),
        model_(model::Model::random(tiny_spec(96, 256), model::Precision::f32, 11)) {}

  Request request(std::string_view text, std::int64_t max_new_tokens) const {
    Request r;
    r.prompt = tokenizer_.encode(text, {});
    r.max_new_tokens = max_new_tokens;
    return r;
  }

  // The same answer computed without a cache, one whole pass a token.
  std::vector<std::int32_t> greedy_reference(std::vector<std::int32_t> ids,
                                             std::int64_t count) const {
    std::vector<std::int32_t> answer;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t length = std::ssize(ids);
      model::Workspace workspace(model_, length, false);
      std::vector<float> logits(96);
      const std::int64_t row = length - 1;
      model::compute_logits(context_, model_, workspace, {ids, {0, length}}, {&row, 1},
                            logits.data(), {});
      answer.push_back(choose_token(logits, {}, 0).token);
      ids.push_back(answer.back());
    }
    return answer;
  }

  kernels::Context context_;
  text::Tokenizer tokenizer_;
  model::Model model_;
};

TEST_F(GeneratorTest, ManyRequestsAnswerAsEachDoesAlone) {
  Generator generator(context_, model_, tokenizer_, {}, {.slots = 3, .pass_tokens = 20});
  const std::string shared = "A prefix that all of the prompts share: ";
  std::vector<Request> requests;
  for (const char* tail :
       {"one", "two and more", "3", "a fourth, longer than the pass has room for", "5"}) {
    requests.push_back(request(shared + tail, 12));
  }
  const std::vector<Completion> together = generator.run(requests).value();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(together[i].ids, greedy_reference(requests[i].prompt, 12)) << i;
    EXPECT_EQ(together[i].finish, Finish::length);
    EXPECT_EQ(together[i].text, tokenizer_.decode(together[i].ids, {.skip_special = true}));
  }
}

TEST_F(GeneratorTest, AStopTextEndsTheAnswerAndIsNeverShown) {
  Generator generator(context_, model_, tokenizer_, {}, {});
  Request r = request("stop here", 30);
  const std::string whole = generator.run({&r, 1}).value().front().text;
  ASSERT_GE(whole.size(), 6u);
  r.stop = {whole.substr(3, 3)};
  std::string streamed;
  const Completion cut =
      generator.run({&r, 1}, [&](std::size_t, std::string_view piece) { streamed += piece; })
          .value()
          .front();
  EXPECT_EQ(cut.text, whole.substr(0, whole.find(r.stop.front())));
  EXPECT_EQ(streamed, cut.text);
  EXPECT_EQ(cut.finish, Finish::stop);
}

TEST_F(GeneratorTest, SamplingRepeatsWithItsSeed) {
  Generator generator(context_, model_, tokenizer_, {}, {});
  Request r = request("draw", 20);
  r.sampling = {.temperature = 1.0f, .top_p = 0.95f, .seed = 5};
  const auto first = generator.run({&r, 1}).value().front().ids;
  EXPECT_EQ(first, generator.run({&r, 1}).value().front().ids);
  r.sampling.seed = 6;
  EXPECT_NE(first, generator.run({&r, 1}).value().front().ids);
}

TEST_F(GeneratorTest, TheAnswerStopsAtTheEndOfTheContext) {
  Generator generator(context_, model_, tokenizer_, {}, {});
  Request r = request(std::string(250, 'x'), 100);
  const Completion c = generator.run({&r, 1}).value().front();
  EXPECT_EQ(c.ids.size(), 6u);
  EXPECT_EQ(c.finish, Finish::length);
}

TEST_F(GeneratorTest, APromptThatFillsTheContextIsAnError) {
  Generator generator(context_, model_, tokenizer_, {}, {});
  const Request r = request(std::string(256, 'x'), 1);
  const auto result = generator.run({&r, 1});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("256 tokens"), std::string::npos);
}

}  // namespace
}  // namespace attune::infer
