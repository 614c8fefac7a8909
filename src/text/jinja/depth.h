// Guards that the interpreter's own files share.
#pragma once

#include <memory>

#include "text/jinja/interpreter.h"

namespace attune::text::jinja {

// Keeps the recursion over statements, expressions and macros within the stack.
inline constexpr int kDeepestCalls = 1000;

class Interpreter::Depth {
 public:
  explicit Depth(Interpreter& interpreter);
  ~Depth() { --interpreter_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  Interpreter& interpreter_;
};

// A scope of its own for as long as the guard lives; kept longer when a macro was defined in it.
class Interpreter::NewScope {
 public:
  NewScope(Interpreter& interpreter, Scope* parent);
  ~NewScope();
  NewScope(const NewScope&) = delete;
  NewScope& operator=(const NewScope&) = delete;

 private:
  Interpreter& interpreter_;
  Scope* outer_;
  std::unique_ptr<Scope> scope_;
};

}  // namespace attune::text::jinja
