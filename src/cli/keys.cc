// attune keys: the API keys of this machine's server. Works on the database, so that the first key
// can be made before a server listens to others.
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "io/json.h"
#include "jobs/home.h"
#include "jobs/store.h"
#include "serve/auth.h"

namespace attune::cli {

namespace {

constexpr std::int64_t kDay = 86400;

struct KeyOptions {
  std::string database;
  std::string name;
  std::string id;
  std::vector<std::string> scopes = {"all"};
  std::int64_t days = 0;
  std::int64_t requests_per_minute = 0;
  std::int64_t unfinished_jobs = 0;
  std::int64_t running_jobs = 0;
  jobs::Tenant tenant;
  bool json = false;
};

Result<std::unique_ptr<jobs::Store>> open_store(const KeyOptions& options) {
  const jobs::Home home = jobs::Home::from_environment();
  ATTUNE_TRY_VOID(home.create_folders());
  return jobs::Store::open(options.database.empty() ? home.database_url() : options.database,
                           {.connections = 2});
}

Json key_json(const jobs::KeyRow& row) {
  const auto or_null = [](const std::optional<std::int64_t>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  Json json = Json::object();
  json["id"] = row.id;
  json["name"] = row.name;
  json["prefix"] = row.prefix;
  json["scopes"] = row.scopes;
  json["organization_id"] = row.tenant.organization;
  json["project_id"] = row.tenant.project;
  json["created_at"] = row.created_at;
  json["expires_at"] = or_null(row.expires_at);
  json["revoked_at"] = or_null(row.revoked_at);
  json["last_used_at"] = or_null(row.last_used_at);
  return json;
}

std::optional<std::int64_t> limit_or_none(std::int64_t value) {
  return value > 0 ? std::optional(value) : std::nullopt;
}

Result<int> create(const KeyOptions& options) {
  for (const std::string& scope : options.scopes)
    if (!serve::is_scope(scope))
      return bad_input({.where = "--scope " + scope,
                        .found = "no scope of that name",
                        .wanted = "all, read, files, jobs, models, evals, webhooks, keys or "
                                  "metrics, or one of these with an action, as in jobs:write",
                        .fix = "leave --scope out for all"});
  ATTUNE_TRY(const auto store, open_store(options));
  ATTUNE_TRY(const std::int64_t now, store->now());
  serve::NewKey made =
      serve::make_key(options.tenant, options.name, options.scopes, now,
                      options.days > 0 ? std::optional(now + options.days * kDay) : std::nullopt);
  made.row.requests_per_minute = limit_or_none(options.requests_per_minute);
  made.row.unfinished_jobs_limit = limit_or_none(options.unfinished_jobs);
  made.row.running_jobs_limit = limit_or_none(options.running_jobs);
  ATTUNE_TRY_VOID(store->add_key(made.row));
  if (options.json) {
    Json json = key_json(made.row);
    json["key"] = made.key;
    fmt::print("{}\n", to_text(json));
  } else {
    // The key alone on standard output, so that it can be captured.
    fmt::print("{}\n", made.key);
    fmt::print(stderr, "Created {} ({}). The key is shown this once; the server stores its hash.\n",
               made.row.id, made.row.name);
  }
  return 0;
}

std::string state_of(const jobs::KeyRow& row, std::int64_t now) {
  if (row.revoked_at) return "revoked";
  return row.usable_at(now) ? "usable" : "expired";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

Result<int> list(const KeyOptions& options) {
  ATTUNE_TRY(const auto store, open_store(options));
  ATTUNE_TRY(const std::int64_t now, store->now());
  ATTUNE_TRY(const auto rows, store->list_keys(options.tenant));
  if (options.json) {
    Json keys = Json::array();
    for (const jobs::KeyRow& row : rows) keys.push_back(key_json(row));
    fmt::print("{}\n", to_text(keys));
    return 0;
  }
  if (rows.empty()) fmt::print("There are no API keys: clients on this machine need none.\n");
  for (const jobs::KeyRow& row : rows)
    fmt::print("{}  {}...  {:8}  {:16}  {}\n", row.id, row.prefix, state_of(row, now),
               joined(row.scopes), row.name);
  return 0;
}

Result<int> revoke(const KeyOptions& options) {
  ATTUNE_TRY(const auto store, open_store(options));
  ATTUNE_TRY(const bool revoked, store->revoke_key(options.tenant, options.id));
  if (!revoked)
    return bad_input({.where = options.id,
                      .found = "no API key of that id in this project",
                      .fix = "list them with `attune keys list`"});
  fmt::print("Revoked {}. Servers refuse it within a second.\n", options.id);
  return 0;
}

void declare_place(CLI::App& command, KeyOptions& options) {
  command.add_option("--database", options.database, "As for `attune serve`");
  command.add_option("--organization", options.tenant.organization, "Whose key it is")
      ->capture_default_str();
  command.add_option("--project", options.tenant.project, "Whose key it is")->capture_default_str();
}

}  // namespace

void add_keys(CLI::App& app, Body& selected) {
  auto options = std::make_shared<KeyOptions>();
  CLI::App* keys = app.add_subcommand("keys", "API keys of this machine's server.");
  keys->require_subcommand(1);

  CLI::App* creating = keys->add_subcommand("create", "Make a key, and print it once.");
  creating->add_option("name", options->name, "What the key is for")->required();
  creating->add_option("--scope", options->scopes, "What it may do, for example jobs:write")
      ->capture_default_str();
  creating->add_option("--days", options->days, "Until it expires; 0 for never")
      ->check(CLI::Range(0, 3660));
  creating->add_option("--requests-per-minute", options->requests_per_minute)
      ->check(CLI::NonNegativeNumber);
  creating->add_option("--unfinished-jobs", options->unfinished_jobs, "Limit; 0 for none")
      ->check(CLI::NonNegativeNumber);
  creating->add_option("--running-jobs", options->running_jobs, "Limit; 0 for none")
      ->check(CLI::NonNegativeNumber);
  creating->add_flag("--json", options->json);
  declare_place(*creating, *options);
  creating->callback([options, &selected] { selected = [options] { return create(*options); }; });

  CLI::App* listing = keys->add_subcommand("list", "Show the keys of a project.");
  listing->add_flag("--json", options->json);
  declare_place(*listing, *options);
  listing->callback([options, &selected] { selected = [options] { return list(*options); }; });

  CLI::App* revoking = keys->add_subcommand("revoke", "End a key.");
  revoking->add_option("id", options->id, "key_...")->required();
  declare_place(*revoking, *options);
  revoking->callback([options, &selected] { selected = [options] { return revoke(*options); }; });
}

}  // namespace attune::cli
