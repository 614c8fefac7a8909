#include "grammar/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

namespace attune::grammar {

namespace {

// Enough for any honest pattern on a page of text, small enough to stop a catastrophic one within
// about a second.
constexpr std::uint32_t kMatchLimit = 2'000'000;
constexpr std::uint32_t kDepthLimit = 10'000;
constexpr std::uint32_t kHeapLimitKib = 64 * 1024;

}  // namespace

struct Regex::Code {
  pcre2_code* code = nullptr;
  pcre2_match_context* context = nullptr;

  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }
};

Result<Regex> Regex::compile_pcre(std::string_view pattern, bool caseless) {
  auto code = std::make_shared<Code>();
  std::uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
  options |=
      caseless ? PCRE2_UCP | PCRE2_CASELESS : PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF;
  int error = 0;
  PCRE2_SIZE offset = 0;
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                             &error, &offset, nullptr);
  if (code->code == nullptr) {
    unsigned char message[160];
    pcre2_get_error_message(error, message, sizeof message);
    return bad_input(
        {.where = fmt::format("regular expression '{}'", pattern),
         .found = fmt::format("{} at byte {}", reinterpret_cast<char*>(message), offset),
         .wanted = "a regular expression"});
  }
  pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE);
  code->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(code->context, kMatchLimit);
  pcre2_set_depth_limit(code->context, kDepthLimit);
  pcre2_set_heap_limit(code->context, kHeapLimitKib);
  return Regex(std::move(code));
}

Result<Regex> Regex::compile(std::string_view ecma_pattern) {
  ATTUNE_TRY(std::string translated, translate_ecma_regex(ecma_pattern));
  return compile_pcre(translated, false);
}

Result<Regex> Regex::compile_caseless(std::string_view pcre_pattern) {
  return compile_pcre(pcre_pattern, true);
}

Match Regex::find(std::string_view text, std::size_t from, std::size_t& begin,
                  std::size_t& end) const {
  // A search may start in the middle of a character after an empty match: move to its end.
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  pcre2_match_data* data = pcre2_match_data_create_from_pattern(code_->code, nullptr);
  const int count = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                from, 0, data, code_->context);
  if (count > 0) {
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data);
    begin = offsets[0];
    end = offsets[1];
  }
  pcre2_match_data_free(data);
  if (count > 0) return Match::yes;
  return count == PCRE2_ERROR_NOMATCH ? Match::no : Match::exhausted;
}

Match Regex::search(std::string_view text) const {
  std::size_t begin = 0;
  std::size_t end = 0;
  return find(text, 0, begin, end);
}

}  // namespace attune::grammar
