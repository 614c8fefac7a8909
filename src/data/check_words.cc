// check_words: what stands in one text that should not be trained on.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "data/check_messages.h"
#include "data/row_mender.h"

namespace attune::data {

namespace {

// Control tokens of the usual chat templates.
constexpr std::array<std::string_view, 34> kControlTokens = {"<|im_start|>",
                                                             "<|im_end|>",
                                                             "<|im_sep|>",
                                                             "<|endoftext|>",
                                                             "<|begin_of_text|>",
                                                             "<|end_of_text|>",
                                                             "<|eot_id|>",
                                                             "<|eom_id|>",
                                                             "<|start_header_id|>",
                                                             "<|end_header_id|>",
                                                             "<|python_tag|>",
                                                             "<|system|>",
                                                             "<|user|>",
                                                             "<|assistant|>",
                                                             "<|observation|>",
                                                             "<|end|>",
                                                             "<|start|>",
                                                             "<|message|>",
                                                             "<|channel|>",
                                                             "<|return|>",
                                                             "<|call|>",
                                                             "<|endofprompt|>",
                                                             "<|eot|>",
                                                             "<|header_start|>",
                                                             "<|header_end|>",
                                                             "<start_of_turn>",
                                                             "<end_of_turn>",
                                                             "<bos>",
                                                             "<eos>",
                                                             "</s>",
                                                             "[INST]",
                                                             "[/INST]",
                                                             "<<SYS>>",
                                                             "<</SYS>>"};

struct TextSigns {
  bool beyond_ascii = false;
  bool control = false;
  bool bracket = false;
};

// One pass for the commonest answer: nothing to see. All is done in bytes, of which compilers put
// many into a vector.
TextSigns signs_of(std::string_view text) {
  using Byte = unsigned char;
  Byte high = 0;
  Byte control = 0;
  Byte bracket = 0;
  for (const char c : text) {
    const auto byte = static_cast<Byte>(c);
    high = static_cast<Byte>(high | (byte & 0x80u));
    const auto is_control =
        static_cast<Byte>((static_cast<Byte>(byte < 0x20) & static_cast<Byte>(byte != '\n') &
                           static_cast<Byte>(byte != '\t')) |
                          static_cast<Byte>(byte == 0x7F));
    const auto is_bracket =
        static_cast<Byte>(static_cast<Byte>(byte == '<') | static_cast<Byte>(byte == '['));
    control = static_cast<Byte>(control | is_control);
    bracket = static_cast<Byte>(bracket | is_bracket);
  }
  return {.beyond_ascii = high != 0, .control = control != 0, .bracket = bracket != 0};
}

void check_control_tokens(JsonRef string, RowReporter& reporter) {
  const std::string_view text = string.string();
  for (std::size_t at = text.find_first_of("<["); at != std::string_view::npos;
       at = text.find_first_of("<[", at + 1)) {
    const std::string_view rest = text.substr(at);
    // What may follow the first character of a token; most brackets begin none.
    if (rest.size() < 3 || std::string_view("|se/b<I").find(rest[1]) == std::string_view::npos)
      continue;
    const auto token =
        std::find_if(kControlTokens.begin(), kControlTokens.end(),
                     [&](std::string_view known) { return rest.starts_with(known); });
    if (token == kControlTokens.end()) continue;
    reporter.add_inside(
        "D024", Severity::warning, string, at,
        {.found = fmt::format("the control token {}", *token),
         .wanted = "words alone: the template adds the tokens",
         .fix =
             "remove it; left in, it may end the turn in training or teach the model to write it"});
    return;
  }
}

void check_controls(JsonRef string, RowReporter& reporter) {
  const std::string_view text = string.string();
  const auto is_carriage = [&](std::size_t at) { return text[at] == '\r'; };
  bool told_carriage = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte >= 0x20 && byte != 0x7F) || byte == '\n' || byte == '\t') continue;
    if (is_carriage(at)) {
      if (!told_carriage) {
        reporter.add_inside("D002", Severity::warning, string, at,
                            {.found = "carriage returns (\\r), which are trained on",
                             .wanted = "line breaks as \\n",
                             .fix = "--fix writes them as \\n"});
      }
      told_carriage = true;
      continue;
    }
    reporter.add_inside(
        "D002", Severity::warning, string, at,
        {.found = fmt::format("the control character U+{:04X}, which is trained on", byte),
         .wanted = "visible text",
         .fix = "--fix removes it"});
    return;
  }
}

