#include "train/checkpoint.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include "io/safetensors.h"
#include "train/checkpoint_format.h"

namespace attune::train {

namespace {

constexpr const char* kTensorFile = "tensors.safetensors";
constexpr const char* kStateFile = "state.json";
constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kPartialPrefix = ".partial-step-";

std::string digest_of(const MappedFile& file) {
  return fmt::format("{:016x}", XXH3_64bits(file.bytes().data(), file.bytes().size()));
}

Failure file_failure(const Path& path, std::string_view action, const std::error_code& error) {
  return environment_failure({.where = path.string(),
                              .found = fmt::format("cannot {}: {}", action, error.message()),
                              .wanted = "a folder that this program may write to, with free space",
                              .fix = "free disk space or choose another --out"});
}

// A rename is on disk only once its folder is flushed.
Result<void> flush_folder(const Path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return file_failure(folder, "open", {errno, std::generic_category()});
  const int failed = ::fsync(descriptor);
  const int reason = errno;
  ::close(descriptor);
  if (failed != 0) return file_failure(folder, "flush", {reason, std::generic_category()});
  return {};
}

// Also what earlier runs left half-written.
void remove_partial_folders(const Path& folder) {
  std::error_code ignored;
  std::vector<Path> partial;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(kPartialPrefix))
      partial.push_back(entry.path());
  }
  for (const Path& path : partial) std::filesystem::remove_all(path, ignored);
}

// A checkpoint is renamed out of the way before it is deleted, so that a half-deleted one never
// looks whole.
void remove_old_checkpoints(const Path& folder, std::int64_t keep) {
  const std::vector<Path> checkpoints = list_checkpoints(folder);
  std::error_code ignored;
  for (std::size_t i = static_cast<std::size_t>(std::max<std::int64_t>(1, keep));
       i < checkpoints.size(); ++i) {
    const Path hidden = folder / fmt::format("{}{}-old", kPartialPrefix, i);
    std::filesystem::rename(checkpoints[i], hidden, ignored);
    std::filesystem::remove_all(hidden, ignored);
  }
}

Result<void> write_contents(const Path& target, StateFile file,
                            std::span<const CheckpointTensor> tensors) {
  std::vector<TensorToWrite> stored;
  stored.reserve(tensors.size());
  for (const CheckpointTensor& tensor : tensors) {
    stored.push_back({.name = tensor.name,
                      .dtype = Dtype::f32,
                      .shape = tensor.shape,
                      .bytes = std::as_bytes(std::span<const float>(tensor.values))});
  }
  ATTUNE_TRY_VOID(write_safetensors(target / kTensorFile, std::move(stored), {}));
  ATTUNE_TRY(const MappedFile written, MappedFile::open(target / kTensorFile));
  file.tensors_digest = digest_of(written);
  return write_file_atomic(target / kStateFile, write_state(file));
}

Result<void> check_settings(const std::string& where, const Settings& stored,
                            const Settings& wanted) {
  const auto differs = [&](const std::string& name, const std::string& then,
                           const std::string& now) {
    return bad_input({.where = where,
                      .found = fmt::format("{} = {} in the checkpoint", name, then),
                      .wanted = fmt::format("{} = {} as in this run", name, now),
                      .fix =
                          "repeat the command of the first run, with its base and its --dtype, or "
                          "start a new run in another --out folder"});
  };
  for (const auto& [name, value] : wanted) {
    const auto found = stored.find(name);
    if (found == stored.end()) return differs(name, "(absent)", value);
    if (found->second != value) return differs(name, found->second, value);
  }
  for (const auto& [name, value] : stored) {
    if (!wanted.contains(name)) return differs(name, value, "(absent)");
  }
  return {};
}

Result<void> check_tensors(const Safetensors& stored, std::span<const CheckpointTensor> wanted) {
  for (const CheckpointTensor& tensor : wanted) {
    const StoredTensor* found = stored.find(tensor.name);
    if (found == nullptr) {
      return bad_input({.where = stored.where(),
                        .found = fmt::format("no tensor \"{}\"", tensor.name),
                        .wanted = "every trained tensor"});
    }
    if (found->dtype != Dtype::f32 || found->shape != tensor.shape) {
      return bad_input(
          {.where = stored.where(),
           .found = fmt::format("tensor \"{}\" is {} [{}]", tensor.name, dtype_name(found->dtype),
                                fmt::join(found->shape, ", ")),
           .wanted = fmt::format("F32 [{}]", fmt::join(tensor.shape, ", "))});
    }
  }
  if (stored.tensors().size() != wanted.size()) {
    return bad_input({.where = stored.where(),
                      .found = fmt::format("{} tensors", stored.tensors().size()),
                      .wanted = fmt::format("the {} of this model", wanted.size())});
  }
  return {};
}

