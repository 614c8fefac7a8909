#include "serve/model_pool.h"

#include <thread>

#include <gtest/gtest.h>

#include "infer/generator.h"
#include "serve/tiny_base.h"

namespace attune::serve {
namespace {

constexpr const char* kTuned = "ft:tiny:local:mine:ab12CD34";

// Saves an adapter of "tiny" and lists it as a model of the tenant.
void publish(InferenceServer& server, const std::string& name, std::uint64_t seed,
             const jobs::Tenant& tenant = {}) {
  model::Model tuned = tiny_base_model(7);
  infer::add_tiny_adapter(tuned, 4, seed);
  const Path folder = server.path() / ("adapter" + std::to_string(seed));
  ASSERT_TRUE(tuned.save_adapter(folder, "tiny"));
  jobs::ModelRow row;
  row.model.id = name;
  row.model.created = 1;
  row.model.owned_by = tenant.organization;
  row.base = "tiny";
  row.adapter = folder;
  ASSERT_TRUE(server.store().add_model(tenant, row));
}

std::string answer_of(InferenceServer& server, const std::string& model) {
  return server.answer("completions", {{"model", model},
                                       {"prompt", "Tell"},
                                       {"temperature", 0},
                                       {"max_tokens", 20}})["choices"][0]["text"];
}

std::string wanted_answer(std::uint64_t adapter_seed) {
  model::Model tuned = tiny_base_model(7);
  infer::add_tiny_adapter(tuned, 4, adapter_seed);
  const text::Tokenizer tokenizer =
      infer::tiny_tokenizer({}, {"<|system|>", "<|user|>", "<|assistant|>", "<|end|>"});
  const kernels::Context context(pick_isa().value(), 1);
  infer::Generator generator(context, tuned, tokenizer, {98}, {});
  infer::Request request;
  request.prompt = tokenizer.encode("Tell", {});
  request.max_new_tokens = 20;
  return generator.run({&request, 1}).value().front().text;
}

TEST(ModelPool, TunedModelsAndCheckpointsAnswerAtOnceOnTheSharedBase) {
  InferenceServer server;
  EXPECT_EQ(server.post("completions", {{"model", kTuned}, {"prompt", "x"}}).error().status, 404);
  const std::string checkpoint = std::string(kTuned) + ":ckpt-step-12";
  publish(server, checkpoint, 5);
  EXPECT_EQ(answer_of(server, checkpoint), wanted_answer(5));
  publish(server, kTuned, 6);
  EXPECT_EQ(answer_of(server, kTuned), wanted_answer(6));
  EXPECT_NE(answer_of(server, kTuned), answer_of(server, "tiny"));
  EXPECT_EQ(server.pool().loaded().size(), 1u);
}

TEST(ModelPool, ModelsSideBySideAnswerAsEachAlone) {
  InferenceServer server;
  publish(server, std::string(kTuned) + ":ckpt-step-1", 5);
  publish(server, kTuned, 6);
  const std::vector<std::string> names = {"tiny", kTuned, std::string(kTuned) + ":ckpt-step-1"};
  std::vector<std::string> alone;
  for (const std::string& name : names) alone.push_back(answer_of(server, name));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < names.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) EXPECT_EQ(answer_of(server, names[i]), alone[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ModelPool, AnotherTenantsModelAndADeletedOneAreNotFound) {
  InferenceServer server;
  publish(server, kTuned, 6);
  const Json body = {{"model", kTuned}, {"prompt", "x"}, {"max_tokens", 1}};
  EXPECT_TRUE(server.post("completions", body));
  const jobs::Tenant other{.organization = "org-other", .project = "proj-other"};
  const auto refused = server.post("completions", body, other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 404);
  EXPECT_EQ(refused.error().code, "model_not_found");
  ASSERT_TRUE(server.store().remove_model({}, kTuned));
  EXPECT_EQ(server.post("completions", body).error().status, 404);
}

TEST(ModelPool, AMissingAdapterFolderIsTheServersFault) {
  InferenceServer server;
  publish(server, kTuned, 6);
  std::filesystem::remove_all(server.path() / "adapter6");
  const auto refused = server.post("completions", {{"model", kTuned}, {"prompt", "x"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 500);
}

TEST(ModelPool, ManyFirstRequestsLoadABaseOnce) {
  InferenceServer server;
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<const ServedBase>> bases(6);
  for (auto& base : bases) {
    threads.emplace_back([&] { base = server.pool().find({}, "tiny")->base; });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& base : bases) EXPECT_EQ(base, bases.front());
}

TEST(ModelPool, ABaseWithoutUseGivesWayWhenMemoryIsShort) {
  const model::ArchSpec spec = tiny_base_spec();
  const std::int64_t cache = 4 * spec.max_positions * model::KvCache::bytes_a_position(spec);
  InferenceServer server({.models_folder = {},
                          .memory_bytes = 5 * spec.parameters() + cache,
                          .engine = {.running = 4}});
  write_tiny_base(server.models() / "second", 9);
  auto first = std::make_optional(server.pool().find({}, "tiny"));
  ASSERT_TRUE(*first);
  const auto refused = server.pool().find({}, "second");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 503);
  EXPECT_TRUE(refused.error().retry_after_seconds);
  first.reset();
  ASSERT_TRUE(server.pool().find({}, "second"));
  ASSERT_EQ(server.pool().loaded().size(), 1u);
  EXPECT_EQ(server.pool().loaded()[0].name, "second");
}

TEST(ModelPool, ABaseThatArrivesLaterIsFoundAndABrokenOneSaysWhy) {
  InferenceServer server;
  EXPECT_EQ(server.pool().find({}, "late").error().status, 404);
  write_tiny_base(server.models() / "late", 9);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(server.pool().find({}, "late"));
  std::filesystem::resize_file(server.models() / "tiny" / "model.safetensors", 100);
  const auto broken = server.pool().find({}, "tiny");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().status, 500);
  write_tiny_base(server.models() / "tiny", 7);
  EXPECT_TRUE(server.pool().find({}, "tiny"));
}

}  // namespace
}  // namespace attune::serve
