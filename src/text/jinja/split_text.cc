// str.split and str.rsplit.
#include "text/jinja/library.h"
#include "text/jinja/python_text.h"
#include "text/unicode.h"

namespace attune::text::jinja {

namespace {

bool is_space_at(std::string_view text, std::size_t at) {
  const Character character = character_at(text, at);
  return is_white_space(character.code) || (character.code >= 0x1C && character.code <= 0x1F);
}

// Words between white space, as [begin, end).
std::vector<std::pair<std::size_t, std::size_t>> words_of(std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> words;
  std::size_t begin = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size(); at += character_at(text, at).bytes) {
    const bool space = is_space_at(text, at);
    if (inside && space) words.emplace_back(begin, at);
    if (!inside && !space) begin = at;
    inside = !space;
  }
  if (inside) words.emplace_back(begin, text.size());
  return words;
}

std::vector<Value> split_by_space(const MarkedText& text, std::int64_t most, bool from_end) {
  std::vector<Value> parts;
  auto words = words_of(text.text);
  check_item_count(words.size());
  const auto limit = static_cast<std::size_t>(most);
  if (most >= 0 && words.size() > limit) {
    // What is left over stays one piece, with its white space but for that at the cut.
    if (from_end) {
      words.erase(words.begin(), words.end() - static_cast<std::ptrdiff_t>(limit) - 1);
      words.front().first = 0;
    } else {
      words.resize(limit + 1);
      words.back().second = text.text.size();
    }
  }
  for (const auto& [begin, end] : words) parts.emplace_back(text.part(begin, end));
  return parts;
}

std::vector<Value> split_by(const MarkedText& text, const std::string& separator, std::int64_t most,
                            bool from_end) {
  std::vector<Value> parts;
  if (from_end && most >= 0) {
    std::size_t end = text.text.size();
    while (most-- > 0) {
      const std::size_t found = end < separator.size()
                                    ? std::string::npos
                                    : text.text.rfind(separator, end - separator.size());
      if (found == std::string::npos) break;
      parts.emplace_back(text.part(found + separator.size(), end));
      end = found;
    }
    parts.emplace_back(text.part(0, end));
    std::reverse(parts.begin(), parts.end());
    return parts;
  }
  std::size_t at = 0;
  for (; most != 0; --most) {
    const std::size_t found = text.text.find(separator, at);
    if (found == std::string::npos) break;
    check_item_count(parts.size());
    parts.emplace_back(text.part(at, found));
    at = found + separator.size();
  }
  parts.emplace_back(text.part(at, text.text.size()));
  return parts;
}

}  // namespace

Value split_text(Interpreter& interpreter, const Value& self, Arguments& arguments, bool from_end) {
  arguments.check("split", 2, {"sep", "maxsplit"});
  const Value* separator = arguments.find(0, "sep");
  const std::int64_t most =
      integer_argument(arguments.get(1, "maxsplit", Value(std::int64_t{-1})), "maxsplit");
  Sequence parts;
  if (is_none_or_missing(separator)) {
    parts.items = split_by_space(self.as_text(), most, from_end);
  } else {
    require_defined(*separator);
    if (!separator->is_text()) {
      throw TemplateError("must be str or None, not " + type_name(*separator));
    }
    if (separator->as_string().empty()) throw TemplateError("empty separator");
    parts.items = split_by(self.as_text(), separator->as_string(), most, from_end);
  }
  interpreter.work().spend(parts.items.size());
  return Value(std::move(parts));
}

}  // namespace attune::text::jinja
