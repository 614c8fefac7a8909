#include "infer/generator.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/clock.h"
#include "infer/stop_text.h"

namespace attune::infer {

namespace {

constexpr std::int64_t kShortestSharedPrefix = 16;  // below this, copying costs about what it saves

std::int64_t size(const std::vector<std::int32_t>& ids) {
  return static_cast<std::int64_t>(ids.size());
}

// One request while it occupies a slot.
struct Sequence {
  std::size_t request = 0;  // index into the caller's requests
  std::int64_t slot = 0;
  std::int64_t prompt_read = 0;  // prompt tokens already in the cache
  std::int32_t last_token = 0;   // sampled, not yet in the cache
  StopText stop{{}};
  std::string text;  // given out
  std::optional<text::StreamDecoder> decoder;
};

std::int64_t shared_prefix(std::span<const Request> requests,
                           const std::vector<std::size_t>& members) {
  const std::vector<std::int32_t>& first = requests[members.front()].prompt;
  std::int64_t length =
      size(first) - 1;  // the last prompt token is always read by the request itself
  for (const std::size_t member : members) {
    const std::vector<std::int32_t>& prompt = requests[member].prompt;
    length = std::min(length, size(prompt) - 1);
    const auto mismatch = std::mismatch(first.begin(), first.begin() + length, prompt.begin());
    length = mismatch.first - first.begin();
  }
  return members.size() > 1 && length >= kShortestSharedPrefix ? length : 0;
}

std::int64_t cache_bytes_a_slot(const model::ArchSpec& spec, std::int64_t positions) {
  return 2 * spec.layers * spec.kv_width() * positions * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace

Generator::Generator(const kernels::Context& context, const model::Model& model,
                     const text::Tokenizer& tokenizer, std::vector<std::int32_t> stop_ids,
                     GeneratorOptions options)
    : context_(&context),
      model_(&model),
      tokenizer_(&tokenizer),
      stop_ids_(std::move(stop_ids)),
      options_(options),
      workspace_(model, options.pass_tokens, false) {}

Result<void> Generator::check(std::span<const Request> requests) const {
  const std::int64_t context_length = model_->spec().max_positions;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::int64_t length = size(requests[i].prompt);
    if (length == 0) {
      return bad_input({.where = fmt::format("request {}", i + 1),
                        .found = "an empty prompt",
                        .wanted = "at least one token",
                        .fix = "give some text"});
    }
    if (length >= context_length) {
      return bad_input(
          {.where = fmt::format("request {}", i + 1),
           .found = fmt::format("a prompt of {} tokens", length),
           .wanted = fmt::format("fewer than the model's context of {}", context_length),
           .fix = "shorten the prompt or the examples in it"});
    }
    for (const std::int32_t id : requests[i].prompt) {
      if (id < 0 || id >= model_->spec().vocabulary) {
        return bad_input({.where = fmt::format("request {}", i + 1),
                          .found = fmt::format("token {}", id),
                          .wanted = fmt::format("a token below {}", model_->spec().vocabulary),
                          .fix = "use the tokenizer of this model"});
      }
    }
  }
  return {};
}

Result<std::vector<Completion>> Generator::run(std::span<const Request> requests,
                                               const OnText& on_text) {
  ATTUNE_TRY_VOID(check(requests));
  std::vector<Completion> completions(requests.size());
  for (const bool use_adapter : {false, true}) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].use_adapter == use_adapter) members.push_back(i);
    }
    if (!members.empty()) run_group(requests, members, completions, on_text);
  }
  return completions;
}

// A scheduler over the cache's slots. Every pass carries one token of each answering sequence and,
// in the room that is left, the next stretch of the prompts being read.
class GroupRun {
 public:
  GroupRun(const kernels::Context& context, const model::Model& model,
           const text::Tokenizer& tokenizer, const std::vector<std::int32_t>& stop_ids,
           std::int64_t pass_tokens, model::Workspace& workspace, std::span<const Request> requests,
           std::vector<Completion>& completions, const Generator::OnText& on_text,
           model::KvCache cache, std::int64_t slots, bool use_adapter)
      : context_(context),
        model_(model),
        tokenizer_(tokenizer),
        stop_ids_(stop_ids),
        pass_tokens_(pass_tokens),
        workspace_(workspace),
        requests_(requests),
        completions_(completions),
        on_text_(on_text),
        cache_(std::move(cache)),
        slots_(slots) {
    options_.use_adapter = use_adapter;
    logits_.resize(static_cast<std::size_t>((slots + 1) * model.spec().vocabulary));
  }

  void read_shared_prefix(std::span<const std::int32_t> prefix) {
    prefix_ = static_cast<std::int64_t>(prefix.size());
    for (std::int64_t begin = 0; begin < prefix_; begin += pass_tokens_) {
      const auto length = static_cast<std::size_t>(std::min(pass_tokens_, prefix_ - begin));
      const model::Append append{slots_, prefix.subspan(static_cast<std::size_t>(begin), length)};
      model::forward_cached(context_, model_, workspace_, cache_, {&append, 1}, false,
                            logits_.data(), options_);
    }
  }

  void admit(std::size_t request) {
    std::int64_t slot = 0;
    while (std::any_of(running_.begin(), running_.end(),
                       [&](const Sequence& s) { return s.slot == slot; })) {
      ++slot;
    }
    cache_.truncate(slot, 0);
    if (prefix_ > 0) cache_.copy_prefix(slots_, slot, prefix_);
    Sequence sequence;
    sequence.request = request;
    sequence.slot = slot;
    sequence.prompt_read = prefix_;
    sequence.stop = StopText(requests_[request].stop);
    sequence.decoder.emplace(tokenizer_, text::DecodeOptions{.skip_special = true});
    running_.push_back(std::move(sequence));
  }

