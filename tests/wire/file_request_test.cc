#include "wire/file_request.h"

#include <gtest/gtest.h>

#include "wire/support.h"

namespace attune::wire {
namespace {

std::string file_outcome(const Query& fields) { return outcome(parse_file_request(fields)); }

TEST(FileRequests, NeedAPurpose) {
  EXPECT_EQ(file_outcome({}), "purpose missing_required_parameter");
  EXPECT_EQ(file_outcome({{"purpose", "training"}}), "purpose invalid_value");
  EXPECT_EQ(file_outcome({{"purpose", "fine-tune"}, {"purpose", "batch"}}),
            "purpose invalid_value");
  for (const char* purpose : {"assistants", "batch", "fine-tune", "vision", "user_data", "evals"}) {
    EXPECT_EQ(file_outcome({{"purpose", purpose}}), "accepted") << purpose;
  }
}

TEST(FileRequests, ReadTheExpiryOfAForm) {
  const auto request = parse_file_request({{"purpose", "fine-tune"},
                                           {"expires_after[anchor]", "created_at"},
                                           {"expires_after[seconds]", "3600"}});
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->expires_after_seconds, 3600);
}

TEST(FileRequests, RefuseAnExpiryThatIsNone) {
  const auto with_expiry = [](std::string anchor, std::string seconds) {
    return file_outcome({{"purpose", "fine-tune"},
                         {"expires_after[anchor]", std::move(anchor)},
                         {"expires_after[seconds]", std::move(seconds)}});
  };
  EXPECT_EQ(with_expiry("created_at", "3599"), "expires_after.seconds integer_below_min_value");
  EXPECT_EQ(with_expiry("created_at", "2592001"), "expires_after.seconds integer_above_max_value");
  EXPECT_EQ(with_expiry("created_at", "soon"), "expires_after.seconds invalid_type");
  EXPECT_EQ(with_expiry("last_active_at", "3600"), "expires_after.anchor invalid_value");
  EXPECT_EQ(file_outcome({{"purpose", "batch"}, {"expires_after[anchor]", "created_at"}}),
            "expires_after.seconds missing_required_parameter");
  EXPECT_EQ(file_outcome({{"purpose", "batch"}, {"expires_after[hours]", "2"}}),
            "expires_after.anchor missing_required_parameter");
}

TEST(FileRequests, RefuseOtherFields) {
  EXPECT_EQ(file_outcome({{"purpose", "batch"}, {"colour", "red"}}), "colour unknown_parameter");
}

const char* const kUpload =
    R"({"filename":"a.jsonl","purpose":"fine-tune","bytes":10,"mime_type":"text/jsonl"})";

TEST(UploadRequests, AreChecked) {
  const auto outcome_of = [](std::string_view changes) {
    return outcome(parse_upload_request(with(json(kUpload), changes)));
  };
  EXPECT_EQ(outcome_of("{}"), "accepted");
  EXPECT_EQ(outcome_of(R"({"purpose":"evals"})"), "purpose invalid_value");
  EXPECT_EQ(outcome_of(R"({"bytes":0})"), "bytes integer_below_min_value");
  EXPECT_EQ(outcome_of(R"({"bytes":8589934593})"), "bytes integer_above_max_value");
  EXPECT_EQ(outcome_of(R"({"bytes":"10"})"), "bytes invalid_type");
  EXPECT_EQ(outcome_of(R"({"filename":""})"), "filename empty_string");
  EXPECT_EQ(outcome_of(R"({"mime_type":null})"), "mime_type invalid_type");
  EXPECT_EQ(outcome_of(R"({"expires_after":{"anchor":"created_at","seconds":1}})"),
            "expires_after.seconds integer_below_min_value");
  EXPECT_EQ(outcome_of(R"({"parts":3})"), "parts unknown_parameter");
}

TEST(UploadRequests, CompleteWithPartsInOrder) {
  const auto request = parse_complete_upload_request(
      json(R"({"part_ids":["part_2","part_1"],"md5":"D41D8CD98F00B204E9800998ECF8427E"})"));
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->part_ids, (std::vector<std::string>{"part_2", "part_1"}));
  EXPECT_EQ(request->md5, "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(UploadRequests, RefuseToCompleteFromNothing) {
  const auto outcome_of = [](std::string_view body) {
    return outcome(parse_complete_upload_request(json(body)));
  };
  EXPECT_EQ(outcome_of("{}"), "part_ids missing_required_parameter");
  EXPECT_EQ(outcome_of(R"({"part_ids":[]})"), "part_ids empty_array");
  EXPECT_EQ(outcome_of(R"({"part_ids":["a","a"]})"), "part_ids invalid_value");
  EXPECT_EQ(outcome_of(R"({"part_ids":["a",1]})"), "part_ids[1] invalid_type");
  EXPECT_EQ(outcome_of(R"({"part_ids":["a"],"md5":"xyz"})"), "md5 string_below_min_length");
  EXPECT_EQ(outcome_of(R"({"part_ids":["a"],"md5":"g41d8cd98f00b204e9800998ecf8427e"})"),
            "md5 invalid_value");
}

TEST(PermissionRequests, NameProjects) {
  const auto projects = parse_permission_request(json(R"({"project_ids":["proj_1","proj_2"]})"));
  ASSERT_TRUE(projects.has_value());
  EXPECT_EQ(projects->size(), 2u);
  EXPECT_EQ(outcome(parse_permission_request(json(R"({"project_ids":[]})"))),
            "project_ids empty_array");
  EXPECT_EQ(outcome(parse_permission_request(json(R"({"project_ids":["p","p"]})"))),
            "project_ids invalid_value");
  EXPECT_EQ(outcome(parse_permission_request(json(R"({"projects":["p"]})"))),
            "project_ids missing_required_parameter");
}

}  // namespace
}  // namespace attune::wire
