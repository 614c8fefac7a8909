// What a command may spend on asking models: seconds, tokens, dollars. A model behind a meter asks
// as many of its questions as the rest of the budget holds, by the dearest question so far, and
// gives the others back unasked; the run that sees `stopped()` keeps its answers and ends.
//
//   Spending spending(suite.budget);
//   std::unique_ptr<ChatModel> model = metered(std::move(loaded), arm.price, spending);
//
// Before anything is known of a model, a question is taken to cost its length in bytes / 3 and the
// longest answer. As answers differ, the last few may pass the budget by a little.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "cli/chat_model.h"
#include "eval/suite_extras.h"

namespace attune::cli {

inline constexpr int kStoppedByBudget = 5;  // exit code

class Spending {
 public:
  explicit Spending(const eval::Budget& budget) : budget_(budget) {}

  bool limited() const { return static_cast<bool>(budget_); }
  bool stopped() const { return stopped_; }
  void stop() { stopped_ = true; }

  // What one question takes.
  struct Each {
    double seconds = 0, tokens = 0, dollars = 0;
  };
  // How many such questions fit in the rest.
  std::size_t affordable(const Each& each, std::size_t wanted) const;
  void add(double tokens, double dollars);
  std::string text() const;  // "1204 of 2000 tokens, 12.3 of 60 seconds"

 private:
  eval::Budget budget_;
  Stopwatch watch_;
  double tokens_ = 0, dollars_ = 0;
  bool stopped_ = false;
};

// `spending` must outlive the model. Without a limit the model itself comes back.
std::unique_ptr<ChatModel> metered(std::unique_ptr<ChatModel> model, const eval::ArmPrice& price,
                                   Spending& spending);

}  // namespace attune::cli
