// What a training run is told. The defaults suit LoRA on some hundred to some thousand examples.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "io/file.h"
#include "model/recompute.h"
#include "train/document.h"
#include "train/pack.h"
#include "train/schedule.h"

namespace attune::train {

struct TrainOptions {
  // How long. With max_steps > 0 training ends there; epochs == 0 then means as many passes as it
  // takes.
  std::int64_t epochs = 3;
  std::int64_t max_steps = 0;

  // The batch size is in documents: an optimiser step takes this many, whatever their length, and
  // its loss is the mean over all their targets. tokens_per_batch only bounds the memory: a step's
  // documents are packed into as many micro-batches as needed, whose gradients are summed.
  std::int64_t documents_per_step = 8;
  std::int64_t tokens_per_batch = 2048;
  // What backward computes again to save memory; without it the fastest policy that fits into the
  // memory free at the start. It never changes what is learnt.
  std::optional<model::Recompute> recompute = {};
  // Longest document, in input tokens; what is behind it is cut and recorded in the ledger. 0:
  // tokens_per_batch or the model's positions, whichever is less.
  std::int64_t context = 0;

  float learning_rate = 2e-4f;
  ScheduleKind schedule = ScheduleKind::cosine;
  float warmup_ratio = 0.03f;  // of all steps, rounded up
  float floor_ratio = 0;       // the last learning rate, as a part of the peak
  double clip_norm = 1.0;      // 0: no clipping
  float weight_decay = 0;
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  std::uint64_t seed = 0;

  // Validation, when there are validation documents: every eval_every steps (0: at the end of each
  // epoch) and at the end.
  std::int64_t eval_every = 0;
  std::int64_t patience = 0;  // stop after this many evaluations without a lower loss; 0: never
  // End with the parameters of the lowest validation loss instead of the last ones.
  bool keep_best = true;

  // Where checkpoints/, train_log.jsonl and loss_ledger.jsonl go; empty: nothing is written.
  Path folder = {};
  std::int64_t checkpoint_every = 0;  // steps; 0: none but the last
  double checkpoint_seconds = 0;      // also when this much time has passed; 0: never
  std::int64_t checkpoints_kept = 2;
  bool resume = false;  // continue from the newest whole checkpoint in folder, if there is one

  // Of this machine, for the fraction in the progress; 0: measured at the start.
  double peak_flops = 0;
};

// The documents of a run. They are views: their memory outlives the run.
struct TrainingData {
  std::span<const Document> train = {};
  std::span<const Document> validation = {};
  // The documents of each step; without it plan_epochs makes them from the options.
  std::optional<Plan> plan = {};
};

}  // namespace attune::train
