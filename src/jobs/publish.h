// Publishing what was trained: the adapter as a folder below models/tuned/<job>, through the train
// = serve gate, and the row that makes it a model.
//
//   ATTUNE_TRY(Published published, publish(run, source, name, "step-00000120"));
//   if (published.mismatch) ...                 // nothing is published
//   change.models.push_back(published.model);   // recorded with the event that tells of it
#pragma once

#include <optional>
#include <span>
#include <string>

#include "jobs/job_run.h"
#include "jobs/serve_gate.h"
#include "kernels/context.h"
#include "model/model.h"
#include "train/document.h"

namespace attune::jobs {

struct PublishSource {
  const kernels::Context& kernels;
  const model::Model& model;  // with the trained adapter
  std::span<const train::Document> documents;
  std::int64_t context = 0;  // of training: longest document in input tokens
  std::string base;          // name
  Path base_folder;
};

struct Published {
  ModelRow model;
  std::optional<Mismatch> mismatch = {};
};

Result<Published> publish(const JobRun& run, const PublishSource& source, const std::string& name,
                          const std::string& folder);

}  // namespace attune::jobs
