// Methods of strings.
#include <fmt/format.h>

#include "text/jinja/library.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_operations.h"

namespace attune::text::jinja {

namespace {

const MarkedText& text_argument(const Value* value, std::string_view method) {
  if (value == nullptr) throw TemplateError(fmt::format("{}() takes a text", method));
  require_defined(*value);
  if (!value->is_text()) {
    throw TemplateError(
        fmt::format("{}() argument must be str, not {}", method, type_name(*value)));
  }
  return value->as_text();
}

template <MarkedText (*change)(const MarkedText&)>
Value plain(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("the method", 0, {});
  return Value(change(self.as_text()));
}

template <bool left, bool right>
Value method_strip(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("strip", 1, {});
  const Value* set = arguments.find(0, "");
  if (!is_none_or_missing(set) && !set->is_text())
    throw TemplateError("strip arg must be None or str");
  return Value(
      strip(self.as_text(), is_none_or_missing(set) ? nullptr : &set->as_string(), left, right));
}

// The part of the text that the optional start and end arguments (at `first`) leave.
std::string_view bounded(const Value& self, const Arguments& arguments, std::size_t first,
                         std::size_t& offset) {
  const std::string_view text = self.as_string();
  const std::int64_t count = character_count(text);
  const auto bound = [&](std::size_t index, std::int64_t fallback) {
    const Value* given = arguments.find(index, "");
    if (is_none_or_missing(given)) return fallback;
    const std::int64_t at = integer_argument(*given, "a bound");
    return at < 0 ? std::max<std::int64_t>(at + count, 0) : at;
  };
  const std::int64_t start = bound(first, 0);
  const std::int64_t end = std::min(bound(first + 1, count), count);
  offset = byte_of_character(text, start);
  const std::size_t stop = byte_of_character(text, end);
  return start <= end && offset <= stop ? text.substr(offset, stop - offset) : std::string_view();
}

template <bool at_start>
Value method_affix(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check(at_start ? "startswith" : "endswith", 3, {});
  std::size_t offset = 0;
  const std::string_view text = bounded(self, arguments, 1, offset);
  const auto fits = [&](const Value& affix) {
    const std::string& wanted = text_argument(&affix, at_start ? "startswith" : "endswith").text;
    return at_start ? text.starts_with(wanted) : text.ends_with(wanted);
  };
  if (arguments.positional.empty()) throw TemplateError("startswith() and endswith() take a text");
  const Value& given = arguments.positional[0];
  if (!given.is_sequence() || given.as_sequence().kind != SequenceKind::tuple)
    return Value(fits(given));
  const auto& choices = given.as_sequence().items;
  return Value(std::any_of(choices.begin(), choices.end(), fits));
}

// find, rfind, index, rindex: -1 or an error when there is none.
template <bool from_end, bool must_find>
Value method_find(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("find", 3, {});
  const std::string& wanted = text_argument(arguments.find(0, ""), "find").text;
  std::size_t offset = 0;
  const std::string_view text = bounded(self, arguments, 1, offset);
  const std::size_t found = from_end ? text.rfind(wanted) : text.find(wanted);
  if (found != std::string_view::npos) {
    return Value(character_count(std::string_view(self.as_string()).substr(0, offset + found)));
  }
  if (must_find) throw TemplateError("substring not found");
  return Value(std::int64_t{-1});
}

Value method_count(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("count", 3, {});
  const std::string& wanted = text_argument(arguments.find(0, ""), "count").text;
  std::size_t offset = 0;
  const std::string_view text = bounded(self, arguments, 1, offset);
  if (wanted.empty()) return Value(character_count(text) + 1);
  std::int64_t count = 0;
  for (std::size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + wanted.size())) {
    ++count;
  }
  return Value(count);
}

Value method_replace(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("replace", 3, {"count"});
  const MarkedText& from = text_argument(arguments.find(0, ""), "replace");
  const MarkedText& to = text_argument(arguments.find(1, ""), "replace");
  const Value* count = arguments.find(2, "count");
  return Value(replaced(self.as_text(), from, to,
                        count == nullptr ? -1 : integer_argument(*count, "count")));
}

Value method_join(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("join", 1, {});
  if (arguments.positional.empty()) throw TemplateError("join() takes a list");
  std::vector<Value> items = iterate(arguments.positional[0]);
  interpreter.work().spend(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_text()) continue;
    throw TemplateError(
        fmt::format("sequence item {}: expected str instance, {} found", i, type_name(items[i])));
  }
  return Value(join(items, self.as_text()));
}

Value method_splitlines(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  arguments.check("splitlines", 1, {"keepends"});
  Sequence lines;
  for (MarkedText& line :
       split_lines(self.as_text(), is_true(arguments.get(0, "keepends", Value(false))))) {
    interpreter.work().spend(1);
    lines.items.emplace_back(std::move(line));
  }
  return Value(std::move(lines));
}

template <bool from_end>
Value method_split(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return split_text(interpreter, self, arguments, from_end);
}

// (before, separator, after); without a match the whole text stands first, or last from the end.
template <bool from_end>
Value method_partition(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("partition", 1, {});
  const MarkedText& text = self.as_text();
  const MarkedText& separator = text_argument(arguments.find(0, ""), "partition");
  if (separator.text.empty()) throw TemplateError("empty separator");
  const std::size_t found =
      from_end ? text.text.rfind(separator.text) : text.text.find(separator.text);
  Sequence parts{.kind = SequenceKind::tuple};
  if (found == std::string::npos) {
    parts.items = {Value(MarkedText()), Value(MarkedText())};
    parts.items.insert(from_end ? parts.items.end() : parts.items.begin(), self);
  } else {
    const std::size_t end = found + separator.text.size();
    parts.items = {Value(text.part(0, found)), Value(text.part(found, end)),
                   Value(text.part(end, text.text.size()))};
  }
  return Value(std::move(parts));
}

