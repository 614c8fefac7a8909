// Hugging Face folders in and out.
#include <algorithm>
#include <cstring>
#include <deque>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "model/weights.h"

namespace attune::model {

namespace {

constexpr std::string_view kHeadName = "lm_head.weight";

Result<const StoredTensor*> find_tensor(const Safetensors& file, const std::string& name,
                                        const std::vector<std::int64_t>& shape) {
  const StoredTensor* tensor = file.find(name);
  if (tensor == nullptr) {
    return bad_input(
        {.where = file.where(),
         .found = fmt::format("the tensor {} is missing", name),
         .wanted = fmt::format("it with shape [{}]", fmt::join(shape, ", ")),
         .fix = "fetch the model again, or mend config.json if it belongs to another model"});
  }
  if (tensor->shape != shape) {
    return bad_input({.where = fmt::format("{}: {}", file.where(), name),
                      .found = fmt::format("shape [{}]", fmt::join(tensor->shape, ", ")),
                      .wanted = fmt::format("[{}], from config.json", fmt::join(shape, ", ")),
                      .fix = "use the config.json that belongs to these weights"});
  }
  return tensor;
}

// Rows [begin, end) of a matrix in a file.
StoredTensor rows_of(const StoredTensor& tensor, std::int64_t begin, std::int64_t end) {
  const std::int64_t row_bytes = tensor.shape[1] * dtype_bytes(tensor.dtype);
  StoredTensor part = tensor;
  part.shape[0] = end - begin;
  part.bytes = tensor.bytes.subspan(static_cast<std::size_t>(begin * row_bytes),
                                    static_cast<std::size_t>((end - begin) * row_bytes));
  return part;
}

// In slices, so that a model is never held as f32 beside its own form.
Result<void> read_matrix(const Safetensors& file, const std::string& name, Matrix& matrix) {
  constexpr std::int64_t kSliceElements = std::int64_t{1} << 20;
  ATTUNE_TRY(const StoredTensor* tensor, find_tensor(file, name, {matrix.rows, matrix.columns}));
  matrix.allocate_frozen();
  if (matrix.frozen == Dtype::f32) return copy_to_f32(*tensor, matrix.f32.span());
  const std::int64_t slice_rows =
      std::clamp<std::int64_t>(kSliceElements / matrix.columns, 1, matrix.rows);
  Buffer<float> slice(slice_rows * matrix.columns);
  for (std::int64_t begin = 0; begin < matrix.rows; begin += slice_rows) {
    const std::int64_t end = std::min(matrix.rows, begin + slice_rows);
    const std::int64_t count = (end - begin) * matrix.columns;
    ATTUNE_TRY_VOID(copy_to_f32(rows_of(*tensor, begin, end),
                                slice.span().first(static_cast<std::size_t>(count))));
    if (!matrix.set_rows(begin, end - begin, slice.data())) {
      return bad_input({.where = fmt::format("{}: {}", file.where(), name),
                        .found = fmt::format("a value in rows {} to {} that is no finite number",
                                             begin, end - 1),
                        .wanted = "finite weights, for they are to be quantised",
                        .fix = "fetch the model again, or load it with --dtype bf16"});
    }
  }
  return {};
}

// The name under which the embedding is stored: a tied model may hold only lm_head.weight.
Result<std::string> embedding_name(const Safetensors& file, const Model::Weights& weights) {
  if (!weights.spec.tied || file.find(weights.embedding.name) != nullptr) {
    if (weights.spec.tied && file.find(kHeadName) != nullptr) {
      ATTUNE_TRY_VOID(find_tensor(file, std::string(kHeadName),
                                  {weights.spec.vocabulary, weights.spec.hidden}));
    }
    return weights.embedding.name;
  }
  return file.find(kHeadName) != nullptr ? std::string(kHeadName) : weights.embedding.name;
}

// A layer's tensor that we do not know would change the arithmetic: refuse it rather than leave it
// out.
Result<void> refuse_unknown(const Safetensors& file, Model::Weights& weights) {
  std::vector<std::string_view> known;
  for (const Matrix* matrix : matrices(weights)) known.push_back(matrix->name);
  for (const Vector* vector : vectors(weights)) known.push_back(vector->name);
  std::sort(known.begin(), known.end());
  for (const StoredTensor& tensor : file.tensors()) {
    const bool ignored = tensor.name.ends_with(".rotary_emb.inv_freq") || tensor.name == kHeadName;
    if (ignored || std::binary_search(known.begin(), known.end(), std::string_view(tensor.name)))
      continue;
    return bad_input({.where = file.where(),
                      .found = fmt::format("the tensor {}", tensor.name),
                      .wanted = fmt::format("only tensors of a {} model with {} layers",
                                            weights.spec.family, weights.spec.layers),
                      .fix = "use the config.json that belongs to these weights"});
  }
  return {};
}

Result<void> read_weights(const Safetensors& file, Model::Weights& weights) {
  ATTUNE_TRY_VOID(refuse_unknown(file, weights));
  ATTUNE_TRY(const std::string embedding, embedding_name(file, weights));
  ATTUNE_TRY_VOID(read_matrix(file, embedding, weights.embedding));
  for (Matrix* matrix : matrices(weights)) {
    if (matrix == &weights.embedding) continue;
    ATTUNE_TRY_VOID(read_matrix(file, matrix->name, *matrix));
  }
  for (Vector* vector : vectors(weights)) {
    ATTUNE_TRY(const StoredTensor* tensor, find_tensor(file, vector->name, {vector->size}));
    vector->value = Buffer<float>(vector->size);
    ATTUNE_TRY_VOID(copy_to_f32(*tensor, vector->value.span()));
  }
  return {};
}

// Tensors to write, with the bytes of those that had to be converted.
class TensorList {
 public:
  explicit TensorList(Dtype stored) : stored_(stored) {}

