// Walks over the syntax tree and writes text. One object renders one template once.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/syntax.h"
#include "text/jinja/value.h"

namespace attune::text::jinja {

// Names of a block of statements; a name that is not here is looked for in the parent.
struct Scope {
  Scope* parent = nullptr;
  std::vector<std::pair<std::string, Value>> names = {};
  bool is_captured = false;  // a macro may use it after its block has ended

  void set(std::string_view name, Value value);
  const Value* find(std::string_view name) const;
};

class Interpreter {
 public:
  // `variables` are the names of the context, `now` the time for strftime_now.
  Interpreter(const Dict& variables, std::time_t now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  MarkedText run(const Body& body);

  // For filters, tests, methods and functions.
  Work& work() { return work_; }
  std::time_t now() const { return now_; }
  Value call(const Value& callee, Arguments& arguments);
  Value filter(const std::string& name, const Value& input, Arguments& arguments);
  bool test(const std::string& name, const Value& input, Arguments& arguments);
  // value.name and value[key]; what is missing is undefined.
  Value attribute(const Value& value, const std::string& name);
  Value item(const Value& value, const Value& key);
  Value make_namespace(Dict attributes);

 private:
  friend class Macro;
  friend class Loop;
  enum class Flow { normal, broke, continued };
  class Depth;
  class NewScope;

  // Statements (interpreter.cc).
  Flow execute(const Body& body);
  Flow execute(const Statement& statement);
  Flow execute_if(const Statement& statement);
  Flow execute_in_scope(const Body& body);
  void write(const Value& value);
  MarkedText capture(const Body& body);
  void assign(const Expression& target, Value value);
  void assign_attribute(const Expression& target, Value value);
  void execute_set_block(const Statement& statement);
  void execute_with(const Statement& statement);
  void execute_call_block(const Statement& statement);
  Flow execute_generation(const Statement& statement);
  Value make_macro(const Statement& statement);
  Value call_macro(const Statement& macro, Scope* defined_in, Arguments& arguments);

  // Loops (loop.cc).
  void execute_for(const Statement& statement);
  MarkedText run_recursive_loop(const Statement& statement, Scope* outer, const Value& items,
                                int depth);
  void run_loop(const Statement& statement, const Value& sequence, int depth);
  std::vector<Value> loop_items(const Statement& statement, const Value& sequence);

  // Expressions (evaluate.cc).
  Value evaluate(const Expression& expression);
  Value evaluate_kind(const Expression& expression);
  Value evaluate_name(const std::string& name);
  Value evaluate_comparison(const Expression& expression);
  Value evaluate_concatenation(const Expression& expression);
  Value evaluate_conditional(const Expression& expression);
  Value evaluate_dict(const Expression& expression);
  Value evaluate_slice(const Expression& expression);
  Value evaluate_call(const Expression& expression);
  Value evaluate_filter(const Expression& expression, const Value& input);
  std::vector<Value> evaluate_all(const std::vector<ExpressionPointer>& expressions);
  Arguments evaluate_arguments(const CallArguments& arguments);
  void spend_on(const Value& value);

  const Dict& variables_;
  std::time_t now_;
  Work work_;
  MarkedText* out_ = nullptr;
  Scope* scope_ = nullptr;
  std::vector<std::unique_ptr<Scope>> kept_scopes_;
  std::vector<std::shared_ptr<Namespace>>
      namespaces_;  // emptied at the end: they may hold each other
  int depth_ = 0;
  int generations_ = 0;
};

// {% macro %}: the body in the scope where it was defined.
class Macro final : public Object {
 public:
  Macro(const Statement& statement, Scope* scope) : statement_(statement), scope_(scope) {}
  std::string type_name() const override { return "Macro"; }
  std::string text() const override;
  bool attribute(std::string_view name, Value& found) const override;
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments& arguments) override;

 private:
  const Statement& statement_;
  Scope* scope_;
};

}  // namespace attune::text::jinja
