#include "jobs/store_fixture.h"

#include <fmt/format.h>

#include "jobs/postgres_server.h"
#include "wire/ids.h"

namespace attune::testing_support {

void StoreTest::SetUp() {
  if (is_postgresql()) {
    PostgresServer* server = PostgresServer::shared();
    if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed here";
    url_ = server->new_database();
  } else {
    url_ = "sqlite:" + (folder_.path() / "attune.db").string();
  }
  store_ = open_again();
  blobs_ = std::make_unique<BlobStore>(must(BlobStore::open(folder_.path() / "blobs")));
}

std::unique_ptr<Store> StoreTest::open_again(std::int64_t connections) {
  return must(
      Store::open(url_, {.connections = connections, .clock = [this] { return time_.load(); }}));
}

std::string StoreTest::create_job(const Tenant& tenant, std::int64_t priority,
                                  const std::string& key_id) {
  JobRow row;
  row.tenant = tenant;
  row.priority = priority;
  row.key_id = key_id;
  row.job.model = "base";
  row.job.training_file = "file-abc";
  row.job.status = JobStatus::queued;
  CreatedJob created = must(store_->create_job(row, {info_event("Created fine-tuning job")}));
  return created.job.job.id;
}

std::optional<JobRow> StoreTest::claim(const std::string& worker) {
  return must(store_->claim_next({.worker = worker, .host = "box"}));
}

JobRow StoreTest::job(const std::string& id) {
  std::optional<JobRow> row = must(store_->load_job(id));
  EXPECT_TRUE(row.has_value()) << id;
  return row.value_or(JobRow());
}

std::vector<std::string> StoreTest::event_messages(const std::string& id) {
  std::vector<std::string> messages;
  for (const EventRow& event : must(store_->events_after(id, 0, 100'000))) {
    messages.push_back(event.event.message);
    EXPECT_EQ(event.sequence, static_cast<std::int64_t>(messages.size()));
  }
  return messages;
}

FileRow StoreTest::add_file(const std::string& content, const Tenant& tenant) {
  BlobWriter writer = must(blobs_->open_writer());
  must(writer.write(content));
  FileRow row;
  row.digest = must(writer.commit());
  row.file.id = wire::new_id("file-");
  row.file.bytes = writer.bytes();
  row.file.created_at = time_;
  row.file.filename = "tickets.jsonl";
  row.file.purpose = "fine-tune";
  must(store_->add_file(tenant, row));
  return row;
}

wire::CheckpointObject checkpoint(const std::string& job_id, std::int64_t step) {
  wire::CheckpointObject made;
  made.id = wire::new_id("ftckpt_");
  made.created_at = 1'750'000'000;
  made.fine_tuned_model_checkpoint =
      fmt::format("ft:base:org::{}:ckpt-step-{}", wire::new_model_tag(), step);
  made.fine_tuning_job_id = job_id;
  made.metrics.step = static_cast<double>(step);
  made.metrics.train_loss = 0.5;
  made.step_number = step;
  return made;
}

ModelRow model(const std::string& id, const std::string& job_id) {
  return {.model = {.id = id, .created = 1'750'000'000, .owned_by = "org-local"},
          .base = "base",
          .adapter = "/nowhere/" + id,
          .job_id = job_id};
}

}  // namespace attune::testing_support
