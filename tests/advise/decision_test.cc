#include "advise/decision.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "advise/advice_inputs.h"

namespace attune::advise {
namespace {

struct Scenario {
  std::string name;
  std::vector<std::string> answers;
  Choose verdict;
  std::string_view leaf;
};

// A team that has worked on its prompt, measured a gain, and repairs an eighth of 2,000 outputs a
// day.
std::vector<std::string> good_case(std::vector<std::string> more) {
  std::vector<std::string> answers = {"facts=none",       "form=style",
                                      "prompt=optimised", "quality_gap=[6, 14]",
                                      "examples=300",     "requests_per_day=2000",
                                      "rework=0.125",     "rework_after=[0.03, 0.05]",
                                      "fix_minutes=2",    "pii=masked",
                                      "licence=allows",   "retrainer=yes"};
  answers.insert(answers.end(), more.begin(), more.end());
  return answers;
}

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {"a measured gain that pays", good_case({}), Choose::fine_tune, "fine_tune"},
      {"facts that change daily and no form wanted",
       {"facts=changing", "form=none", "rework=0.1"},
       Choose::rag,
       "rag"},
      {"facts that stand still but the prompt lacks",
       {"facts=fixed", "form=none"},
       Choose::rag,
       "rag"},
      {"facts and form, with examples and rework", good_case({"facts=changing"}), Choose::tuned_rag,
       "tuned_rag"},
      {"facts and form, but 12 examples", good_case({"facts=changing", "examples=12"}), Choose::rag,
       "rag"},
      {"facts and form, but training does not pay on top",
       good_case({"facts=fixed", "requests_per_day=20"}), Choose::rag, "rag_alone"},
      {"facts and form, but nobody to retrain", good_case({"facts=fixed", "retrainer=no"}),
       Choose::rag, "rag_alone"},
      {"syntax only", {"form=syntax", "rework=0.1"}, Choose::constrained_decoding, "constrained"},
      {"syntax only, a grammar serves well",
       {"form=syntax", "grammar=enough", "rework=0.2"},
       Choose::constrained_decoding,
       "constrained"},
      {"syntax only, but the content suffers under the grammar",
       good_case({"form=syntax", "grammar=harms"}), Choose::fine_tune, "fine_tune"},
      {"syntax only, but prompts of 6,000 tokens at 2.50 $ and 40,000 requests",
       good_case({"form=syntax", "prompt_tokens=6000", "prompt_saved=0.9", "input_price=2.5",
                  "output_price=10", "requests_per_day=40000"}),
       Choose::fine_tune, "fine_tune"},
      {"a prompt nobody has worked on", good_case({"prompt=untried"}), Choose::prompt,
       "prompt_first"},
      {"a prompt whose last two changes still gained", good_case({"prompt_gains=[4, 2.2, 1.4]"}),
       Choose::prompt, "prompt_first"},
      {"a prompt whose last two changes gained nothing", good_case({"prompt_gains=[4, 0.4, 0.2]"}),
       Choose::fine_tune, "fine_tune"},
      {"12 examples", good_case({"examples=12"}), Choose::prompt, "few_examples"},
      {"rare requests", good_case({"requests_per_day=3"}), Choose::do_nothing, "too_small"},
      {"a few requests more: repairs cost less than training", good_case({"requests_per_day=30"}),
       Choose::do_nothing, "not_worth"},
      {"a cheap model, no repairs, no gap",
       {"form=style", "prompt=optimised", "gap=none", "rework=0.01", "input_price=0.05",
        "output_price=0.2"},
       Choose::prompt,
       "prompt_enough"},
      {"no gap, but huge prompts pay by their length alone",
       {"form=style", "prompt=optimised", "gap=none", "rework=0.01", "prompt_tokens=12000",
        "prompt_saved=0.95", "requests_per_day=20000", "input_price=2.5", "output_price=10",
        "pii=none", "licence=allows", "retrainer=yes"},
       Choose::fine_tune,
       "fine_tune"},
      {"huge prompts that are cached almost whole",
       {"form=style", "prompt=optimised", "gap=none", "rework=0.01", "prompt_tokens=12000",
        "prompt_saved=0.5", "cached_share=0.95", "cached_discount=0.9", "requests_per_day=200",
        "input_price=0.4", "host=provider"},
       Choose::prompt,
       "prompt_enough"},
      {"too few held-out items", good_case({"quality_gap=[-4, 16]"}), Choose::inconclusive,
       "open_gap"},
      {"tuning made it worse", good_case({"quality_gap=[-12, -3]"}), Choose::do_nothing, "harmful"},
      {"nothing measured at all", {"prompt=optimised"}, Choose::inconclusive, "unmeasured"},
      {"high rework, gain not measured",
       {"prompt=optimised", "rework=0.3", "examples=400", "requests_per_day=2000"},
       Choose::fine_tune,
       "trial"},
      {"personal data in the rows", good_case({"pii=present"}), Choose::do_nothing, "private"},
      {"a licence that forbids it", good_case({"licence=forbids"}), Choose::do_nothing,
       "forbidden"},
      {"a base that is retired in five weeks", good_case({"base_retires=2027-01-06"}),
       Choose::do_nothing, "retired"},
      {"nobody to retrain", good_case({"retrainer=no"}), Choose::do_nothing, "nobody"},
      {"examples that cost three months of work", good_case({"curation_hours=1500"}),
       Choose::do_nothing, "not_worth"},
      {"a provider that asks ten times the base price",
       good_case({"host=provider", "tuned_markup=10", "input_price=10", "output_price=40",
                  "rework=0.01", "rework_after=0.004"}),
       Choose::do_nothing, "not_worth"},
  };
  return all;
}

