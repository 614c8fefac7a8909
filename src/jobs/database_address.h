// Where a database is: "sqlite:/path/attune.db" or "postgresql://user@host/name".
#pragma once

#include <string>

#include "base/result.h"

namespace attune::jobs {

struct DatabaseAddress {
  bool is_postgresql = false;
  std::string target;  // what SOCI is given
  std::string name;    // what messages say: a path, or the URL without its password
};

Result<DatabaseAddress> parse_database_address(const std::string& url);

}  // namespace attune::jobs