template <bool prefix>
Value method_remove(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("removeprefix", 1, {});
  const MarkedText& text = self.as_text();
  const std::string& affix = text_argument(arguments.find(0, ""), "removeprefix").text;
  const bool fits = prefix ? text.text.starts_with(affix) : text.text.ends_with(affix);
  if (!fits) return self;
  const std::size_t size = text.text.size();
  return Value(prefix ? text.part(affix.size(), size) : text.part(0, size - affix.size()));
}

std::string fill_argument(const Arguments& arguments) {
  const Value* fill = arguments.find(1, "");
  if (fill == nullptr) return " ";
  const std::string& text = text_argument(fill, "fill").text;
  if (character_count(text) != 1)
    throw TemplateError("The fill character must be exactly one character long");
  return text;
}

enum class Side { left, right, center };

template <Side side>
Value method_pad(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("just", 2, {});
  if (arguments.positional.empty())
    throw TemplateError("ljust(), rjust() and center() take a width");
  const std::int64_t width = integer_argument(arguments.positional[0], "width");
  const std::string fill = fill_argument(arguments);
  const MarkedText& text = self.as_text();
  if (side == Side::center) return Value(centered(text, width, fill));
  const std::int64_t room = width - character_count(text.text);
  return Value(padded(text, side == Side::right ? room : 0, side == Side::left ? room : 0, fill));
}

Value method_zfill(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("zfill", 1, {});
  if (arguments.positional.empty()) throw TemplateError("zfill() takes a width");
  const MarkedText& text = self.as_text();
  const std::int64_t room =
      integer_argument(arguments.positional[0], "width") - character_count(text.text);
  const bool has_sign = text.text.starts_with('-') || text.text.starts_with('+');
  MarkedText out = text.part(0, has_sign ? 1 : 0);
  out.append(padded(text.part(has_sign ? 1 : 0, text.text.size()), room, 0, "0"));
  return Value(std::move(out));
}

Value method_format(Interpreter&, const Value& self, Arguments& arguments) {
  return Value(brace_format(self.as_text(), arguments));
}

MarkedText swapped_case(const MarkedText& text) {
  return map_characters(text, [](char32_t code, std::size_t) {
    std::string same;
    append_utf8(same, code);
    const std::string lower = lower_case(code);
    return lower == same ? upper_case(same) : lower;
  });
}

// Not empty, and every character passes.
template <bool (*accepts)(char32_t)>
Value all_characters(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("the method", 0, {});
  const std::string& text = self.as_string();
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (!character.valid || !accepts(character.code)) return Value(false);
    at += character.bytes;
  }
  return Value(!text.empty());
}

bool is_letter_or_number(char32_t code) { return is_letter(code) || is_number(code); }

template <bool upper>
Value method_has_case(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("the method", 0, {});
  const MarkedText& text = self.as_text();
  const std::string& same = upper ? uppered(text).text : lowered(text).text;
  return Value(same == text.text && uppered(text).text != lowered(text).text);
}

Value method_istitle(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("istitle", 0, {});
  const MarkedText& text = self.as_text();
  return Value(titled(text).text == text.text && uppered(text).text != lowered(text).text);
}

constexpr Entry kMethods[] = {
    {"strip", &method_strip<true, true>},
    {"lstrip", &method_strip<true, false>},
    {"rstrip", &method_strip<false, true>},
    {"startswith", &method_affix<true>},
    {"endswith", &method_affix<false>},
    {"split", &method_split<false>},
    {"rsplit", &method_split<true>},
    {"splitlines", &method_splitlines},
    {"partition", &method_partition<false>},
    {"rpartition", &method_partition<true>},
    {"lower", &plain<&lowered>},
    {"casefold", &plain<&lowered>},
    {"upper", &plain<&uppered>},
    {"capitalize", &plain<&capitalized>},
    {"title", &plain<&titled>},
    {"swapcase", &plain<&swapped_case>},
    {"replace", &method_replace},
    {"join", &method_join},
    {"find", &method_find<false, false>},
    {"rfind", &method_find<true, false>},
    {"index", &method_find<false, true>},
    {"rindex", &method_find<true, true>},
    {"count", &method_count},
    {"removeprefix", &method_remove<true>},
    {"removesuffix", &method_remove<false>},
    {"ljust", &method_pad<Side::left>},
    {"rjust", &method_pad<Side::right>},
    {"center", &method_pad<Side::center>},
    {"zfill", &method_zfill},
    {"format", &method_format},
    {"isalpha", &all_characters<&is_letter>},
    {"isalnum", &all_characters<&is_letter_or_number>},
    {"isdigit", &all_characters<&is_number>},
    {"isdecimal", &all_characters<&is_number>},
    {"isnumeric", &all_characters<&is_number>},
    {"isspace", &all_characters<&is_white_space>},
    {"isupper", &method_has_case<true>},
    {"islower", &method_has_case<false>},
    {"istitle", &method_istitle},
};

}  // namespace

Function::Body find_text_method(std::string_view name) { return find_in(kMethods, name); }

}  // namespace attune::text::jinja
