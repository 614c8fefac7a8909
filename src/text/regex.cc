#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>

#include <fmt/format.h>
#include <pcre2.h>

namespace attune::text {

namespace {

// Enough for any sane pattern on any text; a pattern that backtracks without end stops here.
constexpr std::uint32_t kMatchLimit = 2'000'000;
constexpr std::uint32_t kDepthLimit = 20'000;
constexpr std::uint32_t kHeapLimitKilobytes = 64 * 1024;
constexpr std::size_t kLongestPattern = 64 * 1024;

}  // namespace

struct Regex::Program {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
  ~Program() {
    pcre2_code_free(code);
    pcre2_match_context_free(limits);
  }
};

Regex::Regex(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern, std::string_view where) {
  if (pattern.size() > kLongestPattern) {
    return bad_input({.where = std::string(where),
                      .found = fmt::format("a regular expression of {} bytes", pattern.size()),
                      .wanted = fmt::format("at most {}", kLongestPattern)});
  }
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto program = std::make_unique<Program>();
  program->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                    &error, &offset, nullptr);
  if (program->code == nullptr) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return bad_input(
        {.where = std::string(where),
         .found = fmt::format("a regular expression that does not compile at byte {}: {}", offset,
                              reinterpret_cast<const char*>(message.data())),
         .wanted = "a valid pattern",
         .fix = "take the file from the model's own release"});
  }
  // Without just-in-time compilation (not every platform has it) matching is slower but the same.
  pcre2_jit_compile(program->code, PCRE2_JIT_COMPLETE);
  program->limits = pcre2_match_context_create(nullptr);
  if (program->limits == nullptr) {
    return environment_failure({.where = std::string(where), .found = "no memory for a pattern"});
  }
  pcre2_set_match_limit(program->limits, kMatchLimit);
  pcre2_set_depth_limit(program->limits, kDepthLimit);
  pcre2_set_heap_limit(program->limits, kHeapLimitKilobytes);
  return Regex(std::move(program));
}

struct Regex::Search::State {
  const Program* program = nullptr;
  std::string_view text;
  pcre2_match_data* data = nullptr;
  std::size_t at = 0;
  bool last_was_empty = false;
  ~State() { pcre2_match_data_free(data); }
};

Regex::Search::Search(const Regex& regex, std::string_view text)
    : state_(std::make_unique<State>()) {
  state_->program = regex.program_.get();
  state_->text = text;
  state_->data = pcre2_match_data_create_from_pattern(state_->program->code, nullptr);
}

Regex::Search::~Search() = default;

std::optional<Match> Regex::Search::next() {
  State& state = *state_;
  if (state.data == nullptr) return std::nullopt;
  while (state.at <= state.text.size()) {
    // After an empty match the next one must not be empty at the same place.
    const std::uint32_t options =
        state.last_was_empty ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0u;
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(state.text.data());
    int found = pcre2_match(state.program->code, subject, state.text.size(), state.at, options,
                            state.data, state.program->limits);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      found = pcre2_match(state.program->code, subject, state.text.size(), state.at,
                          options | PCRE2_NO_JIT, state.data, state.program->limits);
    }
    if (found < 0) {
      if (!state.last_was_empty) return std::nullopt;
      state.last_was_empty = false;
      ++state.at;
      while (state.at < state.text.size() &&
             (static_cast<unsigned char>(state.text[state.at]) & 0xC0u) == 0x80u) {
        ++state.at;
      }
      continue;
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(state.data);
    const Match match{bounds[0], bounds[1]};
    // \K can make a match that begins after its end or before the last one: not a split we could
    // use.
    if (match.end < match.begin || match.begin < state.at) return std::nullopt;
    state.at = match.end;
    state.last_was_empty = match.begin == match.end;
    return match;
  }
  return std::nullopt;
}

}  // namespace attune::text