TEST(Scenarios, EachLeadsToTheVerdictOfItsReason) {
  for (const Scenario& scenario : scenarios()) {
    const Inputs inputs = inputs_of(scenario.answers);
    const Decided decided = decide_advice(make_case(inputs.middle(), inputs.situation()));
    EXPECT_EQ(choose_name(decided.leaf->choose), choose_name(scenario.verdict)) << scenario.name;
    EXPECT_EQ(decided.leaf->id, scenario.leaf) << scenario.name;
    EXPECT_FALSE(decided.leaf->reason.empty());
    EXPECT_FALSE(decided.leaf->source.empty());
    for (const Step& step : decided.path) EXPECT_FALSE(step.because.empty()) << step.node->id;
  }
}

TEST(Scenarios, ThereAreTwentyOrMoreAndTheyVisitNearlyEveryLeaf) {
  EXPECT_GE(scenarios().size(), 20u);
  std::set<std::string_view> reached;
  for (const Scenario& scenario : scenarios()) reached.insert(scenario.leaf);
  // Money that is open comes from draws: see the tests of the advice.
  for (const Leaf& leaf : advice_leaves()) {
    if (leaf.id == "open_money" || leaf.id == "rag_open") continue;
    EXPECT_TRUE(reached.contains(leaf.id)) << leaf.id;
  }
}

TEST(Tree, LeadsFromEveryNodeToNodesAndLeavesThatExist) {
  std::set<std::string_view> ids;
  for (const Node& node : advice_nodes()) EXPECT_TRUE(ids.insert(node.id).second) << node.id;
  for (const Leaf& leaf : advice_leaves()) EXPECT_TRUE(ids.insert(leaf.id).second) << leaf.id;
  std::set<std::string_view> reached = {advice_nodes().front().id};
  for (const Node& node : advice_nodes()) {
    for (const std::string_view next : {node.yes, node.no, node.open}) {
      if (next.empty()) continue;
      EXPECT_TRUE(ids.contains(next)) << node.id << " leads to " << next;
      reached.insert(next);
    }
  }
  EXPECT_EQ(reached.size(), ids.size()) << "a node or leaf that nothing leads to";
}

TEST(Tree, AsksForFactsFirstBecauseTrainingCannotHoldThem) {
  EXPECT_EQ(advice_nodes().front().id, "facts");
}

