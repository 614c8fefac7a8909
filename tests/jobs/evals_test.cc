#include <fmt/format.h>
#include <gmock/gmock.h>

#include "jobs/store_fixture.h"
#include "wire/ids.h"

namespace attune::testing_support {
namespace {

using ::testing::ElementsAre;
using wire::EvalItemStatus;
using wire::EvalRunStatus;

const Tenant kOther = {"org-local", "proj-other"};

class Evals : public StoreTest {
 protected:
  std::string add_eval(const std::string& name = "labels", const Tenant& tenant = {}) {
    wire::EvalObject eval{.id = wire::new_id("eval_"), .name = name, .created_at = time_};
    eval.schema = wire::row_schema({{"type", "object"}}, true);
    must(store_->add_eval(tenant, eval));
    return eval.id;
  }
  std::string add_run(const std::string& eval_id, const std::string& digest = "") {
    EvalRunRow row;
    row.run = {.id = wire::new_id("evalrun_"), .eval_id = eval_id, .created_at = time_};
    row.data_source = {{"type", "jsonl"}};
    row.digest = digest;
    EXPECT_TRUE(must(store_->add_eval_run({}, row)));
    return row.run.id;
  }
  static NewEvalItem item(std::int64_t number, EvalItemStatus status = EvalItemStatus::pass) {
    NewEvalItem made{.id = fmt::format("outputitem_{}", wire::new_id("")), .number = number};
    made.status = status;
    made.object = {{"id", made.id}, {"number", number}, {"text", "nul \0 and \xC3\xA9"}};
    (status == EvalItemStatus::pass ? made.tally.items.passed : made.tally.items.failed) = 1;
    made.tally.add_usage("tiny", 10, 2, 0);
    return made;
  }
  wire::EvalRunObject run(const std::string& eval_id, const std::string& id) {
    return must(store_->find_eval_run({}, eval_id, id))->run;
  }
  ClaimedEvalRun claim(const std::string& worker = "server-1") {
    return *must(store_->claim_eval_run(worker, 30));
  }
  std::vector<std::string> names(const wire::PageQuery& query, bool by_update = false) {
    std::vector<std::string> found;
    for (const auto& eval : must(store_->list_evals({}, query, by_update)).items)
      found.push_back(eval.name);
    return found;
  }
  std::vector<std::int64_t> numbers(const std::string& eval_id, const std::string& id,
                                    const wire::PageQuery& query,
                                    std::optional<EvalItemStatus> status = {}) {
    std::vector<std::int64_t> found;
    const auto page = must(store_->list_eval_items({}, eval_id, id, query, status));
    for (const Json& one : page.items) found.push_back(one["number"].get<std::int64_t>());
    return found;
  }
};
ATTUNE_ON_EVERY_DATABASE(Evals);

TEST_P(Evals, AreKeptChangedListedAndRemoved) {
  const std::string a = add_eval("a"), b = add_eval("b"), c = add_eval("c");
  add_eval("another tenant's", kOther);
  EXPECT_EQ(must(store_->find_eval({}, b))->name, "b");
  EXPECT_THAT(names({.ascending = true}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(names({.after = b, .ascending = true}), ElementsAre("c"));
  time_ += 5;
  wire::EvalUpdate update{.name = "b2"};
  update.metadata = wire::Metadata{{"team", "support"}};
  EXPECT_EQ(must(store_->update_eval({}, b, update))->name, "b2");
  EXPECT_EQ(must(store_->find_eval({}, b))->metadata->front().second, "support");
  EXPECT_THAT(names({.ascending = true}, true), ElementsAre("a", "c", "b2"));
  EXPECT_THAT(names({.after = c, .ascending = true}, true), ElementsAre("b2"));
  EXPECT_TRUE(must(store_->remove_eval({}, a)));
  EXPECT_FALSE(must(store_->remove_eval({}, a)));
  EXPECT_FALSE(must(store_->find_eval({}, a)).has_value());
}

TEST_P(Evals, AreTheirTenantsAlone) {
  const std::string eval = add_eval();
  const std::string id = add_run(eval);
  const ClaimedEvalRun claimed = claim();
  const NewEvalItem one = item(0);
  EXPECT_TRUE(must(store_->record_eval_items(id, claimed.attempt, 30, {one})));
  EXPECT_FALSE(must(store_->find_eval(kOther, eval)).has_value());
  EXPECT_FALSE(must(store_->update_eval(kOther, eval, {.name = "x"})).has_value());
  EXPECT_FALSE(must(store_->remove_eval(kOther, eval)));
  EXPECT_FALSE(must(store_->add_eval_run(kOther, *must(store_->find_eval_run({}, eval, id)))));
  EXPECT_FALSE(must(store_->find_eval_run(kOther, eval, id)).has_value());
  EXPECT_FALSE(must(store_->find_eval_run({}, add_eval(), id)).has_value());
  EXPECT_TRUE(must(store_->list_eval_runs(kOther, eval, {})).items.empty());
  EXPECT_TRUE(must(store_->list_eval_items(kOther, eval, id, {})).items.empty());
  EXPECT_FALSE(must(store_->find_eval_item(kOther, eval, id, one.id)).has_value());
  EXPECT_EQ(must(store_->cancel_eval_run(kOther, eval, id)).outcome,
            EvalRunAnswer::Outcome::not_found);
  EXPECT_FALSE(must(store_->remove_eval_run(kOther, eval, id)));
  EXPECT_EQ(run(eval, id).status, EvalRunStatus::in_progress);
}

TEST_P(Evals, AreRunInTheOrderOfTheirCreation) {
  const std::string eval = add_eval();
  const std::string first = add_run(eval), second = add_run(eval);
  EXPECT_EQ(claim().row.run.id, first);
  const ClaimedEvalRun claimed = claim();
  EXPECT_EQ(claimed.row.run.id, second);
  EXPECT_EQ(claimed.eval.id, eval);
  EXPECT_EQ(claimed.tenant, Tenant());
  EXPECT_EQ(claimed.row.data_source["type"], "jsonl");
  EXPECT_EQ(run(eval, second).status, EvalRunStatus::in_progress);
  EXPECT_FALSE(must(store_->claim_eval_run("server-2", 30)).has_value());
  const auto page =
      must(store_->list_eval_runs({}, eval, {.ascending = true}, EvalRunStatus::in_progress));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[0].run.id, first);
  EXPECT_TRUE(must(store_->list_eval_runs({}, eval, {}, EvalRunStatus::failed)).items.empty());
}

TEST_P(Evals, StoreItemsOnceAndAddThemUp) {
  const std::string eval = add_eval();
  const std::string id = add_run(eval);
  const std::int64_t attempt = claim().attempt;
  const NewEvalItem second = item(1, EvalItemStatus::fail);
  EXPECT_TRUE(must(store_->record_eval_items(id, attempt, 30, {item(2), second})));
  EXPECT_TRUE(must(store_->record_eval_items(id, attempt, 30, {item(0), item(1)})));
  const wire::EvalRunObject now = run(eval, id);
  EXPECT_EQ(now.tally.items, (wire::EvalCounts{.errored = 0, .failed = 1, .passed = 2}));
  EXPECT_EQ(now.tally.models.at(0).prompt_tokens, 30);
  EXPECT_THAT(numbers(eval, id, {.ascending = true}), ElementsAre(0, 1, 2));
  EXPECT_THAT(numbers(eval, id, {.after = second.id, .ascending = true}), ElementsAre(2));
  EXPECT_THAT(numbers(eval, id, {.ascending = true}, EvalItemStatus::fail), ElementsAre(1));
  EXPECT_EQ(*must(store_->find_eval_item({}, eval, id, second.id)), second.object);
  EXPECT_TRUE(must(store_->end_eval_run(id, attempt, EvalRunStatus::completed)));
  EXPECT_EQ(run(eval, id).status, EvalRunStatus::completed);
  EXPECT_FALSE(must(store_->record_eval_items(id, attempt, 30, {item(3)})));
}

TEST_P(Evals, GoOnWithWhatIsMissingWhenTheirServerIsGone) {
  const std::string eval = add_eval();
  const std::string id = add_run(eval);
  const std::int64_t lost = claim("server-1").attempt;
  EXPECT_TRUE(must(store_->record_eval_items(id, lost, 30, {item(0), item(2)})));
  time_ += 29;
  EXPECT_FALSE(must(store_->claim_eval_run("server-2", 30)).has_value());
  time_ += 1;
  const ClaimedEvalRun again = claim("server-2");
  EXPECT_EQ(again.row.run.id, id);
  EXPECT_THAT(again.done, ElementsAre(0, 2));
  EXPECT_EQ(again.row.run.tally.items.passed, 2);
  // The first server was only slow: it writes nothing any more.
  EXPECT_FALSE(must(store_->record_eval_items(id, lost, 30, {item(1)})));
  EXPECT_FALSE(must(store_->end_eval_run(id, lost, EvalRunStatus::completed)));
  // A server that stops hands the run over at once.
  must(store_->let_go_of_eval_run(id, again.attempt));
  EXPECT_EQ(claim("server-1").attempt, again.attempt + 1);
}

TEST_P(Evals, AreCanceledUntilTheyEnd) {
  const std::string eval = add_eval();
  const std::string queued = add_run(eval), running = add_run(eval);
  EXPECT_EQ(must(store_->cancel_eval_run({}, eval, queued)).row.run.status,
            EvalRunStatus::canceled);
  const ClaimedEvalRun claimed = claim();
  EXPECT_EQ(claimed.row.run.id, running);
  EXPECT_EQ(must(store_->cancel_eval_run({}, eval, running)).outcome, EvalRunAnswer::Outcome::done);
  EXPECT_FALSE(must(store_->record_eval_items(running, claimed.attempt, 30, {item(0)})));
  EXPECT_EQ(must(store_->cancel_eval_run({}, eval, running)).outcome,
            EvalRunAnswer::Outcome::wrong_state);
  EXPECT_TRUE(must(store_->remove_eval_run({}, eval, running)));
  EXPECT_FALSE(must(store_->find_eval_run({}, eval, running)).has_value());
}

TEST_P(Evals, KeepTheFileOfARunUntilItEnds) {
  const FileRow file = add_file("{\"item\":{}}\n");
  const std::string eval = add_eval();
  const std::string id = add_run(eval, file.digest);
  EXPECT_TRUE(must(store_->remove_file({}, file.file.id)));
  EXPECT_TRUE(must(store_->unreferenced_blobs(10)).empty());
  EXPECT_TRUE(must(store_->check(*blobs_, {})).problems.empty());
  const std::int64_t attempt = claim().attempt;
  EXPECT_TRUE(must(store_->end_eval_run(id, attempt, EvalRunStatus::failed,
                                        wire::EvalError{.code = "c", .message = "m"})));
  EXPECT_EQ(run(eval, id).error->message, "m");
  EXPECT_THAT(must(store_->unreferenced_blobs(10)), ElementsAre(file.digest));
}

TEST_P(Evals, AreRemovedWithTheirRunsAndItems) {
  const std::string eval = add_eval();
  const std::string id = add_run(eval);
  const std::int64_t attempt = claim().attempt;
  EXPECT_TRUE(must(store_->record_eval_items(id, attempt, 30, {item(0)})));
  EXPECT_TRUE(must(store_->remove_eval({}, eval)));
  EXPECT_FALSE(must(store_->record_eval_items(id, attempt, 30, {item(1)})));
  EXPECT_FALSE(must(store_->find_eval_run({}, eval, id)).has_value());
  EXPECT_TRUE(must(store_->check(*blobs_, {})).problems.empty());
}

TEST_P(Evals, TellWebhooksHowTheyEnd) {
  EndpointRow endpoint;
  endpoint.id = "we_1";
  endpoint.name = "n";
  endpoint.url = "https://example.com";
  must(store_->add_endpoint(endpoint));
  const std::string eval = add_eval();
  const std::string good = add_run(eval), bad = add_run(eval), dropped = add_run(eval);
  EXPECT_TRUE(must(store_->end_eval_run(good, claim().attempt, EvalRunStatus::completed)));
  EXPECT_TRUE(must(store_->end_eval_run(bad, claim().attempt, EvalRunStatus::failed)));
  must(store_->cancel_eval_run({}, eval, dropped));
  std::vector<std::string> types;
  for (const DeliveryRow& row : must(store_->due_deliveries(10, 60))) types.push_back(row.type);
  EXPECT_THAT(types, ElementsAre("eval.run.succeeded", "eval.run.failed", "eval.run.canceled"));
}

}  // namespace
}  // namespace attune::testing_support
