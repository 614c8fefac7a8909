// {% for %}: the items, the variable `loop`, and recursive loops.
#include <fmt/format.h>

#include "text/jinja/depth.h"
#include "text/jinja/python_text.h"

namespace attune::text::jinja {

// What a loop body sees as `loop`.
class Loop final : public Object {
 public:
  Loop(const Statement& statement, Scope* outer, std::vector<Value> items, int depth)
      : statement_(statement), outer_(outer), items_(std::move(items)), depth_(depth) {}

  std::string type_name() const override { return "LoopContext"; }
  std::string text() const override {
    return fmt::format("<LoopContext {}/{}>", at_ + 1, items_.size());
  }
  bool is_callable() const override { return true; }

  bool attribute(std::string_view name, Value& found) const override {
    const auto index = static_cast<std::int64_t>(at_);
    const auto count = static_cast<std::int64_t>(items_.size());
    if (name == "index") {
      found = Value(index + 1);
    } else if (name == "index0") {
      found = Value(index);
    } else if (name == "revindex") {
      found = Value(count - index);
    } else if (name == "revindex0") {
      found = Value(count - index - 1);
    } else if (name == "first") {
      found = Value(index == 0);
    } else if (name == "last") {
      found = Value(index + 1 == count);
    } else if (name == "length") {
      found = Value(count);
    } else if (name == "depth") {
      found = Value(std::int64_t{depth_} + 1);
    } else if (name == "depth0") {
      found = Value(std::int64_t{depth_});
    } else if (name == "previtem") {
      found = at_ > 0 ? items_[at_ - 1] : Value::undefined("there is no previous item");
    } else if (name == "nextitem") {
      found = at_ + 1 < items_.size() ? items_[at_ + 1] : Value::undefined("there is no next item");
    } else if (name == "cycle" || name == "changed") {
      found = Value(std::shared_ptr<Object>(std::make_shared<Function>(
          std::string(name), name == "cycle" ? &Loop::cycle : &Loop::changed, self())));
    } else {
      return false;
    }
    return true;
  }

  Value call(Interpreter& interpreter, Arguments& arguments) override {
    if (!statement_.recursive) {
      throw TemplateError("The loop must have the 'recursive' marker to be called recursively.");
    }
    if (has_ended_) throw TemplateError("a loop can't be called after its end");
    arguments.check("loop", 1, {"iterable"});
    const Value* items = arguments.find(0, "iterable");
    if (items == nullptr) throw TemplateError("loop() needs the items to go over");
    return Value(interpreter.run_recursive_loop(statement_, outer_, *items, depth_ + 1));
  }

  const std::vector<Value>& items() const { return items_; }
  void go_to(std::size_t at) { at_ = at; }
  void set_self(const std::weak_ptr<Object>& self) { self_ = self; }

  // After the loop its scope is gone, and a value that it remembers could hold the loop itself.
  void end() {
    has_ended_ = true;
    last_ = Value();
  }

 private:
  Value self() const { return Value(self_.lock()); }

  static Value cycle(Interpreter&, const Value& self, Arguments& arguments) {
    if (arguments.positional.empty()) throw TemplateError("no items for cycling given");
    const auto& loop = static_cast<const Loop&>(self.as_object());
    return arguments.positional[loop.at_ % arguments.positional.size()];
  }

  static Value changed(Interpreter& interpreter, const Value& self, Arguments& arguments) {
    auto& loop = static_cast<Loop&>(self.as_object());
    Sequence now{.items = arguments.positional, .kind = SequenceKind::tuple};
    const Value value(std::move(now));
    const bool is_same = loop.has_last_ && equal(loop.last_, value, interpreter.work());
    if (!loop.has_ended_) loop.last_ = value;
    loop.has_last_ = true;
    return Value(!is_same);
  }

  const Statement& statement_;
  Scope* outer_;
  std::vector<Value> items_;
  int depth_;
  std::size_t at_ = 0;
  bool has_last_ = false;
  bool has_ended_ = false;
  Value last_;
  std::weak_ptr<Object> self_;
};

void Interpreter::execute_for(const Statement& statement) {
  run_loop(statement, evaluate(*statement.expressions[0]), 0);
}

std::vector<Value> Interpreter::loop_items(const Statement& statement, const Value& sequence) {
  std::vector<Value> items = iterate(sequence);
  work_.spend(items.size());
  if (statement.condition == nullptr) return items;
  std::vector<Value> chosen;
  const NewScope scope(*this, scope_);
  for (Value& item : items) {
    assign(*statement.targets[0], item);
    if (is_true(evaluate(*statement.condition))) chosen.push_back(std::move(item));
  }
  return chosen;
}

void Interpreter::run_loop(const Statement& statement, const Value& sequence, int depth) {
  const auto loop =
      std::make_shared<Loop>(statement, scope_, loop_items(statement, sequence), depth);
  loop->set_self(loop);
  const std::unique_ptr<Loop, void (*)(Loop*)> at_end(loop.get(),
                                                      [](Loop* ended) { ended->end(); });
  if (loop->items().empty()) {
    const NewScope scope(*this, scope_);
    execute(statement.otherwise);
    return;
  }
  for (std::size_t i = 0; i < loop->items().size(); ++i) {
    work_.spend(1);
    loop->go_to(i);
    const NewScope scope(*this, scope_);
    scope_->set("loop", Value(std::shared_ptr<Object>(loop)));
    assign(*statement.targets[0], loop->items()[i]);
    if (execute(statement.body) == Flow::broke) break;
  }
}

MarkedText Interpreter::run_recursive_loop(const Statement& statement, Scope* outer,
                                           const Value& items, int depth) {
  const Depth guard(*this);
  const NewScope scope(*this, outer);
  MarkedText text;
  MarkedText* const out = std::exchange(out_, &text);
  try {
    run_loop(statement, items, depth);
  } catch (...) {
    out_ = out;
    throw;
  }
  out_ = out;
  return text;
}

}  // namespace attune::text::jinja
