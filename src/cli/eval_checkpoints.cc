// The checkpoints of a training as arms: each as an adapter folder of its own below the run's.
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/eval.h"
#include "io/safetensors.h"
#include "io/sha256.h"

namespace attune::cli {

namespace {

constexpr std::string_view kValue = "value/";  // of a parameter, in a checkpoint's tensors

bool is_there(const Path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// "step-00000120" and "checkpoint-120".
std::optional<std::int64_t> step_of(const std::string& name) {
  for (const std::string_view head : {"step-", "checkpoint-"}) {
    if (!name.starts_with(head)) continue;
    std::int64_t step = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + head.size(), end, step);
    if (read.ec == std::errc() && read.ptr == end && step > 0) return step;
  }
  return std::nullopt;
}

std::map<std::int64_t, Path> checkpoints_in(const Path& folder) {
  std::map<std::int64_t, Path> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const auto step = step_of(entry.path().filename().string());
    const bool whole = is_there(entry.path() / "tensors.safetensors") ||
                       is_there(entry.path() / "adapter_model.safetensors");
    if (step && whole) found[*step] = entry.path();
  }
  return found;
}

// Of an adapter, a run's folder, its training or the folder of the checkpoints itself.
struct Training {
  std::map<std::int64_t, Path> checkpoints;
  Path config;  // adapter_config.json; empty: none
};

Training training_at(const Path& place) {
  Training training;
  const Path at = place.lexically_normal().has_filename() ? place.lexically_normal()
                                                          : place.lexically_normal().parent_path();
  for (const Path& folder : {at, at / "checkpoints", at / "training/checkpoints",
                             at.parent_path() / "training/checkpoints"}) {
    if (!training.checkpoints.empty()) break;
    training.checkpoints = checkpoints_in(folder);
  }
  for (const Path& folder : {at, at / "adapter", at.parent_path() / "adapter",
                             at.parent_path().parent_path() / "adapter"}) {
    if (training.config.empty() && is_there(folder / "adapter_config.json"))
      training.config = folder / "adapter_config.json";
  }
  return training;
}

// The values of a checkpoint as an adapter. One that is newer than its checkpoint stays, so that
// its answers are known to the cache.
Result<void> export_adapter(const Path& checkpoint, const Path& config, const Path& folder) {
  const Path source = checkpoint / "tensors.safetensors";
  const Path made = folder / "adapter_model.safetensors";
  std::error_code ignored;
  if (is_there(made) && is_there(folder / "adapter_config.json") &&
      std::filesystem::last_write_time(made, ignored) >=
          std::filesystem::last_write_time(source, ignored))
    return {};
  if (config.empty()) {
    return bad_input(
        {.where = checkpoint.string(),
         .found = "no adapter_config.json of the run",
         .wanted = "it in the run's adapter folder",
         .fix = "let the training end, or copy the file of a run with equal settings"});
  }
  ATTUNE_TRY(const Safetensors stored, Safetensors::open(source));
  std::vector<TensorToWrite> tensors;
  for (const StoredTensor& tensor : stored.tensors()) {
    if (!tensor.name.starts_with(kValue) || tensor.name.find(".lora_") == std::string::npos)
      continue;
    tensors.push_back({.name = tensor.name.substr(kValue.size()),
                       .dtype = tensor.dtype,
                       .shape = tensor.shape,
                       .bytes = tensor.bytes});
  }
  if (tensors.empty()) {
    return bad_input({.where = source.string(),
                      .found = "no adapter",
                      .wanted = "a checkpoint of a LoRA training"});
  }
  ATTUNE_TRY(const std::string text, read_file(config));
  ATTUNE_TRY_VOID(ensure_directory(folder));
  ATTUNE_TRY_VOID(write_safetensors(made, std::move(tensors), {{"format", "pt"}}));
  return write_file_atomic(folder / "adapter_config.json", text);
}

// One arm a checkpoint, like `arm` in all but name and model.
Result<std::vector<eval::SuiteArm>> arms_at(const eval::SuiteArm& arm, const Path& place,
                                            const Path& out) {
  const Training training = training_at(place);
  if (training.checkpoints.empty()) {
    return bad_input({.where = place.string(),
                      .found = "no checkpoints",
                      .wanted = "folders named step-N, of `attune tune`",
                      .fix = "tune with --checkpoint-every and --checkpoints-kept"});
  }
  std::vector<std::int64_t> steps = arm.checkpoints.steps;
  if (arm.checkpoints.all) {
    for (const auto& [step, folder] : training.checkpoints) steps.push_back(step);
  }
  std::vector<eval::SuiteArm> arms;
  for (const std::int64_t step : steps) {
    const auto found = training.checkpoints.find(step);
    if (found == training.checkpoints.end()) {
      std::vector<std::int64_t> known;
      for (const auto& [one, folder] : training.checkpoints) known.push_back(one);
      return bad_input({.where = place.string(),
                        .found = fmt::format("no checkpoint of step {}", step),
                        .wanted = fmt::format("one of {}", fmt::join(known, ", "))});
    }
    eval::SuiteArm& one = arms.emplace_back(arm);
    one.checkpoints = {};
    one.step = step;
    one.name = (arm.name.empty() ? "" : arm.name + " ") + fmt::format("step {}", step);
    one.model = found->second.string();
    if (is_there(found->second / "adapter_config.json")) continue;
    // Named by the training too: another one into the same folder must not answer as this.
    const std::string training_id =
        sha256(std::filesystem::absolute(found->second).lexically_normal().string()).substr(0, 8);
    const Path folder = out / "checkpoints" / (arm.name.empty() ? "run" : arm.name) /
                        fmt::format("{}-{}", found->second.filename().string(), training_id);
    ATTUNE_TRY_VOID(export_adapter(found->second, training.config, folder));
    one.model = folder.string();
  }
  return arms;
}

}  // namespace

Result<void> expand_checkpoints(const std::string& place, const Path& out, eval::Suite& suite) {
  std::vector<eval::SuiteArm> arms;
  for (eval::SuiteArm& arm : suite.arms) {
    if (arm.checkpoints) {
      ATTUNE_TRY(std::vector<eval::SuiteArm> steps, arms_at(arm, arm.model, out));
      std::move(steps.begin(), steps.end(), std::back_inserter(arms));
      arm.checkpoints = {};
    }
    arms.push_back(std::move(arm));
  }
  if (!place.empty()) {
    eval::SuiteArm like{.name = {}, .model = {}, .instructed = false};
    like.checkpoints.all = true;
    ATTUNE_TRY(std::vector<eval::SuiteArm> steps, arms_at(like, place, out));
    std::move(steps.begin(), steps.end(), std::back_inserter(arms));
  }
  suite.arms = std::move(arms);
  return {};
}

}  // namespace attune::cli
