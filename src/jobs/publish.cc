#include "jobs/publish.h"

#include <ctime>

#include "jobs/run_folder.h"

namespace attune::jobs {

Result<Published> publish(const JobRun& run, const PublishSource& source, const std::string& name,
                          const std::string& folder) {
  const Path place = run.home.models() / "tuned" / run.id() / folder;
  const Path hidden = place.parent_path() / ("." + folder);
  std::error_code ignored;
  std::filesystem::remove_all(hidden, ignored);  // of an attempt that was cut off here
  ATTUNE_TRY_VOID(source.model.save_adapter(hidden, source.base_folder.string()));
  Published published;
  ATTUNE_TRY(published.mismatch, compare_logprobs(source.kernels, source.model, hidden,
                                                  source.documents, source.context));
  if (published.mismatch) {
    std::filesystem::remove_all(hidden, ignored);
    return published;
  }
  ATTUNE_TRY_VOID(move_into_place(hidden, place));
  published.model.model.id = name;
  published.model.model.created = static_cast<std::int64_t>(std::time(nullptr));
  published.model.model.owned_by = run.row.tenant.organization;
  published.model.base = source.base;
  published.model.adapter = place;
  published.model.job_id = run.id();
  return published;
}

}  // namespace attune::jobs
