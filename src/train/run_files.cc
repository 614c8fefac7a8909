#include "train/run_files.h"

#include "io/json.h"

namespace attune::train {

Result<std::optional<TrainingState>> RunFiles::resume(const Settings& settings,
                                                      std::string_view isa,
                                                      std::span<const CheckpointTensor> tensors,
                                                      std::vector<std::string>& notes) {
  if (options_.folder.empty()) return std::optional<TrainingState>();
  if (options_.resume) {
    return load_latest_checkpoint(checkpoints(), settings, isa, tensors, notes);
  }
  const std::vector<Path> present = list_checkpoints(checkpoints());
  if (present.empty()) return std::optional<TrainingState>();
  return bad_input({.where = present.front().string(),
                    .found = "a checkpoint of an earlier run",
                    .wanted = "a folder without checkpoints for a new run",
                    .fix = "continue that run with --resume, or choose another --out folder"});
}

Result<void> RunFiles::open_log(std::int64_t last_step, const Ledger& ledger) {
  if (options_.folder.empty()) return {};
  ATTUNE_TRY_VOID(ensure_directory(options_.folder));
  ATTUNE_TRY_VOID(ledger.write_lines(options_.folder / "loss_ledger.jsonl"));
  ATTUNE_TRY(RunLog log, RunLog::open(options_.folder / "train_log.jsonl", last_step));
  log_.emplace(std::move(log));
  return {};
}

Result<void> RunFiles::log_step(const StepProgress& progress) {
  if (!log_) return {};
  return log_->append(log_line(progress));
}

bool RunFiles::checkpoint_due(std::int64_t step) const {
  if (options_.folder.empty()) return false;
  if (options_.checkpoint_every > 0 && step % options_.checkpoint_every == 0) return true;
  return options_.checkpoint_seconds > 0 &&
         since_checkpoint_.seconds() >= options_.checkpoint_seconds;
}

Result<void> RunFiles::save(const TrainingState& state, const Settings& settings,
                            std::string_view isa, std::span<const CheckpointTensor> tensors) {
  if (options_.folder.empty()) return {};
  const auto saved =
      save_checkpoint(checkpoints(), state, settings, isa, tensors, options_.checkpoints_kept);
  if (!saved) return Failure(saved.error());
  since_checkpoint_ = Stopwatch();
  return {};
}

std::vector<CheckpointTensor> checkpoint_tensors(std::span<model::Parameter> parameters,
                                                 AdamW& optimizer, std::span<Buffer<float>> best) {
  std::vector<CheckpointTensor> tensors;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const model::Parameter& parameter = parameters[i];
    tensors.push_back({"value/" + parameter.name, parameter.shape, parameter.value});
    tensors.push_back({"first/" + parameter.name, parameter.shape, optimizer.first_moment(i)});
    tensors.push_back({"second/" + parameter.name, parameter.shape, optimizer.second_moment(i)});
    if (!best.empty()) {
      tensors.push_back({"best/" + parameter.name, parameter.shape, best[i].span()});
    }
  }
  return tensors;
}

std::string log_line(const StepProgress& progress) {
  Json line{{"step", progress.step},
            {"epoch", progress.epoch},
            {"loss", progress.loss},
            {"accuracy", progress.accuracy},
            {"learning_rate", progress.learning_rate},
            {"gradient_norm", progress.gradient_norm},
            {"tokens", progress.tokens},
            {"targets", progress.targets},
            {"seconds", progress.seconds},
            {"tokens_per_second", progress.tokens_per_second},
            {"flops_per_second", progress.flops_per_second},
            {"peak_fraction", progress.peak_fraction}};
  if (progress.validation) {
    line["validation_loss"] = progress.validation->loss;
    line["validation_accuracy"] = progress.validation->accuracy;
    line["best"] = progress.validation->is_best;
  }
  return to_text(line);
}

}  // namespace attune::train
