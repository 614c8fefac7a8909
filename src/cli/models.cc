// attune models: the models of an endpoint.
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/remote_options.h"
#include "client/job_progress.h"

namespace attune::cli {

namespace {

struct ModelCommand {
  RemoteOptions remote;
  std::string id;
  bool json = false;
};

Result<int> list(const ModelCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const auto page, api->models());
  if (o.json) {
    fmt::print("{}\n", to_text(page.raw));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "OWNER", "CREATED"}};
  for (const auto& [model, raw] : page.items) {
    rows.push_back(
        {client::printable(model.id), client::printable(model.owned_by), time_text(model.created)});
  }
  fmt::print("{}", text_table(rows));
  return 0;
}

Result<int> show(const ModelCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const auto model, api->model(o.id));
  if (o.json) {
    fmt::print("{}\n", to_text(model.raw));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"id", client::printable(model.value.id)},
                                                {"owner", client::printable(model.value.owned_by)},
                                                {"created", time_text(model.value.created)}};
  if (model.raw.is_object() && model.raw.contains("shutdown_date") &&
      model.raw["shutdown_date"].is_string()) {
    rows.push_back(
        {"shut down on", client::printable(model.raw["shutdown_date"].get<std::string>())});
  }
  fmt::print("{}", text_table(rows));
  return 0;
}

Result<int> remove(const ModelCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const Json answer, api->delete_model(o.id));
  fmt::print("{}\n", o.json ? to_text(answer) : "deleted " + o.id);
  return 0;
}

}  // namespace

void add_models(CLI::App& app, Body& selected) {
  auto o = std::make_shared<ModelCommand>();
  CLI::App* models = app.add_subcommand("models", "Base and tuned models of an endpoint");
  models->require_subcommand(1);
  const auto add = [&](const char* name, const char* words, bool needs_id,
                       Result<int> (*body)(const ModelCommand&)) {
    CLI::App* c = models->add_subcommand(name, words);
    if (needs_id) c->add_option("id", o->id, "Name of the model")->required();
    o->remote.declare(*c);
    c->add_flag("--json", o->json, "Print the answer as it came");
    c->callback([o, &selected, body] { selected = [o, body] { return body(*o); }; });
  };
  add("list", "List the models", false, list);
  add("show", "Show one model", true, show);
  add("delete", "Delete a tuned model", true, remove);
}

}  // namespace attune::cli
