#include "jobs/blobs.h"

#include <fstream>

#include <gtest/gtest.h>

#include "io/sha256.h"
#include "io/temporary_folder.h"
#include "jobs/store_fixture.h"

namespace attune::jobs {
namespace {

using testing_support::must;
using testing_support::slurp;

class Blobs : public ::testing::Test {
 protected:
  testing_support::TemporaryFolder folder_;
  BlobStore blobs_ = must(BlobStore::open(folder_.path() / "blobs"));

  std::string store(const std::string& content) {
    BlobWriter writer = must(blobs_.open_writer());
    must(writer.write(content));
    return must(writer.commit());
  }
};

TEST(Sha256, GivesTheStandardsTestVectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  hash.add("a");
  hash.add("bc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST_F(Blobs, NamesAContentByItsSha256) {
  std::string digest = store("abc");
  EXPECT_EQ(digest, sha256("abc"));
  EXPECT_EQ(slurp(blobs_.path(digest)), "abc");
  EXPECT_TRUE(blobs_.contains(digest));
}

TEST_F(Blobs, StoresEqualContentsOnce) {
  store("abc");
  store("abc");
  EXPECT_EQ(must(blobs_.list()).size(), 1U);
}

TEST_F(Blobs, StoresAnEmptyContent) { EXPECT_EQ(slurp(blobs_.path(store(""))), ""); }

TEST_F(Blobs, ShowsNothingBeforeTheCommitAndLeavesNothingWithoutIt) {
  {
    BlobWriter writer = must(blobs_.open_writer());
    must(writer.write("half"));
    EXPECT_TRUE(must(blobs_.list()).empty());
  }
  EXPECT_EQ(testing_support::entries_in(folder_.path() / "blobs" / "incoming"), 0);
}

TEST_F(Blobs, KeepsTheCollectorAwayWhileAWriterLives) {
  {
    BlobWriter writer = must(blobs_.open_writer());
    must(writer.write("abc"));
    EXPECT_TRUE(must(blobs_.try_lock()) != nullptr) << "an open writer does not lock yet";
    must(writer.commit());
    EXPECT_TRUE(must(blobs_.try_lock()) == nullptr);
  }
  EXPECT_TRUE(must(blobs_.try_lock()) != nullptr);
}

TEST_F(Blobs, SeesAContentThatWasChangedOnDisk) {
  std::string digest = store("abc");
  EXPECT_TRUE(must(blobs_.is_intact(digest)));
  std::ofstream(blobs_.path(digest)) << "abd";
  EXPECT_FALSE(must(blobs_.is_intact(digest)));
}

TEST_F(Blobs, TakesOnlyDigestsForNames) {
  EXPECT_FALSE(is_digest("../../etc/passwd"));
  EXPECT_FALSE(is_digest(sha256("abc").substr(1)));
  EXPECT_FALSE(is_digest("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
  EXPECT_FALSE(blobs_.contains("../lock"));
  EXPECT_TRUE(blobs_.remove("../lock").has_value());
  EXPECT_TRUE(is_digest(sha256("abc")));
}

TEST_F(Blobs, RemovesLeftoversOfCrashedWriters) {
  std::ofstream(folder_.path() / "blobs" / "incoming" / "1.1.abcdef") << "left";
  EXPECT_EQ(must(blobs_.remove_leftovers(1)), 0);
  EXPECT_EQ(must(blobs_.remove_leftovers(4'000'000'000)), 1);
}

}  // namespace
}  // namespace attune::jobs