  void add(const std::string& name, std::vector<std::int64_t> shape,
           std::span<const float> values) {
    if (stored_ == Dtype::f32) return add_bytes(name, std::move(shape), std::as_bytes(values));
    Buffer<bf16>& half = halves_.emplace_back(static_cast<std::int64_t>(values.size()));
    std::transform(values.begin(), values.end(), half.data(), [](float x) { return to_bf16(x); });
    add_bytes(name, std::move(shape), std::as_bytes(half.span()));
  }

  void add(const std::string& name, std::vector<std::int64_t> shape, std::span<const bf16> values) {
    if (stored_ == Dtype::bf16) return add_bytes(name, std::move(shape), std::as_bytes(values));
    Buffer<float>& wide = floats_.emplace_back(static_cast<std::int64_t>(values.size()));
    std::transform(values.begin(), values.end(), wide.data(), [](bf16 x) { return to_float(x); });
    add_bytes(name, std::move(shape), std::as_bytes(wide.span()));
  }

  std::vector<TensorToWrite> take() { return std::move(tensors_); }

 private:
  void add_bytes(const std::string& name, std::vector<std::int64_t> shape,
                 std::span<const std::byte> bytes) {
    tensors_.push_back({.name = name, .dtype = stored_, .shape = std::move(shape), .bytes = bytes});
  }

  Dtype stored_;
  std::deque<Buffer<float>> floats_;
  std::deque<Buffer<bf16>> halves_;
  std::vector<TensorToWrite> tensors_;
};

}  // namespace

Result<Model> Model::load(const Path& folder, Precision precision) {
  const Path config_path = folder / "config.json";
  ATTUNE_TRY(const Json config, read_json(config_path));
  ATTUNE_TRY(const ArchSpec spec, parse_arch_spec(config, config_path.string()));
  ATTUNE_TRY(const Safetensors file, Safetensors::open(folder));
  auto weights = std::make_unique<Weights>(lay_out_weights(spec, precision));
  ATTUNE_TRY_VOID(read_weights(file, *weights));
  return Model(std::move(weights));
}

Result<void> Model::save(const Path& folder, Dtype stored) const {
  if (stored != Dtype::f32 && stored != Dtype::bf16) {
    return bad_input({.where = folder.string(),
                      .found = fmt::format("the type {} for stored weights", dtype_name(stored)),
                      .wanted = "F32 or BF16"});
  }
  if (is_quantised(weights_->precision)) {
    return bad_input({.where = folder.string(),
                      .found = fmt::format("weights held as {}", precision_name(precision())),
                      .wanted = "the weights themselves, to save them",
                      .fix = "load the model as bf16 or f32"});
  }
  ATTUNE_TRY_VOID(ensure_directory(folder));
  TensorList list(stored);
  for (const Matrix* matrix : matrices(*weights_)) {
    CHECK(!matrix->in_panels, "a model arranged for answering is not saved");
    if (matrix->is_half()) {
      list.add(matrix->name, {matrix->rows, matrix->columns}, matrix->half.span());
    } else {
      list.add(matrix->name, {matrix->rows, matrix->columns}, matrix->f32.span());
    }
  }
  for (const Vector* vector : vectors(*weights_)) {
    list.add(vector->name, {vector->size}, vector->value.span());
  }
  ATTUNE_TRY_VOID(write_safetensors(folder / "model.safetensors", list.take(), {{"format", "pt"}}));
  Json config = to_config(weights_->spec);
  config["torch_dtype"] = stored == Dtype::bf16 ? "bfloat16" : "float32";
  return write_file_atomic(folder / "config.json", to_pretty_text(config));
}

}  // namespace attune::model
