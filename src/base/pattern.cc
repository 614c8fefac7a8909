#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/pattern.h"

#include <array>

#include <fmt/format.h>
#include <pcre2.h>

namespace attune {

namespace {

// Enough for any honest pattern on a page of text; a pattern that backtracks without end stops
// within about a second.
constexpr std::uint32_t kMatchLimit = 2'000'000;
constexpr std::uint32_t kDepthLimit = 20'000;
constexpr std::uint32_t kHeapLimitKilobytes = 64 * 1024;
constexpr std::size_t kLongestExpression = 64 * 1024;

PCRE2_SPTR code_units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct Pattern::Program {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }
};

Result<Pattern> Pattern::compile(std::string_view expression, std::uint32_t options,
                                 std::string_view where) {
  if (expression.size() > kLongestExpression) {
    return bad_input({.where = std::string(where),
                      .found = fmt::format("a regular expression of {} bytes", expression.size()),
                      .wanted = fmt::format("at most {}", kLongestExpression)});
  }
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto program = std::make_shared<Program>();
  program->code = pcre2_compile(code_units(expression), expression.size(),
                                options | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (program->code == nullptr) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return bad_input(
        {.where = std::string(where),
         .found = fmt::format("a regular expression that does not compile at byte {}: {}", offset,
                              reinterpret_cast<const char*>(message.data())),
         .wanted = "a valid regular expression"});
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
  return Pattern(std::move(program));
}

Pattern::Outcome Pattern::find(std::string_view text, std::size_t from, std::uint32_t match_options,
                               Span& span) const {
  const std::unique_ptr<pcre2_match_data, FreeMatchData> data(pcre2_match_data_create(1, nullptr));
  if (data == nullptr) return Outcome::exhausted;
  const auto match = [&](std::uint32_t options) {
    return pcre2_match(program_->code, code_units(text), text.size(), from, options, data.get(),
                       program_->limits);
  };
  int result = match(match_options);
  // Only a pattern compiled just in time has a stack of its own to overflow.
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = match(match_options | PCRE2_NO_JIT);
  if (result == PCRE2_ERROR_NOMATCH) return Outcome::none;
  if (result < 0) return Outcome::exhausted;
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
  span = {bounds[0], bounds[1]};
  return Outcome::found;
}

}  // namespace attune
