#include "text/jinja/template.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include "text/jinja/interpreter.h"
#include "text/jinja/parser.h"

namespace attune::text::jinja {

namespace {

constexpr std::string_view kFix = "use the chat template of the model's own release";

bool is_known_role(std::string_view role) {
  constexpr std::array<std::string_view, 10> kRoles = {
      "system", "user",     "assistant", "tool",         "developer",
      "model",  "function", "ipython",   "tool_results", "observation"};
  return std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end();
}

bool body_has_generation(const Body& body) {
  return std::any_of(body.begin(), body.end(), [](const auto& statement) {
    const auto in_branch = [](const Branch& branch) { return body_has_generation(branch.body); };
    return statement->kind == StatementKind::generation || body_has_generation(statement->body) ||
           body_has_generation(statement->otherwise) ||
           std::any_of(statement->branches.begin(), statement->branches.end(), in_branch);
  });
}

}  // namespace

Value from_json(const Json& json, Trust trust) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::number_integer:
      return Value(json.get<std::int64_t>());
    case Json::value_t::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      const bool fits =
          number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      return fits ? Value(static_cast<std::int64_t>(number)) : Value(static_cast<double>(number));
    }
    case Json::value_t::number_float:
      return Value(json.get<double>());
    case Json::value_t::string: {
      const bool is_trusted = trust == Trust::everything;
      return Value(
          MarkedText{json.get<std::string>(), is_trusted ? kTrusted : std::uint8_t{0}, {}});
    }
    case Json::value_t::array: {
      Sequence list;
      for (const Json& item : json) list.items.push_back(from_json(item, trust));
      return Value(std::move(list));
    }
    case Json::value_t::object: {
      Dict dict;
      for (const auto& [key, value] : json.items()) {
        const bool is_role = trust == Trust::roles && key == "role" && value.is_string() &&
                             is_known_role(value.get_ref<const std::string&>());
        dict.set(from_json(Json(key), trust),
                 from_json(value, is_role ? Trust::everything : trust));
      }
      return Value(std::move(dict));
    }
    default:
      return {};
  }
}

struct Template::Syntax {
  Body body;
};

Template::Template(std::unique_ptr<const Syntax> syntax, std::string where, bool has_generation)
    : syntax_(std::move(syntax)), where_(std::move(where)), has_generation_(has_generation) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view source, std::string_view where) {
  try {
    auto syntax = std::make_unique<Syntax>();
    syntax->body = parse_template(source);
    const bool has_generation = body_has_generation(syntax->body);
    return Template(std::move(syntax), std::string(where), has_generation);
  } catch (const TemplateError& error) {
    return bad_input({.where = std::string(where),
                      .found = error.what(),
                      .wanted = "a Jinja chat template",
                      .fix = std::string(kFix)});
  }
}

Result<MarkedText> Template::render(const Dict& variables, const RenderOptions& options) const {
  try {
    Interpreter interpreter(variables, options.now.value_or(std::time(nullptr)));
    return interpreter.run(syntax_->body);
  } catch (const TemplateError& error) {
    return bad_input({.where = where_, .found = error.what()});
  } catch (const std::bad_alloc&) {
    return environment_failure({.where = where_, .found = "no memory to render the template"});
  }
}

}  // namespace attune::text::jinja
