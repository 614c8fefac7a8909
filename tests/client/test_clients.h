// Clients for the scripted server that never really wait: the delays are written down instead.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "client/api_client.h"
#include "client/http_client.h"
#include "client/scripted_server.h"

namespace attune::client {

// random() is 0, so delays are the full ones.
inline HttpOptions without_waiting(std::vector<double>* delays = nullptr, double now = 1750000000) {
  HttpOptions options;
  options.waiting = {.sleep =
                         [delays](double seconds) {
                           if (delays != nullptr) delays->push_back(seconds);
                         },
                     .random = [] { return 0.0; },
                     .now = [now] { return now; }};
  return options;
}

inline Environment no_environment() {
  return [](const char*) { return std::optional<std::string>(); };
}

inline std::unique_ptr<ApiClient> client_of(const ScriptedServer& server,
                                            const std::string& provider = "attune",
                                            std::vector<double>* delays = nullptr,
                                            const std::string& path = "/v1") {
  auto endpoint = resolve_endpoint(
      {.url = server.url() + path, .api_key = "sk-secret-key", .provider = provider, .account = {}},
      no_environment());
  if (!endpoint) {
    ADD_FAILURE() << endpoint.error().message();
    std::abort();
  }
  return make_client(*std::move(endpoint), without_waiting(delays));
}

// A folder of its own, gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "attune-client-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Path operator/(const std::string& name) const { return path_ / name; }
  const Path& path() const { return path_; }

 private:
  Path path_;
};

inline Path write_text(const Path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace attune::client
