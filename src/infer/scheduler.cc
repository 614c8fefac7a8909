#include "infer/scheduler.h"

#include <algorithm>
#include <functional>

namespace attune::infer {

namespace {

constexpr std::int64_t kShortestReuse = 16;    // below this, copying costs about what it saves
constexpr std::int64_t kFirstAnswerRoom = 64;  // positions that a cache has beyond the prompt

}  // namespace

Scheduler::Scheduler(const kernels::Context& context, const model::Model& model,
                     const text::Tokenizer& tokenizer, const EngineOptions& options,
                     std::int64_t context_length, EngineCounters& counters)
    : context_(context),
      model_(model),
      tokenizer_(tokenizer),
      options_(options),
      context_length_(context_length),
      counters_(counters),
      position_bytes_(model::KvCache::bytes_a_position(model.spec())),
      workspace_(model, options.pass_tokens, false),
      spare_(static_cast<std::size_t>(context.pool().threads()),
             std::vector<float>(static_cast<std::size_t>(model.spec().vocabulary))) {}

void Scheduler::add(std::shared_ptr<Task> task) {
  auto place = std::make_unique<Place>();
  place->sequence = std::make_unique<Sequence>(task, 0, tokenizer_, context_length_);
  for (std::int64_t choice = 1; choice < task->work().choices; ++choice) {
    place->siblings.push_back(
        std::make_unique<Sequence>(task, choice, tokenizer_, context_length_));
  }
  waiting_.push_back(std::move(place));
}

void Scheduler::drop_cancelled() {
  const auto drop = [](const std::unique_ptr<Place>& place) {
    if (!place->sequence->task()->cancelled()) return;
    place->sequence->end(Finish::cancelled);
    for (const auto& sibling : place->siblings) sibling->end(Finish::cancelled);
    place->siblings.clear();
  };
  std::for_each(running_.begin(), running_.end(), drop);
  std::for_each(waiting_.begin(), waiting_.end(), drop);
  std::erase_if(waiting_, [](const auto& place) { return place->sequence->ended(); });
  remove_ended();
}

void Scheduler::cancel_all() {
  for (auto& place : started_) running_.push_back(std::move(place));
  started_.clear();
  for (const auto& place : running_) place->sequence->task()->cancel();
  for (const auto& place : waiting_) place->sequence->task()->cancel();
  drop_cancelled();
  count();
}

bool Scheduler::make_room(std::int64_t bytes) {
  while (running_bytes_ + memory_.bytes() + bytes > options_.cache_bytes) {
    if (!memory_.drop_oldest()) return false;
  }
  return true;
}

std::int64_t Scheduler::capacity_for(const Sequence& sequence) const {
  return std::min(sequence.most_tokens(), std::ssize(sequence.tokens()) + kFirstAnswerRoom);
}

// Gives a waiting sequence its cache, with what is remembered of its tokens. A sequence that is
// alone always gets it.
bool Scheduler::give_cache(Place& place) {
  Sequence& sequence = *place.sequence;
  const Work& work = sequence.work();
  const std::int64_t capacity = capacity_for(sequence);
  const std::int64_t bytes = capacity * position_bytes_;
  if (!make_room(bytes) && !running_.empty()) return false;
  sequence.cache.emplace(model_.spec(), 1, capacity);
  place.cache_bytes = bytes;
  running_bytes_ += bytes;
  const bool every_row_counts = work.mean_state || work.score_prompt;
  if (work.scope.empty() || every_row_counts) return true;
  const std::span<const std::int32_t> tokens(sequence.tokens());
  const auto match = memory_.find(work.scope, work.adapter, tokens.first(tokens.size() - 1));
  if (!match || match->length < kShortestReuse) return true;
  sequence.cache->copy_prefix(*match->cache, match->length);
  place.reused = std::min(match->length, sequence.prompt_length());
  counters_.reused_tokens += match->length;
  return true;
}

void Scheduler::admit() {
  while (!waiting_.empty() && std::ssize(running_) < options_.running) {
    Place& place = *waiting_.front();
    if (!give_cache(place)) break;
    const auto& adapter = place.sequence->work().adapter;
    if (adapter && adapter->rank() > adapter_rank_) {
      adapter_rank_ = adapter->rank();
      workspace_ = model::Workspace(model_, options_.pass_tokens, false, adapter_rank_);
    }
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

bool Scheduler::grow(Place& place) {
  Sequence& sequence = *place.sequence;
  const std::int64_t needed = std::ssize(sequence.tokens());
  const std::int64_t has = sequence.cache->max_positions();
  if (needed <= has) return true;
  const std::int64_t wanted = std::min(sequence.most_tokens(), std::max(needed, has + has / 2));
  const std::int64_t extra = (wanted - has) * position_bytes_;
  if (!make_room(extra) && running_.size() > 1) return false;
  sequence.cache->grow(wanted);
  place.cache_bytes += extra;
  running_bytes_ += extra;
  return true;
}

void Scheduler::set_back_last() {
  std::unique_ptr<Place> place = std::move(running_.back());
  running_.pop_back();
  running_bytes_ -= place->cache_bytes;
  place->cache_bytes = 0;
  place->sequence->forget();
  ++counters_.set_back;
  waiting_.push_front(std::move(place));
}

// Prompts got their room when they were admitted; answers outgrow theirs.
void Scheduler::make_room_for_answers() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    while (i < running_.size() && !grow(*running_[i])) set_back_last();
  }
}

std::vector<Scheduler::Part> Scheduler::plan() {
  std::vector<Part> parts;
  for (const auto& place : running_) {
    if (place->sequence->answering()) parts.push_back({.place = place.get(), .count = 1});
  }
  std::int64_t room = options_.pass_tokens - std::ssize(parts);
  if (!parts.empty()) room = std::min(room, options_.pass_prompt_tokens);
  for (const auto& place : running_) {
    const Sequence& sequence = *place->sequence;
    if (sequence.answering() || room == 0) continue;
    parts.push_back({.place = place.get(), .count = std::min(sequence.unread(), room)});
    room -= parts.back().count;
  }
  for (Part& part : parts) {
    part.first = part.place->sequence->read();
    part.wanted = part.place->sequence->wanted(part.count);
    if (part.wanted == model::Wanted::last_logits) part.rows.resize(1);
    if (part.wanted == model::Wanted::all_logits) {
      part.rows.resize(static_cast<std::size_t>(part.count));
    }
  }
  // Neighbours share the adapter's products.
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return std::less<>()(a.place->sequence->work().adapter.get(),
                         b.place->sequence->work().adapter.get());
  });
  return parts;
}

