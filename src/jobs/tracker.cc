#include "jobs/tracker.h"

namespace attune::jobs {

Json run_settings(const wire::JobObject& job) {
  Json settings = Json::object();
  settings["model"] = job.model;
  settings["method"] = job.method;
  settings["seed"] = job.seed;
  settings["training_file"] = job.training_file;
  if (job.validation_file) settings["validation_file"] = *job.validation_file;
  if (job.user_provided_suffix) settings["suffix"] = *job.user_provided_suffix;
  const Json hyperparameters = to_json(job.hyperparameters);
  for (const auto& [name, value] : hyperparameters.items())
    settings[name] = value.is_array() ? Json(to_text(value)) : value;
  if (job.metadata)
    for (const auto& [name, value] : *job.metadata) settings["metadata." + name] = value;
  return settings;
}

std::vector<std::pair<std::string, double>> event_metrics(const wire::EventObject& event) {
  std::vector<std::pair<std::string, double>> metrics;
  if (event.type != "metrics" || !event.data.is_object()) return metrics;
  for (const auto& [name, value] : event.data.items())
    if (value.is_number() && name != "step" && name != "total_steps")
      metrics.emplace_back(name, value.get<double>());
  return metrics;
}

std::optional<std::int64_t> event_step(const wire::EventObject& event) {
  if (event.type != "metrics" || !event.data.is_object()) return std::nullopt;
  const auto step = event.data.find("step");
  if (step == event.data.end() || !step->is_number()) return std::nullopt;
  return step->is_number_integer() ? step->get<std::int64_t>()
                                   : static_cast<std::int64_t>(step->get<double>());
}

}  // namespace attune::jobs
