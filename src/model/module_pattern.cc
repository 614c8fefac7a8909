#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/module_pattern.h"

#include <memory>

#include <fmt/format.h>
#include <pcre2.h>

namespace attune::model {

namespace {

constexpr std::uint32_t kMatchLimit =
    100000;  // backtracking steps; a module path is under 100 characters

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

PCRE2_SPTR code_units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

Result<bool> matches_whole(std::string_view expression, std::string_view path,
                           std::string_view where) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::unique_ptr<pcre2_code, FreeCode> code(
      pcre2_compile(code_units(expression), expression.size(), PCRE2_ANCHORED | PCRE2_ENDANCHORED,
                    &error, &offset, nullptr));
  if (code == nullptr) {
    return bad_input(
        {.where = std::string(where),
         .found = fmt::format("\"{}\", broken at character {}", expression, offset + 1),
         .wanted = "a regular expression"});
  }
  const std::unique_ptr<pcre2_match_data, FreeData> data(pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeContext> context(
      pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  const int result =
      pcre2_match(code.get(), code_units(path), path.size(), 0, 0, data.get(), context.get());
  if (result >= 0) return true;
  if (result == PCRE2_ERROR_NOMATCH) return false;
  return bad_input({.where = std::string(where),
                    .found = fmt::format("\"{}\", which takes too long to match", expression),
                    .wanted = "a simpler regular expression"});
}

}  // namespace attune::model
