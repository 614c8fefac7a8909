#include "jobs/database_address.h"

#include <string_view>

#include <fmt/format.h>

namespace attune::jobs {

namespace {

std::string without_password(const std::string& url) {
  std::size_t at = url.find('@');
  std::size_t start = url.find("://");
  if (at == std::string::npos || start == std::string::npos) return url.substr(0, url.find('?'));
  return url.substr(0, start + 3) + url.substr(at + 1, url.find('?', at) - at - 1);
}

// A server that is cut off from the database notices within seconds, not after TCP's 15 minutes.
std::string with_timeouts(const std::string& url) {
  std::string extended = url;
  for (std::string_view setting :
       {"connect_timeout=5", "keepalives_idle=5", "keepalives_interval=2", "keepalives_count=3",
        "tcp_user_timeout=10000"}) {
    if (url.find(setting.substr(0, setting.find('='))) != std::string::npos) continue;
    extended += extended.find('?') == std::string::npos ? '?' : '&';
    extended += setting;
  }
  return extended;
}

}  // namespace

Result<DatabaseAddress> parse_database_address(const std::string& url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    return DatabaseAddress{true, with_timeouts(url), without_password(url)};
  }
  constexpr std::string_view kScheme = "sqlite:";
  std::string path = url.starts_with(kScheme) ? url.substr(kScheme.size()) : "";
  // sqlite:///data/attune.db and sqlite:/data/attune.db are the same.
  while (path.starts_with("//")) path.erase(0, 1);
  if (path.empty() || path == "/" || path.find('"') != std::string::npos) {
    return bad_input({.where = "database URL",
                      .found = fmt::format("\"{}\"", without_password(url)),
                      .wanted = "sqlite:/path/attune.db or postgresql://user@host/name"});
  }
  // SOCI takes a text with '=' for a list of options.
  std::string target = path.find('=') == std::string::npos ? path : "dbname=\"" + path + "\"";
  return DatabaseAddress{false, target, path};
}

}  // namespace attune::jobs