TEST(Advice, IsInconclusiveWhereTheDrawsDisagreeOnWhetherItPays) {
  const Advice advice = advice_of(
      good_case({"requests_per_day=70", "rework=0.01..0.24", "rework_after=0.01", "wage=40"}));
  EXPECT_GT(advice.draws.pays, 1.0 / 3);
  EXPECT_LT(advice.draws.pays, 2.0 / 3);
  EXPECT_EQ(advice.decided.leaf->id, "open_money");
  EXPECT_EQ(advice.exit_code(), 3);
  EXPECT_EQ(advice.confidence, Confidence::low);
}

TEST(Advice, IsSureWhereEverythingIsGivenAndEveryDrawAgrees) {
  const Advice advice = advice_of(good_case({"rework=0.20..0.3", "grammar=untried", "host=any"}));
  EXPECT_EQ(advice.decided.leaf->id, "fine_tune");
  EXPECT_EQ(advice.confidence, Confidence::high);
  EXPECT_EQ(advice.exit_code(), 0);
}

TEST(Advice, IsLessSureOfATrialWhoseGainNobodyMeasured) {
  const Advice advice = advice_of({"facts=none", "form=style", "prompt=optimised", "rework=0.3",
                                   "rework_after=0.1", "requests_per_day=2000"});
  EXPECT_EQ(advice.decided.leaf->id, "trial");
  EXPECT_EQ(advice.confidence, Confidence::medium);
  EXPECT_EQ(advice.doubts.front(), "what tuning gains is not measured");
}

TEST(Advice, EachStepOfThePathSaysWhereItsAnswerComesFrom) {
  const Advice advice = advice_of({"prompt=optimised", "quality_gap=[6, 14]", "rework=0.2"});
  std::string path;
  for (const Step& step : advice.decided.path) path += step.because + "\n";
  EXPECT_NE(path.find("facts: none (assumed)"), std::string::npos) << path;
  EXPECT_NE(path.find("prompt: optimised (given)"), std::string::npos) << path;
  EXPECT_NE(path.find("gap: proven (given, +6.0 to +14.0 points)"), std::string::npos) << path;
}

TEST(Advice, NamesTheGatesThatWereOnlyAssumedAsConditions) {
  const Advice advice =
      advice_of({"prompt=optimised", "rework=0.3", "requests_per_day=2000", "examples=400"});
  std::string conditions;
  for (const std::string& condition : advice.conditions) conditions += condition + "\n";
  EXPECT_NE(conditions.find("personal data"), std::string::npos);
  EXPECT_NE(conditions.find("licence"), std::string::npos);
  EXPECT_NE(conditions.find("who trains the model again"), std::string::npos);
}

TEST(Advice, ChecksThatTheRepairsFitIntoTheTeamsDay) {
  const Advice advice =
      advice_of(good_case({"requests_per_day=9000", "rework=0.5", "rework_after=0.1"}));
  EXPECT_NE(advice.conditions.front().find("they come to 150 hours of repairs a day"),
            std::string::npos)
      << advice.conditions.front();
}

TEST(Advice, TellsTheDayOfTheBreakEven) {
  const Advice advice = advice_of(good_case({}));
  ASSERT_TRUE(advice.break_even_date());
  const auto days = static_cast<int>(std::ceil(advice.money.break_even_days));
  EXPECT_EQ(*advice.break_even_date(), kTestDay + std::chrono::days(days));
  EXPECT_NE(advice.sentence_of_money().find(date_text(*advice.break_even_date())),
            std::string::npos);
}

TEST(Advice, SaysThatAModelWhichSavesNothingNeverBreaksEven) {
  const Advice advice = advice_of(good_case({"requests_per_day=30", "host=own"}));
  EXPECT_EQ(advice.decided.leaf->id, "not_worth");
  EXPECT_FALSE(advice.break_even_date());
  EXPECT_NE(advice.sentence_of_money().find("saves nothing over today's answers"),
            std::string::npos);
}

}  // namespace
}  // namespace attune::advise
