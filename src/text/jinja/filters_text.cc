// Filters that give text.
#include <fmt/format.h>

#include "text/jinja/library.h"
#include "text/jinja/python_text.h"
#include "text/jinja/text_operations.h"

namespace attune::text::jinja {

namespace {

Value filter_string(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("string", 0, {});
  return Value(to_text(self));
}

Value filter_lower(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("lower", 0, {});
  return Value(lowered(to_text(self)));
}

Value filter_upper(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("upper", 0, {});
  return Value(uppered(to_text(self)));
}

Value filter_capitalize(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("capitalize", 0, {});
  return Value(capitalized(to_text(self)));
}

Value filter_title(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("title", 0, {});
  return Value(title_words(to_text(self)));
}

Value filter_trim(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("trim", 1, {"chars"});
  const Value* set = arguments.find(0, "chars");
  const bool has_set = !is_none_or_missing(set);
  if (has_set && !set->is_text()) throw TemplateError("strip arg must be None or str");
  return Value(strip(to_text(self), has_set ? &set->as_string() : nullptr, true, true));
}

Value filter_replace(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("replace", 3, {"old", "new", "count"});
  const Value* from = arguments.find(0, "old");
  const Value* to = arguments.find(1, "new");
  if (from == nullptr || to == nullptr)
    throw TemplateError("replace() needs the old and the new text");
  const Value* count = arguments.find(2, "count");
  return Value(replaced(to_text(self), to_text(*from), to_text(*to),
                        is_none_or_missing(count) ? -1 : integer_argument(*count, "count")));
}

Value filter_indent(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("indent", 3, {"width", "first", "blank"});
  const Value width = arguments.get(0, "width", Value(std::int64_t{4}));
  const bool first = is_true(arguments.get(1, "first", Value(false)));
  const bool blank = is_true(arguments.get(2, "blank", Value(false)));
  const MarkedText indent = width.is_text()
                                ? width.as_text()
                                : padded(MarkedText(), integer_argument(width, "width"), 0, " ");
  MarkedText text = to_text(self);
  text.append("\n", kTrusted);
  const std::vector<MarkedText> lines = split_lines(text, false);
  MarkedText out;
  if (first) out.append(indent);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    check_text_size(out.text.size() + indent.text.size());
    if (i > 0) {
      out.append("\n", kTrusted);
      if (blank || !lines[i].text.empty()) out.append(indent);
    }
    out.append(lines[i]);
  }
  return Value(std::move(out));
}

Value filter_center(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("center", 1, {"width"});
  const Value width = arguments.get(0, "width", Value(std::int64_t{80}));
  return Value(centered(to_text(self), integer_argument(width, "width"), " "));
}

Value filter_escape(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("escape", 0, {});
  return Value(map_characters(to_text(self), [](char32_t code, std::size_t) -> std::string {
    switch (code) {
      case '&':
        return "&amp;";
      case '<':
        return "&lt;";
      case '>':
        return "&gt;";
      case '\'':
        return "&#39;";
      case '"':
        return "&#34;";
      default:
        break;
    }
    std::string same;
    append_utf8(same, code);
    return same;
  }));
}

Value filter_format(Interpreter&, const Value& self, Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    throw TemplateError("can't handle positional and keyword arguments at the same time");
  }
  if (arguments.named.empty()) {
    Sequence values{.items = arguments.positional, .kind = SequenceKind::tuple};
    return Value(percent_format(to_text(self), Value(std::move(values))));
  }
  Dict values;
  for (const auto& [name, value] : arguments.named) values.set(Value::trusted(name), value);
  return Value(percent_format(to_text(self), Value(std::move(values))));
}

Value filter_truncate(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("truncate", 4, {"length", "killwords", "end", "leeway"});
  const MarkedText text = to_text(self);
  const std::int64_t length =
      integer_argument(arguments.get(0, "length", Value(std::int64_t{255})), "length");
  const bool kill_words = is_true(arguments.get(1, "killwords", Value(false)));
  const MarkedText end = to_text(arguments.get(2, "end", Value::trusted("...")));
  const Value leeway = arguments.get(3, "leeway", Value());
  const std::int64_t end_size = character_count(end.text);
  const std::int64_t slack = leeway.is_none() ? 5 : integer_argument(leeway, "leeway");
  if (length < end_size) {
    throw TemplateError(fmt::format("expected length >= {}, got {}", end_size, length));
  }
  if (slack < 0) throw TemplateError(fmt::format("expected leeway >= 0, got {}", slack));
  if (character_count(text.text) - slack <= length) return Value(text);
  MarkedText cut = text.part(0, byte_of_character(text.text, length - end_size));
  if (!kill_words) {
    const std::size_t space = cut.text.rfind(' ');
    if (space != std::string::npos) cut = cut.part(0, space);
  }
  cut.append(end);
  return Value(std::move(cut));
}

Value filter_wordcount(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("wordcount", 0, {});
  const std::string text = to_text(self).text;
  std::int64_t count = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const bool word = character.valid && is_word(character.code);
    if (word && !inside) ++count;
    inside = word;
    at += character.bytes;
  }
  return Value(count);
}

Value filter_tojson(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("tojson", 4, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii_only = is_true(arguments.get(0, "ensure_ascii", Value(false)));
  style.sort_keys = is_true(arguments.get(3, "sort_keys", Value(false)));
  const Value* indent = arguments.find(1, "indent");
  if (!is_none_or_missing(indent)) {
    style.indented = true;
    style.item_separator = ",";
    style.indent = indent->is_text()
                       ? indent->as_string()
                       : padded(MarkedText(), integer_argument(*indent, "indent"), 0, " ").text;
  }
  const Value* separators = arguments.find(2, "separators");
  if (!is_none_or_missing(separators)) {
    const std::vector<Value> pair = iterate(*separators);
    if (pair.size() != 2) throw TemplateError("separators must be a pair of texts");
    style.item_separator = to_text(pair[0]).text;
    style.key_separator = to_text(pair[1]).text;
  }
  return Value(json_text(self, style));
}

Value filter_pprint(Interpreter&, const Value& self, Arguments& arguments) {
  arguments.check("pprint", 0, {});
  return Value(repr(self));
}

constexpr Entry kFilters[] = {
    {"string", &filter_string},
    {"safe", &filter_string},
    {"lower", &filter_lower},
    {"upper", &filter_upper},
    {"capitalize", &filter_capitalize},
    {"title", &filter_title},
    {"trim", &filter_trim},
    {"replace", &filter_replace},
    {"indent", &filter_indent},
    {"center", &filter_center},
    {"escape", &filter_escape},
    {"e", &filter_escape},
    {"forceescape", &filter_escape},
    {"format", &filter_format},
    {"truncate", &filter_truncate},
    {"wordcount", &filter_wordcount},
    {"tojson", &filter_tojson},
    {"pprint", &filter_pprint},
};

}  // namespace

Function::Body find_text_filter(std::string_view name) { return find_in(kFilters, name); }

}  // namespace attune::text::jinja
