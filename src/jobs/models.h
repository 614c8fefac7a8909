// Names and places of models: local bases, and what jobs make of them.
//
//   ft:{base}:{organisation}:{suffix}:{id}                 a finished job's model
//   ft:{base}:{organisation}:{suffix}:{id}:ckpt-step-{n}   an epoch's checkpoint
//
// `id` is eight letters and digits that follow from the job and the step, so that a worker which
// was killed and publishes the same step again publishes the same name. Without a suffix its field
// is empty. A base may hold slashes (Qwen/Qwen3-0.6B) but no colon.
//
//   ATTUNE_TRY(BaseModels bases, BaseModels::find(home.models(), {"tiny=/data/tiny"}));
//   if (const BaseModel* base = bases.get("tiny")) load(base->folder);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace attune::jobs {

struct TunedName {
  std::string base;
  std::string organisation;
  std::string suffix;
  std::string id;
  std::optional<std::int64_t> checkpoint_step = {};
};

std::string to_text(const TunedName& name);
// Nothing if it is no such name.
std::optional<TunedName> parse_tuned_name(std::string_view name);

// What a job's model, or its checkpoint after `step`, is called. `organisation` is the id
// ("org-local"), which the name shows without its prefix.
std::string tuned_model_name(std::string_view base, std::string_view organisation,
                             std::string_view suffix, std::string_view job_id);
std::string checkpoint_model_name(std::string_view base, std::string_view organisation,
                                  std::string_view suffix, std::string_view job_id,
                                  std::int64_t step);

struct BaseModel {
  std::string name;
  Path folder;
  std::int64_t created = 0;  // Unix seconds: when its config.json was written
};

// The bases that this machine has: every folder with a config.json below `models` (named by its
// path below it, one or two levels deep), and those that are named.
class BaseModels {
 public:
  // `named`: "NAME=FOLDER". A folder without a model, and a name that is none, are refused.
  static Result<BaseModels> find(const Path& models, const std::vector<std::string>& named);

  const BaseModel* get(std::string_view name) const;  // null: no such base
  const std::vector<BaseModel>& all() const { return all_; }

 private:
  std::vector<BaseModel> all_;  // sorted by name
};

}  // namespace attune::jobs
