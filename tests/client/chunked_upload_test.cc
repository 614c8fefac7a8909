#include "client/chunked_upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/test_clients.h"

namespace attune::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Plays /uploads: keeps parts, checks the sum of the bytes, and can fail on the way.
struct UploadServer {
  std::mutex mutex;
  int uploads = 0;
  std::map<std::string, std::string> parts;  // by id
  std::function<bool(int part)> fails = [](int) { return false; };
  int sent_parts = 0;
  std::string whole, md5;
  bool forget_uploads = false;

  // For the test, once the server may be at work.
  void with(const std::function<void()>& change) {
    const std::lock_guard lock(mutex);
    change();
  }

  Scripted operator()(const Seen& seen) {
    const std::lock_guard lock(mutex);
    const std::string path = seen.path();
    if (path == "/v1/uploads") {
      ++uploads;
      return answer({{"id", "upload_" + std::to_string(uploads)}, {"status", "pending"}});
    }
    if (forget_uploads && path.find("upload_1/") != std::string::npos)
      return answer({{"error", {{"message", "Upload expired"}, {"code", "invalid_value"}}}}, 400);
    if (path.ends_with("/parts")) {
      const int number = sent_parts++;
      if (fails(number)) return {.drop = true};
      const std::string id = "part_" + std::to_string(number);
      parts[id] = form_parts(seen).at(0).content;
      return answer({{"id", id}, {"object", "upload.part"}});
    }
    const Json body = Json::parse(seen.body);
    whole.clear();
    for (const Json& id : body["part_ids"]) whole += parts[id.get<std::string>()];
    md5 = body["md5"].get<std::string>();
    return answer(
        {{"id", "upload_1"},
         {"status", "completed"},
         {"file", {{"id", "file-whole"}, {"bytes", whole.size()}, {"status", "processed"}}}});
  }
};

UploadOptions in_parts_of(std::int64_t bytes, const Path& state = {}) {
  UploadOptions options;
  options.part_bytes = bytes;
  options.state_folder = state;
  return options;
}

TEST(ChunkedUpload, SendsALargeFileInPartsWithItsMd5) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "big.jsonl", "0123456789");
  UploadServer uploads;
  ScriptedServer server([&](const Seen& seen) { return uploads(seen); });
  std::vector<std::int64_t> progress;
  UploadOptions options = in_parts_of(4);
  options.progress = [&](std::int64_t sent, std::int64_t all) {
    EXPECT_EQ(all, 10);
    progress.push_back(sent);
  };
  const auto file = client_of(server)->upload_file(path, options);
  ASSERT_TRUE(file) << file.error().error().message();
  EXPECT_EQ(file->value.id, "file-whole");
  uploads.with([&] {
    EXPECT_EQ(uploads.whole, "0123456789");
    EXPECT_EQ(uploads.md5, "781e5e245d69b566979b86e28d23f2c7");
    EXPECT_EQ(uploads.sent_parts, 3);
  });
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(Json::parse(server.seen().at(0).body), (Json{{"filename", "big.jsonl"},
                                                         {"purpose", "fine-tune"},
                                                         {"bytes", 10},
                                                         {"mime_type", "text/jsonl"}}));
}

TEST(ChunkedUpload, TriesAPartAgainWhenTheConnectionBreaks) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "big.jsonl", "0123456789");
  UploadServer uploads;
  uploads.fails = [](int part) { return part == 1 || part == 2; };
  ScriptedServer server([&](const Seen& seen) { return uploads(seen); });
  ASSERT_TRUE(client_of(server)->upload_file(path, in_parts_of(4)));
  uploads.with([&] { EXPECT_EQ(uploads.whole, "0123456789"); });
}

TEST(ChunkedUpload, GoesOnWhereABrokenUploadWas) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "big.jsonl", "0123456789");
  UploadServer uploads;
  uploads.fails = [](int part) { return part >= 2; };
  ScriptedServer server([&](const Seen& seen) { return uploads(seen); });
  ASSERT_FALSE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  uploads.with([&] { EXPECT_EQ(uploads.parts.size(), 2u); });

  uploads.with([&] { uploads.fails = [](int) { return false; }; });
  int before = 0;
  uploads.with([&] { before = uploads.sent_parts; });
  ASSERT_TRUE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  uploads.with([&] {
    EXPECT_EQ(uploads.uploads, 1);
    EXPECT_EQ(uploads.sent_parts - before, 2);
    EXPECT_EQ(uploads.whole, "0123456789");
  });
  EXPECT_TRUE(std::filesystem::is_empty(folder / "state"));
}

TEST(ChunkedUpload, StartsOverWhenTheFileHasChanged) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "big.jsonl", "0123456789");
  UploadServer uploads;
  uploads.fails = [](int part) { return part >= 1; };
  ScriptedServer server([&](const Seen& seen) { return uploads(seen); });
  ASSERT_FALSE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  write_text(path, "abcdefghijk");
  uploads.with([&] { uploads.fails = [](int) { return false; }; });
  ASSERT_TRUE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  uploads.with([&] {
    EXPECT_EQ(uploads.uploads, 2);
    EXPECT_EQ(uploads.whole, "abcdefghijk");
  });
}

TEST(ChunkedUpload, StartsOverWhenTheServerHasForgottenTheUpload) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "big.jsonl", "0123456789");
  UploadServer uploads;
  uploads.fails = [](int part) { return part >= 1; };
  ScriptedServer server([&](const Seen& seen) { return uploads(seen); });
  ASSERT_FALSE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  uploads.with([&] {
    uploads.fails = [](int) { return false; };
    uploads.forget_uploads = true;
  });
  ASSERT_TRUE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  uploads.with([&] {
    EXPECT_EQ(uploads.uploads, 2);
    EXPECT_EQ(uploads.whole, "0123456789");
  });
}

TEST(ChunkedUpload, IgnoresADamagedNoteOfAnEarlierUpload) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "big.jsonl", "0123456789");
  UploadServer uploads;
  uploads.fails = [](int part) { return part >= 1; };
  ScriptedServer server([&](const Seen& seen) { return uploads(seen); });
  ASSERT_FALSE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  for (const auto& note : std::filesystem::directory_iterator(folder / "state"))
    write_text(note.path(), "{\"upload_id\": 7");
  uploads.with([&] { uploads.fails = [](int) { return false; }; });
  ASSERT_TRUE(client_of(server)->upload_file(path, in_parts_of(3, folder / "state")));
  uploads.with([&] { EXPECT_EQ(uploads.whole, "0123456789"); });
}

TEST(ChunkedUpload, SendsTheFileWholeWhereUploadsDoNotExist) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "big.jsonl", "0123456789");
  ScriptedServer server([](const Seen& seen) {
    if (seen.path() == "/v1/uploads") return answer({{"detail", "Not Found"}}, 404);
    return answer({{"id", "file-1"}, {"bytes", 10}});
  });
  const auto file = client_of(server)->upload_file(path, in_parts_of(4));
  ASSERT_TRUE(file) << file.error().error().message();
  EXPECT_EQ(server.seen().back().path(), "/v1/files");
}

TEST(ChunkedUpload, SaysWhichFileCannotBeRead) {
  UploadServer uploads;
  ScriptedServer server([&](const Seen& seen) { return uploads(seen); });
  const auto file = client_of(server)->upload_file("/nonexistent/file.jsonl", {});
  ASSERT_FALSE(file);
  EXPECT_TRUE(server.seen().empty());
}

}  // namespace
}  // namespace attune::client
