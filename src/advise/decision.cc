#include "advise/decision.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace attune::advise {

namespace {

const Node* find_node(std::string_view id) {
  for (const Node& node : advice_nodes()) {
    if (node.id == id) return &node;
  }
  return nullptr;
}

const Leaf& find_leaf(std::string_view id) {
  const std::span<const Leaf> leaves = advice_leaves();
  const auto at =
      std::find_if(leaves.begin(), leaves.end(), [&](const Leaf& leaf) { return leaf.id == id; });
  CHECK(at != leaves.end(), "the tree leads to \"{}\", which is neither a node nor a leaf", id);
  return *at;
}

template <typename Visit>
const Leaf& walk(const Case& one, const Visit& visit) {
  const Node* node = &advice_nodes().front();
  while (true) {
    const Reply reply = node->ask(one);
    visit(*node, reply);
    const std::string_view next = reply == Reply::yes  ? node->yes
                                  : reply == Reply::no ? node->no
                                                       : node->open;
    const Node* following = find_node(next);
    if (following == nullptr) return find_leaf(next);
    node = following;
  }
}

bool pays(double break_even, double value, const Variables& v) {
  return break_even <= v.payback_days && value > 0;
}

}  // namespace

std::string_view choose_name(Choose choose) {
  constexpr std::array<std::string_view, kChoose> kNames = {
      "prompt",     "rag",         "fine_tune", "tuned_rag", "constrained_decoding",
      "do_nothing", "inconclusive"};
  return kNames[static_cast<std::size_t>(choose)];
}

Case make_case(const Variables& variables, const Situation& situation) {
  return {.variables = variables,
          .situation = situation,
          .economics = compute_economics(variables, situation[Choice::host]),
          .money_open = false,
          .inputs = nullptr};
}

bool Decided::passed(std::string_view node) const {
  return std::any_of(path.begin(), path.end(),
                     [&](const Step& step) { return step.node->id == node; });
}

Decided decide_advice(const Case& one) {
  Decided decided;
  decided.leaf = &walk(one, [&](const Node& node, Reply reply) {
    decided.path.push_back({.node = &node, .reply = reply, .because = node.because(one)});
  });
  return decided;
}

const Leaf& leaf_of(const Case& one) {
  return walk(one, [](const Node&, Reply) {});
}

bool tuning_pays(const Case& one) {
  const ArmMoney& tuned = one.economics.arm(one.economics.tuned);
  return pays(tuned.break_even_days, tuned.net_present_value, one.variables);
}

bool tuning_with_retrieval_pays(const Case& one) {
  const Replacement change =
      replace(one.economics.arm(Arm::rag), one.economics.arm(Arm::tuned_rag), one.variables);
  return pays(change.break_even_days, change.net_present_value, one.variables);
}

bool shorter_prompt_pays(const Case& one) {
  Variables v = one.variables;
  v.rework_cut = v.undetected_cut = 0;
  return tuning_pays(make_case(v, one.situation));
}

}  // namespace attune::advise
