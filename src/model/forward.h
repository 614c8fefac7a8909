// Computing with a model: the training pass (forward, loss, backward) over a packed batch, and the
// cached pass of generation. forward.cc is the model read from top to bottom; backward.cc mirrors
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/random.h"
#include "kernels/context.h"
#include "model/model.h"
#include "model/recompute.h"

namespace attune::model {

// Documents back to back, without padding; attention never crosses a document's border.
struct Batch {
  std::vector<std::int32_t> tokens;  // [T]
  std::vector<std::int64_t>
      document_starts;  // [documents + 1], from 0 to T; positions restart at each
};

// What the loss needs for each token: the token that should follow, and its weight (0: not a
// target).
struct Targets {
  std::vector<std::int32_t> next;  // [T]; ignored where weight is 0
  std::vector<float> weight;       // [T]
};

struct LossSums {
  double weighted_nll = 0;   // sum of weight * -log p
  double weight = 0;         // sum of weights
  std::int64_t targets = 0;  // tokens with weight > 0
  std::int64_t correct = 0;  // of them, those whose most likely token was right
  LossSums& operator+=(const LossSums& other);
  double mean() const { return weight > 0 ? weighted_nll / weight : 0; }
  double accuracy() const {
    return targets > 0 ? static_cast<double>(correct) / static_cast<double>(targets) : 0;
  }
};

struct PassOptions {
  bool use_adapter = true;
  RandomStream dropout;  // drawn from only while training with lora dropout > 0
};

// Memory for passes over at most max_tokens tokens, planned once; passes do not allocate.
class Workspace {
 public:
  // `adapter_rank`: the largest rank of the adapters of extend.h that will pass through it.
  // `recompute`: what training computes again instead of keeping it.
  Workspace(const Model& model, std::int64_t max_tokens, bool training,
            std::int64_t adapter_rank = 0, Recompute recompute = Recompute::elementwise);
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;
  ~Workspace();
  std::int64_t bytes() const;
  Recompute recompute() const;
  struct Buffers;  // activations.h
  Buffers& buffers() { return *buffers_; }

 private:
  std::unique_ptr<Buffers> buffers_;
};

// Forward and loss; only rows with weight > 0 reach the head, in chunks, never the whole [T, V].
LossSums evaluate_loss(const kernels::Context& context, const Model& model, Workspace& workspace,
                       const Batch& batch, const Targets& targets, const PassOptions& options);

// Forward, loss and backward. Adds gradient_scale * d(weighted_nll) to the gradients of
// model.parameters().
LossSums train_pass(const kernels::Context& context, Model& model, Workspace& workspace,
                    const Batch& batch, const Targets& targets, float gradient_scale,
                    const PassOptions& options);

// Logits [rows, V] of the given token rows of the batch.
void compute_logits(const kernels::Context& context, const Model& model, Workspace& workspace,
                    const Batch& batch, std::span<const std::int64_t> rows, float* logits,
                    const PassOptions& options);

// Keys and values of `slots` sequences of at most max_positions tokens each.
class KvCache {
 public:
  KvCache(const ArchSpec& spec, std::int64_t slots, std::int64_t max_positions);
  KvCache(KvCache&&) noexcept;
  ~KvCache();
  std::int64_t length(std::int64_t slot) const;
  std::int64_t max_positions() const;
  void truncate(std::int64_t slot, std::int64_t length);  // forget tokens from `length` on
  void copy_prefix(std::int64_t from_slot, std::int64_t to_slot,
                   std::int64_t length);  // share a prompt's prefix
  // Slot 0 becomes the first `length` tokens of the other cache's slot 0.
  void copy_prefix(const KvCache& from, std::int64_t length);
  void grow(std::int64_t max_positions);  // more room in every slot; what is there stays
  static std::int64_t bytes_a_position(const ArchSpec& spec);  // of one slot
  struct Storage;                                              // activations.h
  Storage& storage() { return *storage_; }
  const Storage& storage() const { return *storage_; }

 private:
  std::unique_ptr<Storage> storage_;
};

// New tokens of one sequence, appended to its slot.
struct Append {
  std::int64_t slot = 0;
  std::span<const std::int32_t> tokens;
};

// One pass over the new tokens of several sequences (a prompt, or one token each while decoding).
// Writes the logits of each sequence's last token, [appends.size(), V]; with all_logits, of every
// new token, [sum of tokens, V]. The caller keeps within the cache's max_positions and the
// workspace's max_tokens.
void forward_cached(const kernels::Context& context, const Model& model, Workspace& workspace,
                    KvCache& cache, std::span<const Append> appends, bool all_logits, float* logits,
                    const PassOptions& options);

}  // namespace attune::model
