#include "jobs/database.h"

#include <thread>

#include <sys/stat.h>

#include "jobs/home.h"
#include "jobs/migrations.h"
#include "jobs/postgres_server.h"
#include "jobs/store_fixture.h"

namespace attune::testing_support {
namespace {

class Databases : public StoreTest {
 protected:
  std::unique_ptr<Database> open_database() { return must(Database::open(url_, {})); }
};
ATTUNE_ON_EVERY_DATABASE(Databases);

TEST_P(Databases, MadeByANewerProgramAreRefusedInPlainWords) {
  auto database = open_database();
  must(database->write([](Connection& connection) -> Result<void> {
    ATTUNE_TRY_VOID(connection.change(
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)",
        {std::int64_t{999}, std::string("future"), std::int64_t{0}}));
    return {};
  }));
  auto opened = Store::open(url_, {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message().find("made by a newer Attune"), std::string::npos);
}

TEST_P(Databases, RecordTheirMigrationsAndOpenAgain) {
  std::string id = create_job();
  auto again = open_again();
  EXPECT_TRUE(must(again->load_job(id)).has_value());
  auto database = open_database();
  Rows rows = must(database->read([](Connection& connection) {
    return connection.select("SELECT version FROM schema_migrations ORDER BY version", {}, "i");
  }));
  EXPECT_EQ(rows.size(), migrations().size());
}

TEST_P(Databases, OfTheFirstSchemaKeepTheirEndpoints) {
  auto database = open_database();
  must(database->write([](Connection& connection) -> Result<void> {
    // Back to what the first schema was.
    for (const char* statement :
         {"DROP TABLE eval_items", "DROP TABLE eval_runs", "DROP TABLE evals",
          "ALTER TABLE endpoints RENAME COLUMN name TO description",
          "ALTER TABLE endpoints DROP COLUMN updated_at",
          "ALTER TABLE endpoints DROP COLUMN previous_secret",
          "ALTER TABLE endpoints DROP COLUMN previous_until",
          "DELETE FROM schema_migrations WHERE version > 1",
          "INSERT INTO endpoints (id, organization, project, url, secret, event_types, "
          "description, enabled, created_at) VALUES ('we_old', 'org-local', 'proj-local', "
          "'https://example.com', 'whsec_MDEy', '[]', '', 1, 12)"})
      ATTUNE_TRY_VOID(connection.run(statement));
    return {};
  }));
  auto again = open_again();
  const EndpointRow row = must(again->find_endpoint({}, "we_old")).value();
  EXPECT_EQ(row.name, "webhook");
  EXPECT_EQ(row.updated_at, 12);
  EXPECT_EQ(row.previous_until, 0);
}

TEST_P(Databases, RollBackAllOfAWorkThatFails) {
  auto database = open_database();
  auto done = database->write([](Connection& connection) -> Result<void> {
    ATTUNE_TRY_VOID(
        connection.change("INSERT INTO blobs (digest, bytes, created_at) VALUES (?, ?, ?)",
                          {std::string("d"), std::int64_t{1}, std::int64_t{1}}));
    return connection.run("INSERT INTO nowhere VALUES (1)");
  });
  EXPECT_FALSE(done.has_value());
  EXPECT_TRUE(must(store_->unreferenced_blobs(10)).empty());
  EXPECT_EQ(create_job().substr(0, 6), "ftjob-") << "the connections are still good";
}

TEST_P(Databases, ErrorsHoldNoParameters) {
  auto database = open_database();
  auto done = database->write([](Connection& connection) -> Result<void> {
    ATTUNE_TRY_VOID(connection.change("INSERT INTO blob_references (holder, digest) VALUES (?, ?)",
                                      {std::string("whsec_TOP"), std::string("sk-SECRET")}));
    return {};
  });
  ASSERT_FALSE(done.has_value());
  std::string message = done.error().message();
  EXPECT_EQ(message.find("TOP"), std::string::npos) << message;
  EXPECT_EQ(message.find("SECRET"), std::string::npos) << message;
}

TEST_P(Databases, KeepIntegersAndNullsAsTheyAre) {
  auto database = open_database();
  Rows rows = must(database->read([](Connection& connection) {
    return connection.select(
        "SELECT CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT)",
        {std::int64_t{INT64_MAX}, std::string(), Value(), Value()}, "itit");
  }));
  EXPECT_EQ(rows[0].integer(0), INT64_MAX);
  EXPECT_EQ(std::get<std::string>(rows[0].fields[1]), "");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(rows[0].fields[2]));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(rows[0].fields[3]));
}

