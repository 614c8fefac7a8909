// The options that name an endpoint, and the client for it: what `attune files`, `attune jobs`,
// `attune models` and `attune tune --endpoint` share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/api_client.h"

namespace attune::cli {

struct RemoteOptions {
  client::EndpointOptions endpoint;
  std::string key_variable;  // --api-key-env

  // `required` is for commands that also work without an endpoint.
  void declare(CLI::App& command);
  Result<client::Endpoint> resolve() const;
  // Prints the endpoint's warnings to standard error.
  Result<std::unique_ptr<client::ApiClient>> connect() const;
  static client::HttpOptions http();
};

// Where a broken upload leaves its place: uploads/ in ATTUNE_HOME, or ~/.attune.
Path upload_state_folder();

// Columns aligned by spaces; the first row is the heading.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

// "2026-01-31 12:00:05" in local time, "-" for 0.
std::string time_text(std::int64_t unix_seconds);

// Uploads a file with a progress line on a terminal, and waits until it is processed.
Result<client::Received<wire::FileObject>> upload_with_progress(client::ApiClient& api,
                                                                const Path& path,
                                                                const std::string& purpose,
                                                                bool quiet);

}  // namespace attune::cli
