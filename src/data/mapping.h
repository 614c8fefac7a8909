// A mapping says which columns make a conversation, in one line that fits a command:
//
//   user=question,assistant=answer
//   user={subject}\n\n{body},assistant=json(category,priority:integer,customer.name=name,refund:boolean?)
//   system=literal:You sort tickets.,user=body,assistant=label,split=part,id=ticket
//   messages=conversation
//
// Targets: system, user, assistant (a conversation of one question and one answer), messages (a
// column that holds a list of messages), id, split. A target's value is
//   column          the column's text
//   literal:TEXT    the same text in every row
//   TEXT{column}TEXT   a template; {{ and }} stand for braces
//   json(member,...)   a JSON object, compact. A member is [key=]column[:type][?]; the key's dots
//   nest objects, and is
//                   the column's name when not given. Types: string, number, integer, boolean,
//                   json, and list (parts between semicolons). Without a type a text column gives a
//                   string and a JSON value stays as it is. An empty cell is null when it has a
//                   type but string; with ? its key is left out.
// In literals and templates \n, \t and \\ are escapes. A comma divides targets only before
// "target=".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"

namespace attune::data {

enum class MemberType { as_is, string, number, integer, boolean, json, list };

struct TemplatePart {
  std::string literal;  // when column is empty
  std::string column;
};

struct JsonMember {
  std::vector<std::string> keys;  // outermost first
  std::string column;
  MemberType type = MemberType::as_is;
  bool leave_out_when_empty = false;
};

// How one message's content is made: a template, or a JSON object.
struct ContentRule {
  std::vector<TemplatePart> parts;
  std::vector<JsonMember> members;  // when not empty, parts are
};

struct Mapping {
  std::optional<ContentRule> system;
  std::optional<ContentRule> user;
  std::optional<ContentRule> assistant;
  std::string messages;  // column names; empty: none
  std::string id;
  std::string split;

  static Result<Mapping> parse(std::string_view text);

  // Every column that it names, each once.
  std::vector<std::string> columns() const;
};

// The messages of a row (an object of columns) under a mapping. An error names the column and what
// is wrong in it.
Result<Json> apply_mapping(const Mapping& mapping, const Json& row, const std::string& where);

// A column's value as text: a string as it is, null as nothing, anything else as JSON.
std::string value_text(const Json& value);

// The names of a row, for messages: "subject", "body".
std::string list_columns(const Json& row);
// " (did you mean "subject"?)" when a name is close to `wanted`, else nothing.
std::string suggest_column(std::string_view wanted, const Json& row);

}  // namespace attune::data
