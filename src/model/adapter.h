// A LoRA adapter apart from any model, so that one base in memory serves many of them (extend.h).
//
//   ATTUNE_TRY(const Adapter adapter, Adapter::load(folder, base));   // the base is not changed
//
// Immutable; any number of threads may use it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "io/file.h"
#include "model/model.h"

namespace attune::model {

class Adapter {
 public:
  // A PEFT folder that fits the base, read and checked as Model::load_adapter does.
  static Result<Adapter> load(const Path& folder, const Model& base);

  std::int64_t rank() const;  // the largest of its modules
  std::int64_t bytes() const;

  Adapter(Adapter&&) noexcept;
  Adapter& operator=(Adapter&&) noexcept;
  ~Adapter();

  struct Weights;  // weights.h
  const Weights& weights() const { return *weights_; }

 private:
  explicit Adapter(std::unique_ptr<const Weights> weights);
  std::unique_ptr<const Weights> weights_;
};

}  // namespace attune::model
