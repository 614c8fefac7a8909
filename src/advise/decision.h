// The decision tree: questions with the user's own numbers, and leaves with a reason and a source.
//
//   const Decided decided = decide_advice({variables, situation, economics});
//   decided.leaf->verdict;                          // Verdict::rag
//   for (const Step& step : decided.path) ...       // step.node->question, step.reply,
//   step.because
//
// The tree is a table (decision_tree.cc) and may be printed whole: advice_nodes(), advice_leaves().
// In words: missing facts ask for retrieval; faults of syntax for constrained decoding; a prompt
// that was not worked on, for work on the prompt; then a gap that prompting leaves, or prompts
// whose length alone pays for training, and at least 50 examples; then three gates, money, what is
// allowed, who keeps the model. The same inputs always give the same path.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "advise/economics.h"
#include "advise/variables.h"

namespace attune::advise {

enum class Choose {
  prompt,
  rag,
  fine_tune,
  tuned_rag,
  constrained_decoding,
  do_nothing,
  inconclusive
};
inline constexpr std::size_t kChoose = 7;
std::string_view choose_name(Choose choose);  // "fine_tune"

struct Case {
  Variables variables;
  Situation situation;
  Economics economics;
  bool money_open = false;         // the draws do not tell whether it pays
  const Inputs* inputs = nullptr;  // for the words of a path alone: where each answer comes from
};
Case make_case(const Variables& variables, const Situation& situation);

enum class Reply { yes, no, open };

struct Node {
  std::string_view id, question;
  Reply (*ask)(const Case&);
  std::string (*because)(const Case&);
  std::string_view yes, no, open;  // ids of nodes or leaves; open may be empty
};

struct Leaf {
  std::string_view id;
  Choose choose;
  std::string_view sentence;  // the verdict
  std::string_view reason;    // why, in general
  std::string_view source;    // where that is from
};

std::span<const Node> advice_nodes();  // the first is the root
std::span<const Leaf> advice_leaves();

struct Step {
  const Node* node = nullptr;
  Reply reply = Reply::no;
  std::string because;
};

struct Decided {
  const Leaf* leaf = nullptr;
  std::vector<Step> path;
  bool passed(std::string_view node) const;  // whether the question was asked
};

Decided decide_advice(const Case& one);
// The leaf alone, without the words: for the many points of flip_points.h and monte_carlo.h.
const Leaf& leaf_of(const Case& one);

// Whether training pays: its one-off cost comes back within payback_days, and the net present value
// is above 0. Of the tuned model against today, and of tuned + RAG against RAG.
bool tuning_pays(const Case& one);
bool tuning_with_retrieval_pays(const Case& one);
// Whether the shorter prompt alone pays, were the answers no better.
bool shorter_prompt_pays(const Case& one);

inline constexpr double kFewestExamples = 50;

}  // namespace attune::advise
