// A mapping says which columns make an example, in one line that fits a command:
//
//   user=question,assistant=answer
//   user={subject}\n\n{body},assistant=json(category,priority:integer,customer.name=name,refund:boolean?)
//   system=literal:You sort tickets.,user=body,assistant=label,split=part,id=ticket
//   messages=conversation
//   user=lines(instruction,input?),preferred=better,non_preferred=worse
//
// The known formats (known_formats.h) are lines of this language too.
//
// Targets that say what is said: system, user, assistant (a conversation of one question and one
// answer), messages (a column that holds a list of messages), history (one that holds
// [question, answer] pairs before it). A target's value is
//   column          the column's text; a list of messages in it takes the message's place
//   column?         the same; nothing when there is no such column
//   literal:TEXT    the same text in every row
//   TEXT{column}TEXT   a template; {{ and }} stand for braces
//   lines(column,...)  the columns that are not blank, each on its line; paragraphs(...) puts an
//                   empty line between them
//   json(member,...)   a JSON object, compact. A member is [key=]column[:type][?]; the key's dots
//   nest objects, and is
//                   the column's name when not given. Types: string, number, integer, boolean,
//                   json, and list (parts between semicolons). Without a type a text column gives a
//                   string and a JSON value stays as it is. An empty cell is null when it has a
//                   type but string; with ? its key is left out.
// In literals and templates \n, \t and \\ are escapes. A comma divides targets only before
// "target=". A column may be a path into nested objects: request.messages.
//
// Targets that make another kind of row (example.h) or describe it, each a column: preferred and
// non_preferred (values as above), label, ranked, steps, step_labels, text, segments, tokens;
// tools, parallel_tool_calls, id, split; each (a list of objects: the row stands for one example an
// object, whose members are columns beside the row's own).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::data {

enum class MemberType { as_is, string, number, integer, boolean, json, list };

struct TemplatePart {
  std::string literal;  // when column is empty
  std::string column;
  bool optional = false;  // a row without the column is as one with an empty cell
};

struct JsonMember {
  std::vector<std::string> keys;  // outermost first
  std::string column;
  MemberType type = MemberType::as_is;
  bool leave_out_when_empty = false;
};

// How one message's content is made: a template, a list of columns, or a JSON object.
struct ContentRule {
  std::vector<TemplatePart> parts;
  std::vector<JsonMember> members;            // when not empty, parts are
  std::optional<std::string> separator = {};  // between the parts that are not blank

  // The column whose value is taken as it is; nothing for templates and the rest.
  const std::string* whole_column() const;
};

// How the turns of a list of messages are written where that is not the chat format's way. Empty:
// whichever of the usual keys and role names is there.
struct TurnTags {
  std::string role_key;
  std::string content_key;
  // Role names of the source and what they mean: user, assistant, tool, function_call, system.
  std::vector<std::pair<std::string, std::string>> roles;
};

struct Mapping {
  std::optional<ContentRule> system;
  std::optional<ContentRule> user;
  std::optional<ContentRule> assistant;
  std::string messages;  // column names; empty: none. One that ends in '?' may be missing
  std::string id;
  std::string split;

  std::optional<ContentRule> preferred;
  std::optional<ContentRule> non_preferred;
  std::string history;
  std::string tools;
  std::string parallel_tool_calls;
  std::string label;
  std::string ranked;
  std::string steps;
  std::string step_labels;
  std::string text;
  std::string segments;
  std::string tokens;
  std::string each;
  TurnTags tags;

  static Result<Mapping> parse(std::string_view text);

  // Every column that it names, each once, without the '?' of an optional one.
  std::vector<std::string> columns() const;
  // Says what is in a row, not only what it is called.
  bool has_content() const;

  // The targets that are one column each, by their names.
  struct ColumnTarget {
    std::string_view name;
    std::string Mapping::*column;
  };
  static const std::array<ColumnTarget, 14>& column_targets();
};

// The messages of a row (an object of columns) under a mapping's system, user, assistant and
// messages, as the row has them; convert_row.h makes whole examples. An error names the column and
// what is wrong in it.
Result<Json> apply_mapping(const Mapping& mapping, const Json& row, const std::string& where);

// The content under a rule; empty when every column in it is blank.
Result<std::string> render_content(const ContentRule& rule, const Json& row,
                                   const std::string& where);

// The value of a column, or of a path into the row's objects; null when there is none. `column` may
// end in '?'.
const Json* find_column(const Json& row, const std::string& column);

// The name without the '?' that marks an optional column.
std::string_view column_name(std::string_view column);

// A column's value as text: a string as it is, null as nothing, anything else as JSON.
std::string value_text(const Json& value);

// Yes, true, 1 and y; no, false, 0 and n, in any case; nothing for other words.
std::optional<bool> boolean_of(std::string_view text);

// The names of a row, for messages: "subject", "body".
std::string list_columns(const Json& row);
// " (did you mean "subject"?)" when a name is close to `wanted`, else nothing.
std::string suggest_column(std::string_view wanted, const Json& row);

}  // namespace attune::data
