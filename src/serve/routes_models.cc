#include "serve/routes_models.h"

#include <filesystem>

#include <fmt/format.h>

#include "serve/base_list.h"
#include "wire/page.h"

namespace attune::serve {

namespace {

wire::ModelObject object_of(const jobs::BaseModel& base) {
  return {.id = base.name, .created = base.created, .owned_by = "system"};
}

Answer<Response> list_models(App& app, Request& request) {
  ATTUNE_ANSWER(const auto bases, app.bases->all());
  ATTUNE_ANSWER(const auto tuned, app.store.list_models(request.principal.tenant));
  std::vector<wire::ModelObject> models;
  for (const jobs::BaseModel& base : bases) models.push_back(object_of(base));
  for (const jobs::ModelRow& row : tuned) models.push_back(row.model);
  Json list = Json::object();
  list["object"] = "list";
  list["data"] = Json::array();
  for (const wire::ModelObject& model : models) list["data"].push_back(wire::to_json(model));
  return Response::json(list);
}

Answer<Response> show_model(App& app, Request& request) {
  const std::string& name = request.parameter("model");
  ATTUNE_ANSWER(const auto base, app.bases->find(name));
  if (base) return Response::json(wire::to_json(object_of(*base)));
  ATTUNE_ANSWER(const auto tuned, app.store.find_model(request.principal.tenant, name));
  if (!tuned) return wire::refuse(wire::model_not_found(name));
  return Response::json(wire::to_json(tuned->model));
}

// The adapter's folder, if it lies where jobs put their models; never anything else.
void remove_adapter(const App& app, const Path& adapter) {
  std::error_code error;
  const Path models = std::filesystem::weakly_canonical(app.home.models(), error);
  const Path folder = std::filesystem::weakly_canonical(adapter, error);
  const auto inside = std::mismatch(models.begin(), models.end(), folder.begin(), folder.end());
  if (error || inside.first != models.end() || folder == models || models.empty()) return;
  std::filesystem::remove_all(folder, error);
  if (error && app.log)
    app.log->warning("an adapter could not be removed",
                     {{"file.path", folder.string()}, {"error.message", error.message()}});
}

Answer<Response> delete_model(App& app, Request& request) {
  const std::string& name = request.parameter("model");
  const jobs::Tenant& tenant = request.principal.tenant;
  ATTUNE_ANSWER(const auto removed, app.store.remove_model(tenant, name));
  if (!removed) {
    ATTUNE_ANSWER(const auto base, app.bases->find(name));
    ATTUNE_ANSWER(const auto shared, app.store.find_model(tenant, name));
    if (base)
      return wire::refuse(wire::forbidden(fmt::format(
          "The model {} is a base model; only fine-tuned models can be deleted.", name)));
    if (shared)
      return wire::refuse(
          wire::forbidden(fmt::format("The model {} belongs to another project.", name)));
    return wire::refuse(wire::model_not_found(name));
  }
  if (!removed->adapter.empty()) remove_adapter(app, removed->adapter);
  return Response::json(wire::deleted_json(name, "model"));
}

}  // namespace

void add_model_routes(Router& router, App& app) {
  router.add("GET", "/v1/models", "models:read",
             [&app](Request& request) { return list_models(app, request); },
             {.summary = "List models", .response = "ListModelsResponse"});
  router.add("GET", "/v1/models/{model...}", "models:read",
             [&app](Request& request) { return show_model(app, request); },
             {.summary = "Retrieve a model", .response = "Model"});
  router.add("DELETE", "/v1/models/{model...}", "models:write",
             [&app](Request& request) { return delete_model(app, request); },
             {.summary = "Delete a fine-tuned model", .response = "DeleteModelResponse"});
}

}  // namespace attune::serve