void Scheduler::read_rows(std::vector<Part>& parts, std::span<const model::Origin> origins,
                          std::span<const float> logits) {
  const auto vocabulary = static_cast<std::size_t>(model_.spec().vocabulary);
  context_.pool().run(std::ssize(origins), [&](std::int64_t task, int worker) {
    const model::Origin& origin = origins[static_cast<std::size_t>(task)];
    Part& part = parts[origin.extension];
    const Sequence& sequence = *part.place->sequence;
    const std::span<const float> row =
        logits.subspan(static_cast<std::size_t>(task) * vocabulary, vocabulary);
    std::vector<float>& spare = spare_[static_cast<std::size_t>(worker)];
    const std::int64_t index = part.first + origin.token;
    const bool last = index + 1 == std::ssize(sequence.tokens());
    if (last && sequence.work().max_new_tokens == 0) return;  // nothing follows
    const std::size_t at = part.rows.size() == 1 ? 0 : static_cast<std::size_t>(origin.token);
    part.rows[at] = sequence.read_row(index, row, spare);
    if (!last) return;
    for (const auto& sibling : part.place->siblings) {
      part.siblings.push_back(sibling->read_row(index, row, spare));
    }
  });
}

void Scheduler::run(std::vector<Part>& parts) {
  std::vector<model::Extension> extensions;
  for (const Part& part : parts) {
    Sequence& sequence = *part.place->sequence;
    extensions.push_back({.cache = &*sequence.cache,
                          .tokens = std::span(sequence.tokens())
                                        .subspan(static_cast<std::size_t>(part.first),
                                                 static_cast<std::size_t>(part.count)),
                          .adapter = sequence.work().adapter.get(),
                          .wanted = part.wanted});
  }
  const auto width = static_cast<std::size_t>(model_.spec().hidden);
  model::extend_sequences(
      context_, model_, workspace_, extensions,
      [&](std::span<const model::Origin> origins, std::span<float> logits) {
        read_rows(parts, origins, logits);
      },
      [&](std::span<const model::Origin> origins, std::span<float> states) {
        for (std::size_t i = 0; i < origins.size(); ++i) {
          parts[origins[i].extension].place->sequence->add_states(states.subspan(i * width, width));
        }
      });
}

