#include "data/synthetic.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "data/synthetic_marks.h"
#include "io/sha256.h"

namespace attune::data {

namespace {

constexpr const char* kKept = "kept";
constexpr std::size_t kWindow = 40;  // replies
constexpr std::size_t kFirstReplies = 10;

// Compact JSON as this program writes it.
bool is_compact_json(const std::string& answer) {
  if (!answer.starts_with('{') && !answer.starts_with('[')) return false;
  const Result<Json> json = parse_json(answer, "answer");
  return json && to_text(*json) == answer;
}

template <typename Test>
bool most_answers(std::span<const Example> seeds, const Test& test) {
  const auto count = std::count_if(seeds.begin(), seeds.end(),
                                   [&](const Example& seed) { return test(final_answer(seed)); });
  return 2 * count > std::ssize(seeds);
}

std::string seeds_fingerprint(std::span<const Example> seeds) {
  Sha256 digest;
  for (const Example& seed : seeds) digest.add(strict_row(seed) + "\n");
  return digest.finish();
}

std::string fix_for(const std::string& reason) {
  if (reason == "contract")
    return "use a larger model, lower --temperature, or check that the contract suits the seeds";
  if (reason == "copy" || reason == "near_copy")
    return "give more or more varied seeds, raise --temperature, or ask for something else with "
           "--instruction";
  if (reason == "cut") return "raise --max-tokens";
  if (reason == "no_answer") return "read the reasons in replies.jsonl and change the seeds";
  return "use a larger model or one that follows instructions; replies.jsonl has what it said";
}

}  // namespace

Synthesis::Synthesis(std::span<const Example> seeds, SynthesisOptions options, ReplyLog log,
                     Path folder)
    : seeds_(seeds),
      options_(std::move(options)),
      prompts_(seeds, options_.prompts),
      log_(std::move(log)),
      folder_(std::move(folder)),
      shared_(shared_text(seeds)),
      known_(options_.near),
      fenced_seeds_(most_answers(seeds, [](const std::string& a) { return a.starts_with("```"); })),
      compact_seeds_(most_answers(seeds, is_compact_json)) {
  for (const Example& seed : seeds_) {
    known_.add(question_key(seed));
    names_.push_back(seed.where());
  }
  take_earlier();
}

Result<Synthesis> Synthesis::open(std::span<const Example> seeds, SynthesisOptions options,
                                  Json settings, const Path& folder) {
  if (SeedPrompts(seeds, options.prompts).shown() == 0) {
    return bad_input({.where = seeds.empty() ? "seeds" : seeds.front().source,
                      .found = "no row of one question and one answer",
                      .wanted = "seeds to show to the model; rows with tools or several turns, and "
                                "rows that a model wrote, are not shown",
                      .fix = "add such rows, or name the columns with --map"});
  }
  settings["seeds"] = seeds_fingerprint(seeds);
  settings["shots"] = options.prompts.shots;
  settings["seed"] = options.prompts.seed;
  settings["instruction"] = options.prompts.instruction;
  settings["near"] = options.near;
  ATTUNE_TRY_VOID(ensure_directory(folder));
  ATTUNE_TRY(ReplyLog log, ReplyLog::open(folder / kReplyLogName, settings));
  return Synthesis(seeds, std::move(options), std::move(log), folder);
}

std::string Synthesis::question_key(const Example& example) const {
  return example_texts({&example, 1}, shared_).questions.front();
}

void Synthesis::take_earlier() {
  for (const LoggedReply& reply : log_.earlier()) {
    if (reply.verdict == kKept) {
      Example row;
      row.messages = reply.messages;
      known_.add(question_key(row));
      names_.push_back(fmt::format("request {}", reply.request));
      rows_.push_back(std::move(row));
    }
    count(reply);
  }
  counts_.resumed = !log_.earlier().empty();
}

void Synthesis::count(const LoggedReply& verdict) {
  asked_.insert(verdict.request);
  ++counts_.requests;
  if (verdict.verdict == kKept) {
    ++counts_.kept;
  } else {
    ++counts_.left_out[verdict.verdict];
  }
  counts_.prompt_tokens += verdict.prompt_tokens;
  counts_.completion_tokens += verdict.completion_tokens;
}

Result<SynthesisCounts> Synthesis::run(const ModelAsker& ask) {
  Result<void> going;
  while (going && counts_.kept < options_.count &&
         (options_.most_requests == 0 || counts_.requests < options_.most_requests))
    going = round(ask);
  ATTUNE_TRY_VOID(write_results());
  ATTUNE_TRY_VOID(going);
  return counts_;
}

// The lowest numbers without a verdict: a run that lost replies asks for them again.
std::vector<SeedPrompt> Synthesis::next_prompts() {
  std::int64_t wanted = std::min(options_.at_once, options_.count - counts_.kept);
  if (options_.most_requests > 0)
    wanted = std::min(wanted, options_.most_requests - counts_.requests);
  std::vector<SeedPrompt> prompts;
  while (asked_.contains(next_number_)) asked_.erase(next_number_++);
  for (std::int64_t number = next_number_; std::ssize(prompts) < wanted; ++number) {
    if (!asked_.contains(number)) prompts.push_back(prompts_.make(number));
  }
  return prompts;
}

Result<void> Synthesis::round(const ModelAsker& ask) {
  const std::vector<SeedPrompt> prompts = next_prompts();
  const std::vector<ModelReply> replies = ask(prompts);
  const auto unanswered = counts_.left_out.find("no_answer");
  const std::int64_t refused = unanswered == counts_.left_out.end() ? 0 : unanswered->second;
  const bool answered = counts_.requests > refused ||
                        std::any_of(replies.begin(), replies.end(),
                                    [](const ModelReply& reply) { return !reply.failure; });
  const Error* fault = nullptr;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    // A prompt is at fault only where others were answered.
    if (replies[i].failure && !(answered && replies[i].prompt_refused)) {
      if (fault == nullptr) fault = &*replies[i].failure;
      continue;
    }
    const LoggedReply verdict = judge(prompts[i], replies[i]);
    ATTUNE_TRY_VOID(log_.append(verdict));
    count(verdict);
    usable_.push_back(verdict.verdict == kKept);
  }
  if (options_.progress) options_.progress(counts_);
  if (fault != nullptr) {
    Error error = *fault;
    if (counts_.requests > 0) {
      error.fix += fmt::format("{}the same command then goes on behind the {} rows that there are",
                               error.fix.empty() ? "" : "; ", counts_.kept);
    }
    return Failure(std::move(error));
  }
  return check_usable();
}

