// The tree of decision.h as tables. Sources: Ovadia et al. 2023 (arXiv 2312.05934), Gekhman et al.
// 2024 (arXiv 2405.05904), Zhang et al. 2024 (RAFT, arXiv 2403.10131), OpenAI's fine-tuning guide.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "advise/decision.h"
#include "advise/words.h"

namespace attune::advise {

namespace {

using namespace answer;

Reply when(bool condition) { return condition ? Reply::yes : Reply::no; }

std::string said(const Case& one, Choice choice) {
  const ChoiceSpec& spec = spec_of(choice);
  std::string text = fmt::format("{}: {}", spec.name,
                                 spec.answers[static_cast<std::size_t>(one.situation[choice])]);
  if (one.inputs == nullptr) return text;
  const ChoiceInput& input = one.inputs->choice(choice);
  text += fmt::format(" ({}{}{})", origin_name(input.origin), input.note.empty() ? "" : ", ",
                      input.note);
  return text;
}
template <Choice choice>
std::string say(const Case& one) {
  return said(one, choice);
}

std::string break_even_words(double days, const Variables& v) {
  if (std::isinf(days)) return "never, for it saves nothing a day";
  return fmt::format("in {} days; {:.0f} are allowed", rounded(days), v.payback_days);
}

std::string tuning_money(const Case& one) {
  const ArmMoney& tuned = one.economics.arm(one.economics.tuned);
  return fmt::format("{} once and {} a day against {} a day; it comes back {}",
                     money(tuned.one_off), money(tuned.daily.total()),
                     money(one.economics.arm(Arm::now).daily.total()),
                     break_even_words(tuned.break_even_days, one.variables));
}

std::string tuning_with_retrieval_money(const Case& one) {
  const ArmMoney& rag = one.economics.arm(Arm::rag);
  const ArmMoney& both = one.economics.arm(Arm::tuned_rag);
  const Replacement change = replace(rag, both, one.variables);
  return fmt::format("{} more once, and {} a day against {} of RAG alone; it comes back {}",
                     money(change.one_off), money(both.daily.total()), money(rag.daily.total()),
                     break_even_words(change.break_even_days, one.variables));
}

std::string shorter_prompt_money(const Case& one) {
  return fmt::format("{:.0f} of {:.0f} prompt tokens would go, {} requests a day",
                     one.variables.prompt_tokens * one.variables.prompt_saved,
                     one.variables.prompt_tokens, rounded(one.variables.requests_per_day));
}

double spent(const Case& one) {
  return one.economics.arm(Arm::now).daily.total() * one.variables.horizon_months * 365 / 12;
}
double cheapest_change(const Case& one) {
  return one.situation[Choice::prompt] == prompt_optimised
             ? one.economics.arm(one.economics.tuned).one_off
             : one.economics.arm(Arm::prompt).one_off;
}

std::string spent_words(const Case& one) {
  return fmt::format("{} within {:.0f} months; the next change costs {}", money(spent(one)),
                     one.variables.horizon_months, money(cheapest_change(one)));
}

std::string rework_words(const Case& one) {
  return one.situation.rework_known
             ? fmt::format("{:.1f} % of the outputs are repaired", 100 * one.variables.rework)
             : std::string("nobody gave the share of outputs that are repaired");
}

std::string example_words(const Case& one) {
  return fmt::format("{:.0f} of at least {:.0f}; 100 to 500 are the usual range",
                     one.variables.examples, kFewestExamples);
}

std::string base_words(const Case& one) {
  return fmt::format("{:.0f} days are left", one.variables.base_days_left);
}

Reply has_examples(const Case& one) { return when(one.variables.examples >= kFewestExamples); }

Reply base_outlives(const Case& one, double break_even) {
  return when(one.variables.base_days_left >= std::max(one.variables.payback_days, break_even));
}

Reply ask_form_with_facts(const Case& one) {
  const bool gap = one.situation[Choice::gap] == gap_proven ||
                   (one.situation[Choice::gap] == gap_unmeasured && one.situation.rework_known);
  return when(one.situation[Choice::form] == form_style && gap && has_examples(one) == Reply::yes);
}

Reply ask_gap(const Case& one) {
  if (one.situation[Choice::gap] == gap_open) return Reply::open;
  return when(one.situation[Choice::gap] == gap_proven);
}

template <Choice choice, int wanted>
Reply is(const Case& one) {
  return when(one.situation[choice] == wanted);
}
template <Choice choice, int unwanted>
Reply is_not(const Case& one) {
  return when(one.situation[choice] != unwanted);
}

constexpr std::string_view kMoney = "Does training come back in time?";
constexpr std::string_view kData = "May these rows be trained on?";
constexpr std::string_view kLicence = "Does the base's licence allow it?";
constexpr std::string_view kBase = "Does the base live until the cost has come back?";
constexpr std::string_view kKeeper = "Is there somebody to train it again?";

constexpr auto kNodes = std::to_array<Node>({
    {"facts", "Do answers need facts that the prompt lacks, or that change?",
     is_not<Choice::facts, facts_none>, say<Choice::facts>, "form_with_facts", "syntax", ""},
    {"form_with_facts", "Does prompting also miss the form, and are there examples of it?",
     ask_form_with_facts,
     [](const Case& one) {
       return fmt::format("{}; {}; {:.0f} examples", said(one, Choice::form),
                          said(one, Choice::gap), one.variables.examples);
     },
     "money_rag", "rag", ""},

    {"syntax", "Is the syntax alone at fault?", is<Choice::form, form_syntax>, say<Choice::form>,
     "grammar", "worth", ""},
    {"grammar", "Does a grammar harm the content, or do long prompts pay for training?",
     [](const Case& one) {
       return when(one.situation[Choice::grammar] == grammar_harms || shorter_prompt_pays(one));
     },
     [](const Case& one) {
       return said(one, Choice::grammar) + "; " + shorter_prompt_money(one);
     },
     "worth", "constrained", ""},
    {"worth", "Does what is spent today exceed what the next change costs?",
     [](const Case& one) { return when(spent(one) > cheapest_change(one)); }, spent_words,
     "prompt", "too_small", ""},
    {"prompt", "Has the prompt been worked on until changes gained nothing?",
     is<Choice::prompt, prompt_optimised>, say<Choice::prompt>, "measured", "prompt_first", ""},
    {"measured", "Was a tuned model measured against the best prompt?",
     is_not<Choice::gap, gap_unmeasured>, say<Choice::gap>, "unharmed", "rework_known", ""},
    {"unharmed", "Was it no worse?", is_not<Choice::gap, gap_harmful>, say<Choice::gap>, "gap",
     "harmful", ""},
    {"gap", "Does it gain more than chance explains?", ask_gap, say<Choice::gap>, "examples",
     "length_alone", "open_gap"},
    {"length_alone", "Does the shorter prompt alone pay for training?",
     [](const Case& one) { return when(shorter_prompt_pays(one)); }, shorter_prompt_money,
     "examples", "prompt_enough", ""},
    {"rework_known", "Is it known how many outputs are repaired?",
     [](const Case& one) { return when(one.situation.rework_known); }, rework_words, "examples",
     "length_unmeasured", ""},
    {"length_unmeasured", "Does the shorter prompt alone pay for training?",
     [](const Case& one) { return when(shorter_prompt_pays(one)); }, shorter_prompt_money,
     "examples", "unmeasured", ""},
    {"examples", "Are there enough examples to train on?", has_examples, example_words, "money",
     "few_examples", ""},

    {"money", kMoney,
     [](const Case& one) { return one.money_open ? Reply::open : when(tuning_pays(one)); },
     tuning_money, "data", "not_worth", "open_money"},
    {"data", kData, is_not<Choice::pii, pii_present>, say<Choice::pii>, "licence", "private", ""},
    {"licence", kLicence, is<Choice::licence, licence_allows>, say<Choice::licence>, "base",
     "forbidden", ""},
    {"base", kBase,
     [](const Case& one) {
       return base_outlives(one, one.economics.arm(one.economics.tuned).break_even_days);
     },
     base_words, "keeper", "retired", ""},
    {"keeper", kKeeper, is<Choice::retrainer, retrainer_yes>, say<Choice::retrainer>, "evidence",
     "nobody", ""},
    {"evidence", "Is the gain measured?", is_not<Choice::gap, gap_unmeasured>, say<Choice::gap>,
     "fine_tune", "trial", ""},

    {"money_rag", kMoney,
     [](const Case& one) {
       return one.money_open ? Reply::open : when(tuning_with_retrieval_pays(one));
     },
     tuning_with_retrieval_money, "data_rag", "rag_alone", "rag_open"},
    {"data_rag", kData, is_not<Choice::pii, pii_present>, say<Choice::pii>, "licence_rag",
     "rag_alone", ""},
    {"licence_rag", kLicence, is<Choice::licence, licence_allows>, say<Choice::licence>,
     "base_rag", "rag_alone", ""},
    {"base_rag", kBase,
     [](const Case& one) {
       return base_outlives(one, replace(one.economics.arm(Arm::rag),
                                         one.economics.arm(Arm::tuned_rag), one.variables)
                                     .break_even_days);
     },
     base_words, "keeper_rag", "rag_alone", ""},
    {"keeper_rag", kKeeper, is<Choice::retrainer, retrainer_yes>, say<Choice::retrainer>,
     "tuned_rag", "rag_alone", ""},
});

}  // namespace

std::span<const Node> advice_nodes() { return kNodes; }

}  // namespace attune::advise