// `foreign` is set when the checkpoint is whole but of another run, so that no older one can help.
Result<TrainingState> load(const Path& checkpoint, const Settings& settings, std::string_view isa,
                           std::span<const CheckpointTensor> tensors, bool& foreign) {
  foreign = false;
  const std::string where = (checkpoint / kStateFile).string();
  ATTUNE_TRY(const std::string text, read_file(checkpoint / kStateFile));
  ATTUNE_TRY(const StateFile file, parse_state(text, where));
  ATTUNE_TRY(const MappedFile bytes, MappedFile::open(checkpoint / kTensorFile));
  if (digest_of(bytes) != file.tensors_digest) {
    return bad_input({.where = (checkpoint / kTensorFile).string(),
                      .found = "bytes that differ from those that were written",
                      .wanted = "digest " + file.tensors_digest,
                      .fix = "delete this checkpoint; the run continues from the one before it"});
  }
  foreign = true;
  ATTUNE_TRY_VOID(check_settings(where, file.settings, settings));
  if (file.isa != isa) {
    return bad_input(
        {.where = where,
         .found = fmt::format("a run on instruction set {}", file.isa),
         .wanted = fmt::format("{}, which this process uses", isa),
         .fix = fmt::format("set ATTUNE_ISA={} to continue to the same bits", file.isa)});
  }
  foreign = false;
  ATTUNE_TRY(const Safetensors stored, Safetensors::open(checkpoint / kTensorFile));
  ATTUNE_TRY_VOID(check_tensors(stored, tensors));
  for (const CheckpointTensor& tensor : tensors) {
    ATTUNE_TRY_VOID(copy_to_f32(*stored.find(tensor.name), tensor.values));
  }
  return file.state;
}

}  // namespace

Result<Path> save_checkpoint(const Path& folder, const TrainingState& state,
                             const Settings& settings, std::string_view isa,
                             std::span<const CheckpointTensor> tensors, std::int64_t keep) {
  ATTUNE_TRY_VOID(ensure_directory(folder));
  remove_partial_folders(folder);
  const Path partial = folder / fmt::format("{}{:08}", kPartialPrefix, state.step);
  const Path final_path = folder / fmt::format("{}{:08}", kPrefix, state.step);
  ATTUNE_TRY_VOID(ensure_directory(partial));
  const StateFile file{state, std::string(isa), settings, ""};
  if (auto written = write_contents(partial, file, tensors); !written) {
    remove_partial_folders(folder);
    return Failure(std::move(written).error());
  }
  std::error_code error;
  if (std::filesystem::exists(final_path, error)) {
    // The same step again: it was passed over as damaged when this run resumed.
    const Path hidden = folder / fmt::format("{}{:08}-old", kPartialPrefix, state.step);
    std::filesystem::rename(final_path, hidden, error);
  }
  std::filesystem::rename(partial, final_path, error);
  if (error) {
    remove_partial_folders(folder);
    return file_failure(final_path, "rename into place", error);
  }
  ATTUNE_TRY_VOID(flush_folder(folder));
  remove_partial_folders(folder);
  remove_old_checkpoints(folder, keep);
  return final_path;
}

std::vector<Path> list_checkpoints(const Path& folder) {
  std::vector<Path> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) && name.size() > kPrefix.size() &&
        name.find_first_not_of("0123456789", kPrefix.size()) == std::string::npos) {
      found.push_back(entry.path());
    }
  }
  // Longer numbers are larger; within a length the text sorts as the number does.
  std::sort(found.begin(), found.end(), [](const Path& a, const Path& b) {
    const std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() > y.size() : x > y;
  });
  return found;
}

Result<TrainingState> load_checkpoint(const Path& checkpoint, const Settings& settings,
                                      std::string_view isa,
                                      std::span<const CheckpointTensor> tensors) {
  bool foreign = false;
  return load(checkpoint, settings, isa, tensors, foreign);
}

Result<std::optional<TrainingState>> load_latest_checkpoint(
    const Path& folder, const Settings& settings, std::string_view isa,
    std::span<const CheckpointTensor> tensors, std::vector<std::string>& notes) {
  std::optional<Error> newest_error;
  for (const Path& checkpoint : list_checkpoints(folder)) {
    bool foreign = false;
    Result<TrainingState> state = load(checkpoint, settings, isa, tensors, foreign);
    if (state) return std::optional(*state);
    if (foreign) return Failure(std::move(state).error());
    notes.push_back("checkpoint passed over: " + state.error().message());
    if (!newest_error) newest_error = state.error();
  }
  if (newest_error) return Failure(*newest_error);
  return std::optional<TrainingState>();
}

}  // namespace attune::train
