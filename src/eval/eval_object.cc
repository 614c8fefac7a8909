#include "eval/eval_object.h"

#include <array>

#include <fmt/format.h>

#include "eval/criteria.h"
#include "wire/evals.h"

namespace attune::eval {

namespace {

constexpr std::int64_t kDefaultTokens = 2048;  // as the API's runs

Failure refused(const wire::ApiError& error, std::string_view where) {
  return bad_input(
      {.where = error.param ? fmt::format("{}: {}", where, *error.param) : std::string(where),
       .found = error.message,
       .wanted = "an eval as docs/evals-api.md describes it"});
}

// What is published of an eval beside what one is made from.
bool is_of_the_answer(std::string_view key) {
  constexpr std::array<std::string_view, 4> kKeys = {"object", "id", "created_at", "data_source"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// The body that made the eval. A retrieved eval has the schema of rows in place of that of items.
Json request_of(const Json& document) {
  Json body = Json::object();
  for (const auto& [key, value] : document.items()) {
    if (!is_of_the_answer(key)) body[key] = value;
  }
  if (body.contains("metadata") && body["metadata"].is_null()) body.erase("metadata");
  const auto config = body.find("data_source_config");
  if (config == body.end() || !config->is_object() || !config->contains("schema")) return body;
  const Json rows = (*config)["schema"];
  config->erase("schema");
  (*config)["item_schema"] = rows.value("properties", Json::object()).value("item", Json::object());
  return body;
}

Result<void> add_source(const Json& source, const std::string& where, const Path& folder,
                        Suite& suite) {
  Json given = source;
  // Rows that come from elsewhere (--data) need no source of their own.
  if (given.is_object() && !given.contains("source"))
    given["source"] = {{"type", "file_id"}, {"id", "none"}};
  const auto parsed = wire::parse_eval_data_source(given);
  if (!parsed) return refused(parsed.error(), where);
  if (parsed->content) suite.eval.content = *parsed->content;
  suite.temperature = parsed->sampling.temperature;
  suite.seed = static_cast<std::uint64_t>(parsed->sampling.seed);
  suite.most_tokens = parsed->sampling.max_tokens.value_or(kDefaultTokens);
  if (parsed->model.empty()) return {};
  suite.eval.input_messages = source["input_messages"];
  const Path beside = folder / parsed->model;
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(beside, ignored);
  suite.arms = {{
      .name = Path(parsed->model).filename().string(),
      .model = is_folder ? beside.lexically_normal().string() : parsed->model,
  }};
  return {};
}

}  // namespace

bool is_eval_object(const Json& document) {
  return document.is_object() && document.contains("testing_criteria");
}

Result<Suite> suite_of_eval(const Json& document, std::string_view where_view, const Path& folder) {
  const std::string where(where_view);
  const auto request = wire::parse_eval_request(request_of(document));
  if (!request) return refused(request.error(), where);
  Suite suite;
  suite.name = request->name.value_or(Path(where).stem().string());
  suite.eval.testing_criteria = document["testing_criteria"];
  suite.eval.item_schema = request->item_schema;
  suite.measures.metric = Metric::criteria;
  const auto criteria = Criteria::prepare(suite.eval.testing_criteria, where);
  if (!criteria) return Failure(criteria.error());
  if (document.contains("data_source") && !document["data_source"].is_null())
    ATTUNE_TRY_VOID(add_source(document["data_source"], where + ": data_source", folder, suite));
  if (suite.eval.input_messages.is_null()) {
    suite.arms = {{.name = "given", .model = ""}};
    suite.timed_items = 0;
  }
  return suite;
}

}  // namespace attune::eval