// What a pass said about one sequence.
void Scheduler::take(Part& part) {
  Sequence& sequence = *part.place->sequence;
  const bool prompt_done = !sequence.reads_prompt();
  const std::int64_t prompt_part =
      std::clamp<std::int64_t>(sequence.prompt_length() - part.first, 0, part.count);
  counters_.prompt_tokens += prompt_part;
  for (auto& row : part.rows) {
    if (row && !row->drawn) sequence.take(std::move(*row));
  }
  if (!prompt_done) return;
  sequence.finish_prompt(part.place->reused);
  if (sequence.unread() > 0) return;  // set back earlier: its answer is read again
  if (sequence.work().max_new_tokens == 0) {
    sequence.end(Finish::length);
    for (const auto& sibling : part.place->siblings) sibling->end(Finish::length);
    part.place->siblings.clear();
    return;
  }
  ++counters_.drawn_tokens;
  start_siblings(*part.place, std::move(part.siblings));
  sequence.take(std::move(*part.rows.back()));
}

// The other choices go on from the leader's cache, or read the prompt themselves where there is no
// room for a copy now.
void Scheduler::start_siblings(Place& leader, std::vector<RowReading> readings) {
  for (std::size_t i = 0; i < readings.size(); ++i) {
    auto place = std::make_unique<Place>();
    place->sequence = std::move(leader.siblings[i]);
    place->sequence->take(std::move(readings[i]));
    ++counters_.drawn_tokens;
    if (place->sequence->ended()) continue;
    const std::int64_t capacity = capacity_for(*place->sequence);
    const std::int64_t bytes = capacity * position_bytes_;
    const bool fits = std::ssize(running_) + std::ssize(started_) < options_.running;
    if (fits && make_room(bytes)) {
      place->sequence->cache.emplace(model_.spec(), 1, capacity);
      place->sequence->cache->copy_prefix(*leader.sequence->cache, leader.sequence->read());
      place->cache_bytes = bytes;
      running_bytes_ += bytes;
      started_.push_back(std::move(place));
    } else {
      waiting_.push_back(std::move(place));
    }
  }
  leader.siblings.clear();
}

void Scheduler::remove_ended() {
  for (const auto& place : running_) {
    Sequence& sequence = *place->sequence;
    if (!sequence.ended()) continue;
    running_bytes_ -= place->cache_bytes;
    const Work& work = sequence.work();
    if (work.scope.empty() || sequence.read() < kShortestReuse) continue;
    if (!make_room(place->cache_bytes)) continue;
    std::vector<std::int32_t> tokens = sequence.tokens();
    tokens.resize(static_cast<std::size_t>(sequence.read()));
    memory_.keep(work.scope, work.adapter, std::move(tokens), std::move(*sequence.cache),
                 place->cache_bytes);
  }
  std::erase_if(running_, [](const auto& place) { return place->sequence->ended(); });
}

void Scheduler::pass() {
  drop_cancelled();
  make_room_for_answers();
  admit();
  if (running_.empty()) return count();
  std::vector<Part> parts = plan();
  run(parts);
  for (Part& part : parts) take(part);
  remove_ended();
  for (auto& place : started_) running_.push_back(std::move(place));
  started_.clear();
  ++counters_.passes;
  count();
}

void Scheduler::count() {
  counters_.running = std::ssize(running_);
  counters_.waiting = std::ssize(waiting_);
  counters_.cache_bytes = running_bytes_ + memory_.bytes();
}

}  // namespace attune::infer