struct SpecialSequence {
  std::string_view bytes;
  std::string_view name;
};
// Zero-width joiners are left out: emoji and several scripts need them.
constexpr std::array<SpecialSequence, 15> kInvisible = {
    {{"\xE2\x80\x8B", "U+200B zero-width space"},
     {"\xE2\x80\x8E", "U+200E direction mark"},
     {"\xE2\x80\x8F", "U+200F direction mark"},
     {"\xE2\x80\xAA", "U+202A direction mark"},
     {"\xE2\x80\xAB", "U+202B direction mark"},
     {"\xE2\x80\xAC", "U+202C direction mark"},
     {"\xE2\x80\xAD", "U+202D direction mark"},
     {"\xE2\x80\xAE", "U+202E direction override"},
     {"\xE2\x81\xA0", "U+2060 word joiner"},
     {"\xE2\x81\xA6", "U+2066 direction mark"},
     {"\xE2\x81\xA7", "U+2067 direction mark"},
     {"\xE2\x81\xA8", "U+2068 direction mark"},
     {"\xE2\x81\xA9", "U+2069 direction mark"},
     {"\xEF\xBB\xBF", "U+FEFF byte order mark"},
     {"\xC2\xAD", "U+00AD soft hyphen"}}};

void check_invisible(JsonRef string, RowReporter& reporter) {
  const std::string_view text = string.string();
  for (const SpecialSequence& sequence : kInvisible) {
    const std::size_t at = text.find(sequence.bytes);
    if (at == std::string_view::npos) continue;
    reporter.add_inside("D002", Severity::warning, string, at,
                        {.found = fmt::format("{}, which is trained on", sequence.name),
                         .wanted = "visible text",
                         .fix = "--fix removes it"});
    return;
  }
}

// What UTF-8 becomes when it is read as Windows-1252 and written as UTF-8 again, and the mark of
// a character that was lost.
constexpr std::array<SpecialSequence, 6> kMojibake = {
    {{"\xC3\xA2\xE2\x82\xAC\xE2\x84\xA2", "an apostrophe"},
     {"\xC3\xA2\xE2\x82\xAC\xC5\x93", "a quotation mark"},
     {"\xC3\xA2\xE2\x82\xAC\xE2\x80\x9C", "a dash"},
     {"\xC3\xA2\xE2\x82\xAC\xC2\xA6", "an ellipsis"},
     {"\xC3\xA2\xE2\x82\xAC", "punctuation"},
     {"\xEF\xBF\xBD", "a character that was lost (U+FFFD)"}}};

// The offset of "Ã" or "Â" before a character of U+0080 to U+00BF: a letter with an accent that was
// decoded twice.
std::size_t find_doubled_letter(std::string_view text) {
  for (std::size_t at = text.find('\xC3'); at != std::string_view::npos;
       at = text.find('\xC3', at + 1)) {
    const std::string_view four = text.substr(at, 4);
    const bool doubled = four.size() == 4 && (four[1] == '\x83' || four[1] == '\x82') &&
                         four[2] == '\xC2' && static_cast<unsigned char>(four[3]) >= 0xA0;
    if (doubled) return at;
  }
  return std::string_view::npos;
}

void check_mojibake(JsonRef string, RowReporter& reporter) {
  const std::string_view text = string.string();
  const auto report = [&](std::size_t at, std::string_view what) {
    reporter.add_inside("D040", Severity::warning, string, at,
                        {.found = fmt::format("\"{}\": {} decoded wrongly",
                                              quote_for_message(text.substr(at), 12), what),
                         .wanted = "the character that was meant",
                         .fix = "export the source again as UTF-8"});
  };
  for (const SpecialSequence& sequence : kMojibake) {
    if (const std::size_t at = text.find(sequence.bytes); at != std::string_view::npos)
      return report(at, sequence.name);
  }
  if (const std::size_t at = find_doubled_letter(text); at != std::string_view::npos)
    report(at, "a letter with an accent");
}

}  // namespace

std::string without_invisible(std::string_view text) {
  const TextSigns signs = signs_of(text);
  if (!signs.beyond_ascii && !signs.control) return std::string(text);
  std::string visible;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '\r') {
      if (!rest.starts_with("\r\n")) visible.push_back('\n');
    } else if (byte >= 0x80) {
      const auto* const hidden = std::find_if(
          kInvisible.begin(), kInvisible.end(),
          [&](const SpecialSequence& sequence) { return rest.starts_with(sequence.bytes); });
      if (hidden == kInvisible.end()) {
        visible.push_back(text[at]);
      } else {
        at += hidden->bytes.size() - 1;
      }
    } else if ((byte >= 0x20 && byte != 0x7F) || byte == '\n' || byte == '\t') {
      visible.push_back(text[at]);
    }
  }
  return visible;
}

void check_words(JsonRef string, RowReporter& reporter) {
  const TextSigns signs = signs_of(string.string());
  if (signs.control) check_controls(string, reporter);
  if (signs.bracket) check_control_tokens(string, reporter);
  if (!signs.beyond_ascii) return;
  check_invisible(string, reporter);
  check_mojibake(string, reporter);
}

}  // namespace attune::data
