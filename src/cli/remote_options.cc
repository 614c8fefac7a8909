#include "cli/remote_options.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/version.h"

namespace attune::cli {

namespace {

// As the official SDKs' wait_for_processing.
constexpr double kLongestProcessing = 30 * 60;

std::int64_t width_of(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

}  // namespace

void RemoteOptions::declare(CLI::App& command) {
  command.add_option("--endpoint", endpoint.url,
                     fmt::format("Base address of the API (default: OPENAI_BASE_URL, else {})",
                                 client::kLocalEndpoint));
  command.add_option("--api-key", endpoint.api_key,
                     "Key (default: the provider's variable, else OPENAI_API_KEY)");
  command.add_option("--api-key-env", key_variable,
                     "Environment variable that holds the key, where it is another one");
  command.add_option("--provider", endpoint.provider,
                     "Rules to follow, where the host does not tell: attune, openai, azure, "
                     "together, fireworks, nebius, compatible");
  command.add_option("--account", endpoint.account,
                     "Account of Fireworks (default: FIREWORKS_ACCOUNT_ID, else the key's own)");
}

Result<client::Endpoint> RemoteOptions::resolve() const {
  const client::Environment environment = client::process_environment();
  client::EndpointOptions options = endpoint;
  if (!key_variable.empty() && options.api_key.empty()) {
    options.api_key = environment(key_variable.c_str()).value_or("");
    if (options.api_key.empty()) {
      return bad_input({.where = "--api-key-env",
                        .found = fmt::format("no variable {}, or an empty one", key_variable),
                        .wanted = "the name of an environment variable that holds the key",
                        .fix = fmt::format("export {}=...", key_variable)});
    }
  }
  ATTUNE_TRY(client::Endpoint resolved, client::resolve_endpoint(options, environment));
  for (const std::string& warning : resolved.warnings)
    fmt::print(stderr, "attune: warning: {}\n", warning);
  return resolved;
}

client::HttpOptions RemoteOptions::http() {
  client::HttpOptions options;
  options.user_agent = std::string("attune/") + kVersion;
  return options;
}

Result<std::unique_ptr<client::ApiClient>> RemoteOptions::connect() const {
  ATTUNE_TRY(client::Endpoint resolved, resolve());
  return client::make_client(std::move(resolved), http());
}

Path upload_state_folder() {
  if (const char* home = std::getenv("ATTUNE_HOME"); home != nullptr && *home != '\0')
    return Path(home) / "uploads";
  const char* user = std::getenv("HOME");
  return user == nullptr ? Path() : Path(user) / ".attune" / "uploads";
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::int64_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size())
        line += std::string(static_cast<std::size_t>(widths[i] - width_of(row[i]) + 2), ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  }
  return text;
}

std::string time_text(std::int64_t unix_seconds) {
  if (unix_seconds <= 0) return "-";
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm local = {};
  localtime_r(&seconds, &local);
  char text[32] = "";
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

Result<client::Received<wire::FileObject>> upload_with_progress(client::ApiClient& api,
                                                                const Path& path,
                                                                const std::string& purpose,
                                                                bool quiet) {
  client::UploadOptions options;
  options.purpose = purpose;
  options.state_folder = upload_state_folder();
  StatusLine line(!quiet);
  std::int64_t shown = -1;
  if (line.draws()) {
    options.progress = [&](std::int64_t sent, std::int64_t all) {
      const std::int64_t percent = all > 0 ? 100 * sent / all : 100;
      if (percent == shown) return;
      shown = percent;
      line.show(fmt::format("uploading {}: {} of {}, {} %", path.filename().string(),
                            bytes_text(sent), bytes_text(all), percent));
    };
  }
  auto file = api.upload_file(path, options);
  line.clear();
  if (!file) return Failure(file.error().error());
  const auto ready = client::wait_for_file(api, file->value.id, kLongestProcessing, [](double s) {
    std::this_thread::sleep_for(std::chrono::duration<double>(s));
  });
  if (!ready) return Failure(ready.error().error());
  return *ready;
}

}  // namespace attune::cli
