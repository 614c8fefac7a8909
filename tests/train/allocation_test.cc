// A training step takes no memory: everything is planned before the first. Counted by operators new
// of this test program.
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "model/forward.h"
#include "train/optimizer.h"
#include "train/tiny_model.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::int64_t> allocations{0};

void* take(std::size_t size, std::size_t alignment) {
  if (counting) ++allocations;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, whole)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Not inlined: where only one of a pair is, g++ 12 calls them mismatched.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return take(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return take(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace attune::train {
namespace {

std::int64_t allocations_of_a_step(model::Model& trained, model::Recompute policy) {
  const kernels::Context context(pick_isa().value_or(Isa::scalar), 2);
  model::Workspace workspace(trained, 64, true, 0, policy);
  AdamW optimizer(trained.parameters(), {});
  model::Batch batch;
  batch.document_starts = {0, 40, 64};
  model::Targets targets;
  for (std::int32_t i = 0; i < 64; ++i) {
    batch.tokens.push_back(i % 61);
    targets.next.push_back((i + 1) % 61);
    targets.weight.push_back(i % 3 == 0 ? 0.0f : 1.0f);
  }
  const auto step = [&](std::uint32_t number) {
    model::train_pass(context, trained, workspace, batch, targets, 0.01f,
                      {.dropout = {.seed = 1, .stream = 2, .step = number}});
    const double norm = optimizer.gradient_norm(context, trained.parameters());
    optimizer.step(context, trained.parameters(), 1e-3f, clip_scale(norm, 1.0));
    trained.zero_gradients();
  };
  step(0);
  allocations = 0;
  counting = true;
  step(1);
  counting = false;
  return allocations;
}

TEST(Allocations, AStepOfAnAdapterMakesNone) {
  for (const model::Recompute policy : model::kRecomputePolicies) {
    model::Model trained = tiny_lora_model(model::Precision::bf16, 0.1f);
    EXPECT_EQ(allocations_of_a_step(trained, policy), 0) << model::recompute_name(policy);
  }
}

TEST(Allocations, AStepOfAllWeightsMakesNone) {
  model::Model trained = tiny_model();
  trained.train_all_weights();
  EXPECT_EQ(allocations_of_a_step(trained, model::Recompute::elementwise), 0);
}

TEST(Allocations, AreCountedWhereTheyAreMade) {
  allocations = 0;
  counting = true;
  const std::vector<float> memory(1000);
  counting = false;
  EXPECT_EQ(allocations, 1) << memory.size();
}

}  // namespace
}  // namespace attune::train