  bool full() const { return static_cast<std::int64_t>(running_.size()) == slots_; }
  bool idle() const { return running_.empty(); }

  void pass() {
    std::vector<model::Append> appends;
    std::vector<std::size_t> owners;
    std::int64_t room = pass_tokens_;
    for (const bool reading : {false, true}) {  // answers first: they take one token each
      for (std::size_t i = 0; i < running_.size() && room > 0; ++i) {
        Sequence& s = running_[i];
        const std::vector<std::int32_t>& prompt = requests_[s.request].prompt;
        const std::int64_t left = size(prompt) - s.prompt_read;
        if ((left > 0) != reading) continue;
        const std::int64_t take = reading ? std::min(left, room) : 1;
        appends.push_back(
            {s.slot, reading ? std::span(prompt).subspan(static_cast<std::size_t>(s.prompt_read),
                                                         static_cast<std::size_t>(take))
                             : std::span<const std::int32_t>(&s.last_token, 1)});
        owners.push_back(i);
        if (reading) s.prompt_read += take;
        room -= take;
      }
    }
    model::forward_cached(context_, model_, workspace_, cache_, appends, false, logits_.data(),
                          options_);
    std::vector<bool> finished(running_.size(), false);
    for (std::size_t row = 0; row < owners.size(); ++row) {
      Sequence& s = running_[owners[row]];
      if (s.prompt_read < size(requests_[s.request].prompt)) continue;
      finished[owners[row]] = accept_token(s, row);
    }
    for (std::size_t i = running_.size(); i-- > 0;) {
      if (finished[i]) running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

 private:
  // Takes the next token of a sequence from its row of logits; true when the sequence is done.
  bool accept_token(Sequence& s, std::size_t row) {
    const Request& request = requests_[s.request];
    Completion& done = completions_[s.request];
    const auto vocabulary = static_cast<std::size_t>(model_.spec().vocabulary);
    const RandomStream stream{request.sampling.seed, stream_id("sample"),
                              static_cast<std::uint32_t>(s.request)};
    const Choice choice = choose_token(std::span(logits_).subspan(row * vocabulary, vocabulary),
                                       request.sampling, stream.uniform(done.ids.size()));
    if (done.ids.empty()) done.first_token_seconds = watch_.seconds();
    bool ended = std::find(stop_ids_.begin(), stop_ids_.end(), choice.token) != stop_ids_.end();
    std::string piece;
    done.finish = Finish::stop;
    if (!ended) {
      done.ids.push_back(choice.token);
      done.logprobs.push_back(choice.logprob);
      s.last_token = choice.token;
      piece = s.decoder->push(choice.token);
      const std::int64_t used = size(request.prompt) + size(done.ids);
      if (size(done.ids) >= request.max_new_tokens || used >= cache_.max_positions()) {
        ended = true;
        done.finish = Finish::length;
      }
    }
    if (ended) piece += s.decoder->finish();
    const std::string shown = s.stop.push(piece, ended);
    if (s.stop.stopped()) {
      ended = true;
      done.finish = Finish::stop;
    }
    s.text += shown;
    if (on_text_ && !shown.empty()) on_text_(s.request, shown);
    if (ended) {
      done.text = std::move(s.text);
      done.seconds = watch_.seconds();
    }
    return ended;
  }

  const kernels::Context& context_;
  const model::Model& model_;
  const text::Tokenizer& tokenizer_;
  const std::vector<std::int32_t>& stop_ids_;
  std::int64_t pass_tokens_;
  model::Workspace& workspace_;
  std::span<const Request> requests_;
  std::vector<Completion>& completions_;
  const Generator::OnText& on_text_;
  model::KvCache cache_;
  std::int64_t slots_;
  std::int64_t prefix_ = 0;
  model::PassOptions options_;
  std::vector<float> logits_;
  std::vector<Sequence> running_;
  Stopwatch watch_;
};

void Generator::run_group(std::span<const Request> requests,
                          const std::vector<std::size_t>& members,
                          std::vector<Completion>& completions, const OnText& on_text) {
  const model::ArchSpec& spec = model_->spec();
  std::int64_t positions = 0;
  for (const std::size_t member : members) {
    positions =
        std::max(positions, size(requests[member].prompt) + requests[member].max_new_tokens);
  }
  positions = std::min(positions, spec.max_positions);
  const std::int64_t affordable = options_.cache_bytes / cache_bytes_a_slot(spec, positions) - 1;
  const std::int64_t slots = std::clamp<std::int64_t>(
      std::min({options_.slots, affordable, static_cast<std::int64_t>(members.size())}), 1,
      options_.pass_tokens);

  GroupRun group(*context_, *model_, *tokenizer_, stop_ids_, options_.pass_tokens, workspace_,
                 requests, completions, on_text, model::KvCache(spec, slots + 1, positions), slots,
                 requests[members.front()].use_adapter);
  const std::int64_t prefix = shared_prefix(requests, members);
  if (prefix > 0) {
    group.read_shared_prefix(
        std::span(requests[members.front()].prompt).first(static_cast<std::size_t>(prefix)));
  }
  std::size_t next = 0;
  while (next < members.size() || !group.idle()) {
    while (next < members.size() && !group.full()) group.admit(members[next++]);
    group.pass();
  }
}

}  // namespace attune::infer
