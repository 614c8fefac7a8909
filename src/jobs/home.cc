#include "jobs/home.h"

#include <cstdlib>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attune::jobs {

namespace {

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Path user_folder() {
  if (std::string home = environment_value("HOME"); !home.empty()) return home;
  const passwd* user = getpwuid(getuid());
  return user == nullptr || user->pw_dir == nullptr ? Path(".") : Path(user->pw_dir);
}

}  // namespace

Home Home::from_environment() {
  std::string folder = environment_value("ATTUNE_HOME");
  Path root = folder.empty() ? user_folder() / ".attune" : Path(folder);
  std::error_code ignored;
  Path absolute = std::filesystem::absolute(root, ignored);
  return {.root = ignored ? root : absolute.lexically_normal()};
}

std::string Home::database_url() const {
  std::string url = environment_value("ATTUNE_DATABASE_URL");
  return url.empty() ? "sqlite:" + database().string() : url;
}

Result<void> Home::create_folders() const {
  for (const Path& folder : {root, blobs(), runs(), models()}) {
    std::error_code failure;
    bool existed = std::filesystem::is_directory(folder, failure);
    ATTUNE_TRY_VOID(ensure_directory(folder));
    // Files of tenants and signing secrets lie here. A folder that was there keeps its mode.
    if (!existed && ::chmod(folder.c_str(), S_IRWXU) != 0) {
      return environment_failure({.where = folder.string(),
                                  .found = "its permissions can't be set",
                                  .fix = "set ATTUNE_HOME to a folder that you own"});
    }
  }
  return {};
}

}  // namespace attune::jobs
