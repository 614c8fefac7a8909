#include "infer/sequence.h"

#include <algorithm>

namespace attune::infer {

Sequence::Sequence(std::shared_ptr<Task> task, std::int64_t choice,
                   const text::Tokenizer& tokenizer, std::int64_t context_length)
    : task_(std::move(task)),
      choice_(choice),
      most_tokens_(std::min(std::ssize(work().prompt) + work().max_new_tokens, context_length)),
      tokens_(work().prompt),
      decoder_(tokenizer, {.skip_special = true}),
      stop_text_(work().stop) {
  if (choice_ == 0) prompt_.emplace();
}

void Sequence::forget() {
  if (prompt_ && reads_prompt()) {  // what was found on the way will be found again
    prompt_->tokens.clear();
    state_sum_.clear();
  }
  cache.reset();
}

model::Wanted Sequence::wanted(std::int64_t count) const {
  if (prompt_ && work().mean_state) return model::Wanted::states;
  if (prompt_ && work().score_prompt) return model::Wanted::all_logits;
  const bool reads_all = count == unread();
  return reads_all && work().max_new_tokens > 0 ? model::Wanted::last_logits
                                                : model::Wanted::nothing;
}

TokenReport Sequence::report(std::int32_t token, std::span<const float> logits) const {
  TokenReport report{.id = token};
  if (!work().logprobs) return report;
  const double total = log_sum_exp(logits);
  report.logprob = static_cast<double>(logits[static_cast<std::size_t>(token)]) - total;
  if (work().top_logprobs > 0) {
    report.top = likeliest_tokens(logits, work().top_logprobs, total);
  }
  return report;
}

RowReading Sequence::read_row(std::int64_t index, std::span<const float> logits,
                              std::span<float> spare) const {
  if (index + 1 < std::ssize(tokens_)) {
    return {.token = report(tokens_[static_cast<std::size_t>(index + 1)], logits)};
  }
  std::span<const float> changed = logits;
  if (work().penalties.any() || !work().bias.empty()) {
    std::copy(logits.begin(), logits.end(), spare.begin());
    apply_penalties(spare, answered_, work().penalties);
    apply_bias(spare, work().bias);
    changed = spare;
  }
  const RandomStream stream{work().sampling.seed, stream_id("sample"),
                            static_cast<std::uint32_t>(choice_)};
  const std::int32_t token =
      sample_token(changed, work().sampling, stream.uniform(static_cast<std::uint64_t>(drawn())));
  return {.token = report(token, logits), .drawn = true};
}

void Sequence::add_states(std::span<const float> state) {
  state_sum_.resize(state.size(), 0);
  for (std::size_t i = 0; i < state.size(); ++i) state_sum_[i] += static_cast<double>(state[i]);
}

void Sequence::take(RowReading reading) {
  if (reading.drawn) {
    take_drawn(std::move(reading.token));
  } else if (prompt_) {
    prompt_->tokens.push_back(std::move(reading.token));
  }
}

void Sequence::finish_prompt(std::int64_t reused) {
  if (!prompt_) return;
  prompt_->reused_tokens = reused;
  if (work().score_prompt) {
    prompt_->tokens.insert(prompt_->tokens.begin(), TokenReport{.id = tokens_.front()});
  }
  for (const double sum : state_sum_) {
    prompt_->mean_state.push_back(static_cast<float>(sum / static_cast<double>(prompt_length())));
  }
  Update update{.choice = choice_};
  update.prompt = std::move(prompt_);
  prompt_.reset();
  task_->push(std::move(update));
}

void Sequence::take_drawn(TokenReport token) {
  const std::vector<std::int32_t>& stops = work().stop_ids;
  if (std::find(stops.begin(), stops.end(), token.id) != stops.end()) {
    ++stop_tokens_;
    show(decoder_.finish(), true, Finish::stop, std::move(token));
    return;
  }
  tokens_.push_back(token.id);
  if (work().penalties.any()) ++answered_[token.id];
  const std::int32_t id = token.id;
  held_.push_back({std::move(token), decoded_bytes_});
  std::string piece = decoder_.push(id);
  const bool last = std::ssize(tokens_) >= most_tokens_;
  if (last) piece += decoder_.finish();
  show(piece, last, last ? std::optional(Finish::length) : std::nullopt, std::nullopt);
}

void Sequence::show(const std::string& piece, bool last, std::optional<Finish> finish,
                    std::optional<TokenReport> stop_token) {
  decoded_bytes_ += piece.size();
  Update update{.choice = choice_};
  update.text = stop_text_.push(piece, last);
  shown_bytes_ += update.text.size();
  if (stop_text_.stopped()) {
    finish = Finish::stop;
  } else {
    update.end = std::move(stop_token);
  }
  update.finish = finish;
  update.drawn_tokens = drawn() + stop_tokens_;
  std::size_t out = 0;
  while (out < held_.size() &&
         (held_[out].start < shown_bytes_ || (finish && !stop_text_.stopped()))) {
    update.tokens.push_back(std::move(held_[out++].token));
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(out));
  ended_ = finish.has_value();
  if (ended_ || !update.text.empty() || !update.tokens.empty()) task_->push(std::move(update));
}

void Sequence::end(Finish finish) {
  if (ended_) return;
  ended_ = true;
  Update update{.choice = choice_, .finish = finish};
  update.drawn_tokens = drawn() + stop_tokens_;
  task_->push(std::move(update));
}

}  // namespace attune::infer
