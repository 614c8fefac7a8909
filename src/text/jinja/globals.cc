// Functions that every template can call.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "text/jinja/library.h"
#include "text/jinja/python_text.h"

namespace attune::text::jinja {

namespace {

Value global_range(Interpreter& interpreter, const Value&, Arguments& arguments) {
  arguments.check("range", 3, {});
  const std::size_t given = arguments.positional.size();
  if (given == 0) throw TemplateError("range expected at least 1 argument, got 0");
  const auto bound = [&](std::size_t index) {
    const Value& value = arguments.positional[index];
    require_defined(value);
    if (!value.is_integer() && !value.is_bool()) {
      throw TemplateError(
          fmt::format("'{}' object cannot be interpreted as an integer", type_name(value)));
    }
    return value.as_integer();
  };
  const std::int64_t start = given > 1 ? bound(0) : 0;
  const std::int64_t stop = given > 1 ? bound(1) : bound(0);
  const std::int64_t step = given > 2 ? bound(2) : 1;
  if (step == 0) throw TemplateError("range() arg 3 must not be zero");
  Sequence numbers{.kind = SequenceKind::range};
  for (std::int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (numbers.items.size() >= 100'000)
      throw TemplateError(
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
    numbers.items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  interpreter.work().spend(numbers.items.size());
  return Value(std::move(numbers));
}

// dict(mapping or pairs, name=value, ...)
Dict make_dict(const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    throw TemplateError(
        fmt::format("dict expected at most 1 argument, got {}", arguments.positional.size()));
  }
  Dict dict;
  if (!arguments.positional.empty()) {
    const Value& given = arguments.positional[0];
    if (given.is_dict()) {
      dict = given.as_dict();
    } else {
      for (const Value& item : iterate(given)) {
        const std::vector<Value> pair = iterate(item);
        if (pair.size() != 2) throw TemplateError("dictionary update sequence needs pairs");
        dict.set(pair[0], pair[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) dict.set(Value::trusted(name), value);
  return dict;
}

Value global_dict(Interpreter&, const Value&, Arguments& arguments) {
  return Value(make_dict(arguments));
}

Value global_namespace(Interpreter& interpreter, const Value&, Arguments& arguments) {
  return interpreter.make_namespace(make_dict(arguments));
}

Value global_raise_exception(Interpreter&, const Value&, Arguments& arguments) {
  arguments.check("raise_exception", 1, {"message"});
  throw TemplateError(to_text(arguments.get(0, "message", Value())).text);
}

Value global_strftime_now(Interpreter& interpreter, const Value&, Arguments& arguments) {
  arguments.check("strftime_now", 1, {"format"});
  const Value* format = arguments.find(0, "format");
  if (format == nullptr || !format->is_text()) throw TemplateError("strftime_now() takes a format");
  const std::string& text = format->as_string();
  // A leading space tells an empty result from one that did not fit.
  const std::string padded = " " + text;
  std::tm local{};
  const std::time_t now = interpreter.now();
  localtime_r(&now, &local);
  std::array<char, 1024> buffer{};
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), padded.c_str(), &local);
  if (size == 0) throw TemplateError("the format of strftime_now() is too long");
  return Value::trusted(std::string(buffer.data() + 1, size - 1));
}

// joiner(", "): nothing at the first call, the separator afterwards.
class Joiner final : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  std::string type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter&, Arguments& arguments) override {
    arguments.check("joiner", 0, {});
    return std::exchange(used_, true) ? separator_ : Value::trusted("");
  }

 private:
  Value separator_;
  bool used_ = false;
};

Value global_joiner(Interpreter&, const Value&, Arguments& arguments) {
  arguments.check("joiner", 1, {"sep"});
  return Value(std::shared_ptr<Object>(
      std::make_shared<Joiner>(arguments.get(0, "sep", Value::trusted(", ")))));
}

// cycler("a", "b"): next() goes round, current stays, reset() starts again.
class Cycler final : public Object {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {}
  std::string type_name() const override { return "Cycler"; }
  void set_self(const std::weak_ptr<Object>& self) { self_ = self; }
  bool attribute(std::string_view name, Value& found) const override {
    if (name == "current") {
      found = items_[at_];
    } else if (name == "next" || name == "reset") {
      found = Value(std::shared_ptr<Object>(std::make_shared<Function>(
          std::string(name), name == "next" ? &Cycler::next : &Cycler::reset,
          Value(self_.lock()))));
    } else {
      return false;
    }
    return true;
  }

 private:
  static Value next(Interpreter&, const Value& self, Arguments&) {
    auto& cycler = static_cast<Cycler&>(self.as_object());
    Value value = cycler.items_[cycler.at_];
    cycler.at_ = (cycler.at_ + 1) % cycler.items_.size();
    return value;
  }
  static Value reset(Interpreter&, const Value& self, Arguments&) {
    static_cast<Cycler&>(self.as_object()).at_ = 0;
    return {};
  }

  std::vector<Value> items_;
  std::size_t at_ = 0;
  std::weak_ptr<Object> self_;
};

Value global_cycler(Interpreter&, const Value&, Arguments& arguments) {
  arguments.check("cycler", kMostItems, {});
  if (arguments.positional.empty()) throw TemplateError("at least one item has to be provided");
  const auto cycler = std::make_shared<Cycler>(arguments.positional);
  cycler->set_self(cycler);
  return Value(std::shared_ptr<Object>(cycler));
}

constexpr Entry kGlobals[] = {
    {"range", &global_range},
    {"dict", &global_dict},
    {"namespace", &global_namespace},
    {"joiner", &global_joiner},
    {"cycler", &global_cycler},
    {"raise_exception", &global_raise_exception},
    {"strftime_now", &global_strftime_now},
};

}  // namespace

bool find_global(std::string_view name, Value& found) {
  const Function::Body body = find_in(kGlobals, name);
  if (body == nullptr) return false;
  found =
      Value(std::shared_ptr<Object>(std::make_shared<Function>(std::string(name), body, Value())));
  return true;
}

}  // namespace attune::text::jinja
