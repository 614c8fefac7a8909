// Where Attune keeps things: ATTUNE_HOME, by default ~/.attune.
//
//   jobs::Home home = jobs::Home::from_environment();
//   ATTUNE_TRY_VOID(home.create_folders());
//   ATTUNE_TRY(auto store, jobs::Store::open(home.database_url(), {}));
//
//   ~/.attune/attune.db      the SQLite database (unless a PostgreSQL URL is given)
//             blobs/         contents of files, by their SHA-256
//             runs/<job>/    what a job's worker writes: checkpoints, metrics, log
//             models/<name>/ local base models, and adapters of finished jobs
#pragma once

#include <string>

#include "base/result.h"
#include "io/file.h"

namespace attune::jobs {

struct Home {
  Path root;

  Path blobs() const { return root / "blobs"; }
  Path runs() const { return root / "runs"; }
  Path models() const { return root / "models"; }
  Path database() const { return root / "attune.db"; }
  // ATTUNE_DATABASE_URL if set, else "sqlite:" and database().
  std::string database_url() const;

  // Makes the folders, readable by their owner alone.
  Result<void> create_folders() const;

  static Home from_environment();
};

}  // namespace attune::jobs
