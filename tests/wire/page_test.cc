#include "wire/page.h"

#include <gtest/gtest.h>

#include "wire/objects.h"
#include "wire/support.h"

namespace attune::wire {
namespace {

std::string outcome_of(const Query& query) { return outcome(parse_page(query, 20, 100)); }

TEST(Pages, HaveTheDefaultsOfTheirList) {
  const auto page = parse_page({}, 20, 100);
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->limit, 20);
  EXPECT_FALSE(page->after.has_value());
  EXPECT_FALSE(page->ascending);
  EXPECT_TRUE(parse_page({}, 20, 100, true)->ascending);
}

TEST(Pages, ReadAfterLimitAndOrder) {
  const auto page = parse_page({{"after", "ftjob-1"}, {"limit", "7"}, {"order", "asc"}}, 20, 100);
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->after, "ftjob-1");
  EXPECT_EQ(page->limit, 7);
  EXPECT_TRUE(page->ascending);
  EXPECT_TRUE(parse_page({{"order", "ascending"}}, 20, 100)->ascending);
  EXPECT_FALSE(parse_page({{"order", "descending"}}, 20, 100, true)->ascending);
}

TEST(Pages, RefuseWhatIsNoPage) {
  EXPECT_EQ(outcome_of({{"limit", "0"}}), "limit integer_below_min_value");
  EXPECT_EQ(outcome_of({{"limit", "-3"}}), "limit integer_below_min_value");
  EXPECT_EQ(outcome_of({{"limit", "101"}}), "limit integer_above_max_value");
  EXPECT_EQ(outcome_of({{"limit", "99999999999999999999"}}), "limit integer_above_max_value");
  EXPECT_EQ(outcome_of({{"limit", "ten"}}), "limit invalid_type");
  EXPECT_EQ(outcome_of({{"limit", "5 "}}), "limit invalid_type");
  EXPECT_EQ(outcome_of({{"limit", ""}}), "limit invalid_type");
  EXPECT_EQ(outcome_of({{"limit", "1"}, {"limit", "2"}}), "limit invalid_value");
  EXPECT_EQ(outcome_of({{"order", "newest"}}), "order invalid_value");
  EXPECT_EQ(outcome_of({{"after", std::string("a\0b", 3)}}), "after invalid_value");
  EXPECT_EQ(outcome_of({{"after", "\xFF"}}), "after invalid_value");
  EXPECT_EQ(outcome_of({{"before", "ftjob-1"}}), "before unsupported_parameter");
}

TEST(Pages, ReadTheMapOfABracketQuery) {
  const Query query = {{"metadata[team]", "support"},
                       {"metadata[]", "x"},
                       {"metadata[open", "y"},
                       {"metadata", "null"},
                       {"metadatax[a]", "z"}};
  const auto pairs = query_map(query, "metadata");
  const std::vector<std::pair<std::string, std::string>> expected = {{"", "x"},
                                                                     {"team", "support"}};
  EXPECT_EQ(pairs, expected);
}

TEST(Lists, HaveTheMembersThatClientsPageBy) {
  const std::vector<ModelObject> models = {{.id = "a", .created = 1, .owned_by = "me"},
                                           {.id = "b", .created = 2, .owned_by = "me"}};
  const Json list = list_json(models, true, ListIds::or_null);
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(list["data"].size(), 2u);
  EXPECT_EQ(list["first_id"], "a");
  EXPECT_EQ(list["last_id"], "b");
  EXPECT_EQ(list["has_more"], true);
  EXPECT_FALSE(list_json(models, false).contains("first_id"));
}

TEST(Lists, AreListsWhenEmpty) {
  const std::vector<ModelObject> none;
  EXPECT_EQ(to_text(list_json(none, false)), R"({"object":"list","data":[],"has_more":false})");
  EXPECT_TRUE(list_json(none, false, ListIds::or_null)["first_id"].is_null());
  EXPECT_EQ(list_json(none, false, ListIds::or_empty)["last_id"], "");
}

TEST(Lists, SayWhatWasDeleted) {
  EXPECT_EQ(to_text(deleted_json("file-1", "file")),
            R"({"id":"file-1","object":"file","deleted":true})");
}

}  // namespace
}  // namespace attune::wire
