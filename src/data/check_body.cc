// RowCheck: rows without roles.
#include <fmt/format.h>

#include "data/check_row.h"
#include "data/clean_text.h"

namespace attune::data {

// What rows without roles consist of: a text, segments, the steps of an answer, token ids.
void RowCheck::check_body(const CheckedRow& row, RowKind kind, JsonRef body,
                          RowReporter& reporter) {
  if (kind == RowKind::tokens) return check_token_row(row.value, body, reporter);
  const auto check_text = [&](JsonRef text) {
    if (text.is_string() && !is_blank(text.string())) return check_words(text, reporter);
    reporter.error("D011", text.exists() ? text : row.value,
                   {.found = "a text that is empty or none",
                    .wanted = "text",
                    .fix = "write it, or remove the row"});
  };
  check_pii(body, reporter);
  if (kind == RowKind::text) return check_text(body);
  bool trained = false;
  for (const JsonRef& part : body.items()) {
    const JsonRef text = part.find("text");
    // Between segments white space may stand alone.
    if (kind == RowKind::stepwise || !text.is_string()) check_text(text);
    if (kind == RowKind::segments && text.is_string()) check_words(text, reporter);
    trained = trained || part.find("label").text() == "true";
  }
  if (body.size() == 0 || (kind == RowKind::segments && !trained)) {
    reporter.error(
        "D012", row.value,
        {.found = "nothing to learn: no part that is trained",
         .wanted = kind == RowKind::segments ? "a segment whose label is true" : "a step",
         .fix = "add one, or remove the row"});
  }
}

void RowCheck::check_token_row(JsonRef row, JsonRef body, RowReporter& reporter) {
  tokenizer_.add(row, reporter);
  const JsonRef ids = body.find("input_ids");
  const JsonRef at = row.find("input_ids").exists() ? row.find("input_ids") : row;
  for (const std::string_view other : {"labels", "attention_mask"}) {
    const JsonRef list = body.find(other);
    if (!list.is_array() || list.size() == ids.size()) continue;
    reporter.error("D045", at,
                   {.found = fmt::format("{} input_ids, but {} {}", ids.size(), list.size(), other),
                    .wanted = "lists of one length",
                    .fix = "write the row again"});
  }
  const std::int64_t vocabulary =
      options_.format == nullptr ? 0 : options_.format->tokenizer().size();
  for (const JsonRef& id : ids.items()) {
    const std::string_view written = id.text();
    const bool number = id.is(JsonType::number) && written.size() < 10 &&
                        written.find_first_not_of("0123456789") == std::string_view::npos;
    const bool known = number && (vocabulary == 0 || std::stoll(std::string(written)) < vocabulary);
    if (known) continue;
    reporter.error(
        "D045", body,
        {.found = fmt::format("the token id {}", quote_for_message(written)),
         .wanted = vocabulary == 0 ? "a whole number from 0"
                                   : fmt::format("a number below {}, as the base has", vocabulary),
         .fix = "tokenize with the base's own tokenizer"});
    return;
  }
}

}  // namespace attune::data
