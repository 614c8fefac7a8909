#include <fmt/format.h>

#include "jobs/store_fixture.h"
#include "wire/ids.h"

namespace attune::testing_support {
namespace {

class Files : public StoreTest {
 protected:
  wire::UploadObject add_upload(const Tenant& tenant = {}) {
    wire::UploadObject upload;
    upload.id = wire::new_id("upload_");
    upload.bytes = 6;
    upload.created_at = time_;
    upload.expires_at = time_ + 3600;
    upload.filename = "tickets.jsonl";
    upload.purpose = "fine-tune";
    must(store_->add_upload(tenant, upload, Json{{"expires_after", 7200}}));
    return upload;
  }
  PartRow make_part(const std::string& upload_id, const std::string& content) {
    BlobWriter writer = must(blobs_->open_writer());
    must(writer.write(content));
    PartRow part;
    part.digest = must(writer.commit());
    part.bytes = writer.bytes();
    part.part = {.id = wire::new_id("part_"), .created_at = time_, .upload_id = upload_id};
    return part;
  }
  FileRow whole_file(const std::string& content) {
    BlobWriter writer = must(blobs_->open_writer());
    must(writer.write(content));
    FileRow row;
    row.digest = must(writer.commit());
    row.file = {.id = wire::new_id("file-"),
                .bytes = writer.bytes(),
                .created_at = time_,
                .filename = "tickets.jsonl",
                .purpose = "fine-tune"};
    return row;
  }
};
ATTUNE_ON_EVERY_DATABASE(Files);

TEST_P(Files, AreFoundAsTheyWereAdded) {
  FileRow added = add_file("abc");
  std::optional<FileRow> found = must(store_->find_file({}, added.file.id));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->file, added.file);
  EXPECT_EQ(found->digest, added.digest);
  EXPECT_TRUE(found->report.is_null());
}

TEST_P(Files, KeepNamesWithQuotesColonsAndOtherAlphabets) {
  FileRow row = whole_file("abc");
  row.file.filename = "o'hara: \"тест\" ?:p1; DROP TABLE files --\n\\.jsonl";
  must(store_->add_file({}, row));
  EXPECT_EQ(must(store_->find_file({}, row.file.id))->file.filename, row.file.filename);
}

TEST_P(Files, OfAnotherTenantAreNotThere) {
  FileRow added = add_file("abc");
  for (const Tenant& other : {Tenant{"org-other", "proj-local"}, Tenant{"org-local", "proj-b"}}) {
    EXPECT_FALSE(must(store_->find_file(other, added.file.id)).has_value());
    EXPECT_TRUE(must(store_->list_files(other, {})).items.empty());
    EXPECT_FALSE(must(store_->set_file_status(other, added.file.id, "error")));
    EXPECT_FALSE(must(store_->remove_file(other, added.file.id)));
    EXPECT_FALSE(must(store_->list_files(other, {.after = added.file.id})).cursor_found);
  }
  EXPECT_EQ(must(store_->find_file({}, added.file.id))->file.status, "uploaded");
}

TEST_P(Files, AreListedInPagesNewestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(add_file(fmt::format("content {}", i)).file.id);
  auto first = must(store_->list_files({}, {.limit = 2}));
  ASSERT_EQ(first.items.size(), 2U);
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ(first.items[0].id, ids[4]);
  EXPECT_EQ(first.items[1].id, ids[3]);
  auto last = must(store_->list_files({}, {.after = ids[1], .limit = 2}));
  ASSERT_EQ(last.items.size(), 1U);
  EXPECT_FALSE(last.has_more);
  EXPECT_EQ(last.items[0].id, ids[0]);
  auto ascending = must(store_->list_files({}, {.after = ids[0], .limit = 4, .ascending = true}));
  ASSERT_EQ(ascending.items.size(), 4U);
  EXPECT_FALSE(ascending.has_more);
  EXPECT_EQ(ascending.items[3].id, ids[4]);
}

TEST_P(Files, AreListedByPurpose) {
  add_file("abc");
  FileRow results = whole_file("step,train_loss");
  results.file.purpose = "fine-tune-results";
  must(store_->add_file({}, results));
  auto page = must(store_->list_files({}, {}, "fine-tune-results"));
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(page.items[0].id, results.file.id);
}

TEST_P(Files, SayWhenTheCursorIsUnknown) {
  EXPECT_FALSE(must(store_->list_files({}, {.after = "file-unknown"})).cursor_found);
}

TEST_P(Files, TakeAStatusAndAReport) {
  FileRow added = add_file("abc");
  ASSERT_TRUE(must(store_->set_file_status({}, added.file.id, "error", "2 lines are wrong",
                                           Json{{"examples", 7}})));
  std::optional<FileRow> found = must(store_->find_file({}, added.file.id));
  EXPECT_EQ(found->file.status, "error");
  EXPECT_EQ(found->file.status_details, "2 lines are wrong");
  EXPECT_EQ(found->report["examples"], 7);
}

TEST_P(Files, IdsThatNoDatabaseCanHoldAreNotThere) {
  FileRow added = add_file("abc");
  using namespace std::string_literals;
  for (const std::string& id : {added.file.id + "\0x"s, "\xff\xfe"s, ""s, std::string(5000, 'a')}) {
    EXPECT_FALSE(must(store_->find_file({}, id)).has_value());
    EXPECT_FALSE(must(store_->remove_file({}, id)));
    EXPECT_FALSE(must(store_->list_files({}, {.after = id})).cursor_found);
  }
}

TEST_P(Files, WithANulInTheirNameAreRefusedNotCut) {
  using namespace std::string_literals;
  FileRow row = whole_file("abc");
  row.file.purpose = "fine-tune\0x"s;
  Result<void> added = store_->add_file({}, row);
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().kind, ErrorKind::bad_input);
  EXPECT_TRUE(must(store_->unreferenced_blobs(10)).empty()) << "rolled back as a whole";
}

