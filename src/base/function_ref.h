// A view of something callable, for a function that calls what it is given before it returns:
//
//   void run(FunctionRef<void(std::int64_t)> body);
//   run([&](std::int64_t task) { ... });
//
// Two pointers, no memory of its own; unlike std::function it must not outlive what it was made of.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace attune {

template <typename Signature>
class FunctionRef;

template <typename Return, typename... Arguments>
class FunctionRef<Return(Arguments...)> {
 public:
  template <typename Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef> &&
           std::is_invocable_r_v<Return, Callable&, Arguments...>)
      FunctionRef(Callable&& callable)  // implicit: a lambda is passed as it is
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Return {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(
              std::forward<Arguments>(arguments)...);
        }) {}

  Return operator()(Arguments... arguments) const {
    return call_(object_, std::forward<Arguments>(arguments)...);
  }

 private:
  void* object_;
  Return (*call_)(void*, Arguments...);
};

}  // namespace attune
