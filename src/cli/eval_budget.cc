#include "cli/eval_budget.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace attune::cli {

namespace {

constexpr double kBytesPerToken = 3;         // fewer than most texts have, so that it is no less
constexpr std::size_t kFirstQuestions = 4;   // before it is known what one takes
constexpr std::size_t kTimedQuestions = 16;  // at once, where the clock limits

class MeteredModel final : public ChatModel {
 public:
  MeteredModel(std::unique_ptr<ChatModel> model, const eval::ArmPrice& price, Spending& spending)
      : model_(std::move(model)), price_(price), spending_(spending) {}

  std::vector<ChatReply> answer(std::span<const ChatPrompt> prompts,
                                const ChatSettings& settings) override {
    std::vector<ChatReply> replies;
    while (replies.size() < prompts.size()) {
      const auto rest = prompts.subspan(replies.size());
      const std::size_t count = next_count(rest, settings);
      if (count == 0) break;
      const Stopwatch watch;
      std::vector<ChatReply> some = model_->answer(rest.first(count), settings);
      account(some, watch.seconds());
      std::move(some.begin(), some.end(), std::back_inserter(replies));
    }
    while (replies.size() < prompts.size()) replies.push_back(unasked());
    return replies;
  }

  ChatReply answer_alone(const ChatPrompt& prompt, const ChatSettings& settings) override {
    if (next_count({&prompt, 1}, settings) == 0) return unasked();
    const Stopwatch watch;
    std::vector<ChatReply> one{model_->answer_alone(prompt, settings)};
    account(one, watch.seconds());
    return std::move(one.front());
  }

  std::optional<eval::AdapterTimes> time_adapter(std::span<const ChatPrompt> prompts) override {
    if (spending_.stopped()) return std::nullopt;
    return model_->time_adapter(prompts);
  }
  std::string identity() const override { return model_->identity(); }

 private:
  ChatReply unasked() const {
    return {.text = {},
            .failure = environment_failure({.where = "the budget",
                                            .found = "spent: " + spending_.text(),
                                            .wanted = "a larger one"})
                           .value()};
  }

  // How many of the prompts to ask at once; 0: none fits, and the budget has stopped the run.
  std::size_t next_count(std::span<const ChatPrompt> prompts, const ChatSettings& settings) {
    if (spending_.stopped()) return 0;
    Spending::Each each = dearest_;
    std::size_t most = kTimedQuestions;
    if (!known_) {
      const double tokens =
          static_cast<double>(to_text(prompts.front().messages).size()) / kBytesPerToken;
      const auto longest = static_cast<double>(settings.most_tokens);
      each.tokens = tokens + longest;
      each.dollars = price_.of(static_cast<std::int64_t>(tokens), settings.most_tokens, 0);
      most = kFirstQuestions;
    }
    const std::size_t fits = spending_.affordable(each, std::min(prompts.size(), most));
    if (fits == 0) spending_.stop();
    return fits;
  }

  void account(const std::vector<ChatReply>& replies, double seconds) {
    const double share = seconds / static_cast<double>(replies.size());
    dearest_.seconds = share;  // of the last: machines warm up
    for (const ChatReply& reply : replies) {
      const auto tokens = static_cast<double>(reply.prompt_tokens + reply.completion_tokens);
      const double dollars = price_.of(reply.prompt_tokens, reply.completion_tokens, share);
      dearest_.tokens = std::max(dearest_.tokens, tokens);
      dearest_.dollars = std::max(dearest_.dollars, dollars);
      spending_.add(tokens, dollars);
    }
    known_ = true;
  }

  std::unique_ptr<ChatModel> model_;
  eval::ArmPrice price_;
  Spending& spending_;
  Spending::Each dearest_;
  bool known_ = false;
};

}  // namespace

std::size_t Spending::affordable(const Each& each, std::size_t wanted) const {
  auto fits = static_cast<double>(wanted);
  const auto limit = [&](const std::optional<double>& most, double spent, double one) {
    if (!most) return;
    const double rest = *most - spent;
    fits = std::min(fits, rest <= 0 ? 0 : one > 0 ? std::floor(rest / one) : fits);
  };
  limit(budget_.seconds, watch_.seconds(), each.seconds);
  limit(budget_.tokens, tokens_, each.tokens);
  limit(budget_.dollars, dollars_, each.dollars);
  return static_cast<std::size_t>(std::max(0.0, fits));
}

void Spending::add(double tokens, double dollars) {
  tokens_ += tokens;
  dollars_ += dollars;
}

std::string Spending::text() const {
  std::string text;
  const auto part = [&](const std::string& one) { text += (text.empty() ? "" : ", ") + one; };
  if (budget_.tokens) part(fmt::format("{:.0f} of {:.0f} tokens", tokens_, *budget_.tokens));
  if (budget_.dollars) part(fmt::format("${:.4f} of ${:.4f}", dollars_, *budget_.dollars));
  if (budget_.seconds)
    part(fmt::format("{:.1f} of {:g} seconds", watch_.seconds(), *budget_.seconds));
  return text;
}

std::unique_ptr<ChatModel> metered(std::unique_ptr<ChatModel> model, const eval::ArmPrice& price,
                                   Spending& spending) {
  if (!spending.limited()) return model;
  return std::make_unique<MeteredModel>(std::move(model), price, spending);
}

}  // namespace attune::cli