Result<void> Synthesis::check_usable() const {
  if (counts_.kept >= options_.count) return {};
  const std::size_t seen = std::min(usable_.size(), kWindow);
  const auto good = static_cast<double>(
      std::count(usable_.end() - static_cast<std::ptrdiff_t>(seen), usable_.end(), true));
  const bool none_at_first = usable_.size() >= kFirstReplies && good == 0;
  const bool few = seen == kWindow && good < options_.least_usable * static_cast<double>(seen);
  if (options_.least_usable <= 0 || (!none_at_first && !few)) return {};
  std::string reasons;
  const std::pair<const std::string, std::int64_t>* commonest = nullptr;
  for (const auto& entry : counts_.left_out) {
    if (entry.second == 0) continue;
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", entry.second, entry.first);
    if (commonest == nullptr || entry.second > commonest->second) commonest = &entry;
  }
  return environment_failure(
      {.where = (folder_ / kReplyLogName).string(),
       .found = fmt::format("{:.0f} of the last {} replies could be used; left out so far: {}",
                            good, seen, reasons),
       .wanted = fmt::format("at least {:.0f} %", 100 * options_.least_usable),
       .fix = fmt::format("{}; --least-usable 0 goes on all the same",
                          fix_for(commonest == nullptr ? "" : commonest->first))});
}

LoggedReply Synthesis::judge(const SeedPrompt& prompt, const ModelReply& reply) {
  LoggedReply verdict{.request = prompt.number,
                      .verdict = "unreadable",
                      .reply = reply.text,
                      .prompt_tokens = reply.prompt_tokens,
                      .completion_tokens = reply.completion_tokens,
                      .shots = prompt.shots};
  if (reply.failure || is_blank(reply.text)) {
    verdict.verdict = "no_answer";
    if (reply.failure) verdict.detail = reply.failure->found;
  } else if (reply.cut) {
    verdict.verdict = "cut";
  } else if (std::optional<WrittenPair> pair = read_reply(reply.text)) {
    judge_pair(prompt, *std::move(pair), verdict);
  }
  return verdict;
}

void Synthesis::judge_pair(const SeedPrompt& prompt, WrittenPair pair, LoggedReply& verdict) {
  if (!fenced_seeds_) pair.answer = without_fence(pair.answer);
  if (compact_seeds_) {
    if (const Result<Json> json = parse_json(pair.answer, "answer")) pair.answer = to_text(*json);
  }
  if (is_blank(pair.question) || is_blank(pair.answer)) return;
  Example row;
  row.id = fmt::format("request {}", prompt.number);
  row.messages = Json::array();
  if (!prompt.system.empty())
    row.messages.push_back({{"role", "system"}, {"content", prompt.system}});
  row.messages.push_back({{"role", "user"}, {"content", pair.question}});
  row.messages.push_back({{"role", "assistant"}, {"content", pair.answer}});
  const Normalised normalised = normalise(row, options_.normalise);
  if (!normalised.kept) {
    verdict.verdict = "unusable";
    if (!normalised.findings.empty()) verdict.detail = normalised.findings.back().found;
    return;
  }
  if (options_.contract) {
    if (const std::optional<std::string> problem = options_.contract(final_answer(row))) {
      verdict.verdict = "contract";
      verdict.detail = *problem;
      return;
    }
  }
  std::string key = question_key(row);
  if (const std::optional<NearIndex::Match> match = known_.find(key)) {
    verdict.verdict = match->similarity == 1 ? "copy" : "near_copy";
    verdict.detail = fmt::format("{:.2f} like {}", match->similarity,
                                 names_[static_cast<std::size_t>(match->text)]);
    return;
  }
  known_.add(std::move(key));
  names_.push_back(row.id);
  verdict.verdict = kKept;
  verdict.messages = row.messages;
  rows_.push_back(std::move(row));
}

Result<void> Synthesis::write_results() const {
  ATTUNE_TRY(AtomicFile generated, AtomicFile::create(folder_ / "generated.jsonl"));
  ATTUNE_TRY(AtomicFile all, AtomicFile::create(folder_ / "with_seeds.jsonl"));
  SyntheticMarks marks = options_.prompts.synthetic;
  for (const Example& seed : seeds_) ATTUNE_TRY_VOID(all.write(strict_row(seed) + "\n"));
  for (const Example& row : rows_) {
    const std::string line = strict_row(row) + "\n";
    ATTUNE_TRY_VOID(generated.write(line));
    ATTUNE_TRY_VOID(all.write(line));
    marks.add(row);
  }
  ATTUNE_TRY_VOID(marks.write(folder_ / kSyntheticName));
  ATTUNE_TRY_VOID(generated.commit());
  return all.commit();
}

}  // namespace attune::data