// ---- contents ----

TEST_P(Files, ShareOneContentUntilTheLastIsRemoved) {
  FileRow one = add_file("same");
  FileRow two = add_file("same");
  EXPECT_EQ(one.digest, two.digest);
  ASSERT_TRUE(must(store_->remove_file({}, one.file.id)));
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 0);
  EXPECT_TRUE(blobs_->contains(one.digest));
  ASSERT_TRUE(must(store_->remove_file({}, two.file.id)));
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 1);
  EXPECT_FALSE(blobs_->contains(one.digest));
  EXPECT_FALSE(must(store_->remove_file({}, two.file.id)));
}

TEST_P(Files, ContentOfAWaitingJobOutlivesItsFile) {
  FileRow file = add_file("training");
  JobRow row;
  row.job.training_file = file.file.id;
  row.job.status = JobStatus::queued;
  row.training_digest = file.digest;
  std::string id = must(store_->create_job(row, {})).job.job.id;
  ASSERT_TRUE(must(store_->remove_file({}, file.file.id)));
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 0);
  must(store_->request_cancel({}, id));
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 1);
}

TEST_P(Files, AJobIsRefusedWhenItsContentIsGone) {
  FileRow file = add_file("training");
  must(store_->remove_file({}, file.file.id));
  must(collect_blobs(*store_, *blobs_));
  JobRow row;
  row.job.status = JobStatus::queued;
  row.training_digest = file.digest;
  EXPECT_FALSE(store_->create_job(row, {}).has_value());
  EXPECT_TRUE(must(store_->list_jobs({}, {})).items.empty());
}

TEST_P(Files, ThatExpiredAreSwept) {
  FileRow row = whole_file("abc");
  row.file.expires_at = time_ + 3600;
  must(store_->add_file({}, row));
  FileRow stays = add_file("other");
  EXPECT_EQ(must(store_->sweep()).files_expired, 0);
  time_ += 3600;
  EXPECT_EQ(must(store_->sweep()).files_expired, 1);
  EXPECT_FALSE(must(store_->find_file({}, row.file.id)).has_value());
  EXPECT_TRUE(must(store_->find_file({}, stays.file.id)).has_value());
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 1);
}

// ---- uploads ----

TEST_P(Files, UploadTurnsItsPartsIntoAFile) {
  wire::UploadObject upload = add_upload();
  ASSERT_TRUE(must(store_->add_part({}, make_part(upload.id, "abc"))));
  ASSERT_TRUE(must(store_->add_part({}, make_part(upload.id, "def"))));
  std::vector<PartRow> parts = must(store_->list_parts({}, upload.id));
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].bytes, 3);
  EXPECT_EQ(must(store_->upload_data({}, upload.id))["expires_after"], 7200);

  FileRow file = whole_file("abcdef");
  auto completed = must(store_->complete_upload({}, upload.id, file));
  ASSERT_TRUE(completed.has_value());
  EXPECT_EQ(completed->status, "completed");
  EXPECT_EQ(completed->file->id, file.file.id);
  EXPECT_EQ(must(store_->find_upload({}, upload.id))->file->id, file.file.id);
  EXPECT_TRUE(must(store_->find_file({}, file.file.id)).has_value());
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 2) << "the parts' contents";

  EXPECT_FALSE(must(store_->complete_upload({}, upload.id, whole_file("x"))).has_value());
  EXPECT_FALSE(must(store_->cancel_upload({}, upload.id)).has_value());
  EXPECT_FALSE(must(store_->add_part({}, make_part(upload.id, "ghi"))));
}

TEST_P(Files, UploadThatWasCancelledForgetsItsParts) {
  wire::UploadObject upload = add_upload();
  must(store_->add_part({}, make_part(upload.id, "abc")));
  EXPECT_EQ(must(store_->cancel_upload({}, upload.id))->status, "cancelled");
  EXPECT_TRUE(must(store_->list_parts({}, upload.id)).empty());
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 1);
}

TEST_P(Files, UploadExpiresAnHourAfterItsCreation) {
  wire::UploadObject upload = add_upload();
  must(store_->add_part({}, make_part(upload.id, "abc")));
  time_ += 3600;
  EXPECT_EQ(must(store_->find_upload({}, upload.id))->status, "expired");
  EXPECT_FALSE(must(store_->add_part({}, make_part(upload.id, "def"))));
  EXPECT_EQ(must(store_->sweep()).uploads_expired, 1);
  EXPECT_EQ(must(store_->sweep()).uploads_expired, 0);
  EXPECT_EQ(must(store_->find_upload({}, upload.id))->status, "expired");
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 1);
}

TEST_P(Files, UploadOfAnotherTenantIsNotThere) {
  wire::UploadObject upload = add_upload();
  Tenant other{"org-other", "proj-local"};
  EXPECT_FALSE(must(store_->find_upload(other, upload.id)).has_value());
  EXPECT_FALSE(must(store_->add_part(other, make_part(upload.id, "abc"))));
  EXPECT_FALSE(must(store_->cancel_upload(other, upload.id)).has_value());
  must(store_->add_part({}, make_part(upload.id, "abc")));
  EXPECT_TRUE(must(store_->list_parts(other, upload.id)).empty());
}

}  // namespace
}  // namespace attune::testing_support
