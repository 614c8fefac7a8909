// A PostgreSQL server of the tests' own: a cluster in a temporary folder, reached by a Unix socket,
// without fsync. It starts at the first use and ends with the program.
//
//   PostgresServer* server = PostgresServer::shared();   // null: PostgreSQL is not installed
//   std::string url = server->new_database();            // an empty schema of its own
#pragma once

#include <memory>
#include <string>

#include "io/file.h"

namespace attune::testing_support {

class PostgresServer {
 public:
  static PostgresServer* shared();
  std::string new_database();
  // As `kill -9` of every server process, then a new start on the same files.
  void crash_and_restart();

  ~PostgresServer();

 private:
  PostgresServer(Path programs, Path folder);
  bool start();
  std::string url(const std::string& schema) const;
  Path programs_;
  Path folder_;
  int process_ = -1;
  int schemas_ = 0;
};

}  // namespace attune::testing_support