TEST_P(Databases, ManyProgramsMayOpenANewOneAtOnce) {
  std::string url = "sqlite:" + (folder_.path() / "fresh.db").string();
  if (is_postgresql()) url = PostgresServer::shared()->new_database();
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&url] {
      auto opened = Store::open(url, {});
      EXPECT_TRUE(opened.has_value()) << opened.error().message();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(DatabaseAddress, TellsSqliteFromPostgresqlAndHidesPasswords) {
  EXPECT_EQ(must(parse_database_address("sqlite:/a/b.db")).name, "/a/b.db");
  EXPECT_EQ(must(parse_database_address("sqlite:///a/b.db")).name, "/a/b.db");
  DatabaseAddress address =
      must(parse_database_address("postgresql://me:secret@host/name?sslmode=require"));
  EXPECT_TRUE(address.is_postgresql);
  EXPECT_EQ(address.name, "postgresql://host/name");
  EXPECT_NE(address.target.find("&connect_timeout=5"), std::string::npos);
  for (const char* wrong : {"", "sqlite:", "sqlite://", "mysql://host/name", "/a/b.db"}) {
    EXPECT_FALSE(parse_database_address(wrong).has_value()) << wrong;
  }
}

TEST(SqliteDatabase, IsReadableByItsOwnerAlone) {
  TemporaryFolder folder;
  Path path = folder.path() / "a b=c.db";  // also a name that SOCI would take for options
  ASSERT_TRUE(Store::open("sqlite:" + path.string(), {}).has_value());
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600U);
  EXPECT_GT(facts.st_size, 0);
}

TEST(SqliteDatabase, ThatIsNoneIsRefused) {
  TemporaryFolder folder;
  Path path = folder.write("attune.db", "this is a letter, not a database, and long enough");
  auto opened = Store::open("sqlite:" + path.string(), {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::environment);
  EXPECT_FALSE(Store::open("sqlite:/nowhere/at/all/attune.db", {}).has_value());
}

TEST(PostgresqlDatabase, ThatIsAwayIsAnError) {
  auto opened = Store::open("postgresql://attune@/postgres?host=/nowhere", {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::environment);
}

TEST(PostgresqlDatabase, IsUsedAgainAfterItsServerCrashed) {
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed here";
  auto store = must(Store::open(server->new_database(), {}));
  JobRow row;
  row.job.status = JobStatus::queued;
  std::string id = must(store->create_job(row, {info_event("Created")})).job.job.id;
  server->crash_and_restart();
  EXPECT_TRUE(must(store->load_job(id)).has_value());
  EXPECT_EQ(must(store->request_cancel({}, id)).outcome, ActionAnswer::Outcome::done);
}

TEST(Home, LiesWhereTheEnvironmentSays) {
  TemporaryFolder folder;
  ::setenv("ATTUNE_HOME", (folder.path() / "home").c_str(), 1);
  Home home = Home::from_environment();
  ::unsetenv("ATTUNE_HOME");
  EXPECT_EQ(home.root, folder.path() / "home");
  EXPECT_EQ(home.database_url(), "sqlite:" + (home.root / "attune.db").string());
  must(home.create_folders());
  struct stat facts {};
  ASSERT_EQ(::stat(home.blobs().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700U);
}

}  // namespace
}  // namespace attune::testing_support
