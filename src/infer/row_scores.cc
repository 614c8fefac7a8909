#include "infer/row_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/measure.h"

namespace attune::infer {

namespace {

// Rows of one batch, and where each lies in it.
struct Packed {
  model::Batch batch;
  model::Targets targets;
  std::vector<std::size_t> rows;
  std::vector<std::int64_t> state_rows;   // tokens before each row's first target
  std::vector<std::size_t> state_owners;  // of each, an index into `rows`

  void clear() {
    batch.tokens.clear();
    batch.document_starts.assign(1, 0);
    targets.next.clear();
    targets.weight.clear();
    rows.clear();
    state_rows.clear();
    state_owners.clear();
  }
};

// The part of a chat that is read: the last token is only ever predicted.
std::size_t inputs_of(const text::EncodedChat& chat, std::int64_t context) {
  const std::size_t most = static_cast<std::size_t>(context);
  return chat.ids.empty() ? 0 : std::min(chat.ids.size() - 1, most);
}

void append(const text::EncodedChat& chat, std::size_t row, std::size_t inputs, bool states,
            Packed& packed) {
  const auto begin = static_cast<std::int64_t>(packed.batch.tokens.size());
  bool question = states;
  for (std::size_t i = 0; i < inputs; ++i) {
    const bool is_target = chat.trained[i + 1] > 0;
    packed.batch.tokens.push_back(chat.ids[i]);
    packed.targets.next.push_back(chat.ids[i + 1]);
    packed.targets.weight.push_back(is_target ? 1.0f : 0.0f);
    if (question) {
      packed.state_rows.push_back(begin + static_cast<std::int64_t>(i));
      packed.state_owners.push_back(packed.rows.size());
    }
    question = question && !is_target;
  }
  packed.batch.document_starts.push_back(begin + static_cast<std::int64_t>(inputs));
  packed.rows.push_back(row);
}

class Measurer {
 public:
  Measurer(const kernels::Context& context, const model::Model& model,
           std::span<const text::EncodedChat> chats, const MeasureOptions& options)
      : context_(context),
        model_(model),
        chats_(chats),
        options_(options),
        longest_(model.spec().max_positions),
        capacity_(batch_tokens()),
        workspace_(model, capacity_, false),
        measures_(chats.size()) {}

  std::vector<RowMeasure> run() {
    std::int64_t all = 0, done = 0;
    for (const text::EncodedChat& chat : chats_)
      all += static_cast<std::int64_t>(inputs_of(chat, longest_));
    packed_.clear();
    const auto flush = [&] {
      done += std::ssize(packed_.batch.tokens);
      measure();
      packed_.clear();
      if (options_.progress) options_.progress(done, all);
    };
    for (std::size_t row = 0; row < chats_.size(); ++row) {
      const std::size_t inputs = inputs_of(chats_[row], longest_);
      if (inputs == 0) continue;
      const auto together = std::ssize(packed_.batch.tokens) + static_cast<std::int64_t>(inputs);
      if (together > capacity_ && !packed_.rows.empty()) flush();
      append(chats_[row], row, inputs, options_.states, packed_);
    }
    if (!packed_.rows.empty()) flush();
    return std::move(measures_);
  }

 private:
  std::int64_t batch_tokens() const {
    std::int64_t longest = 1, all = 0;
    for (const text::EncodedChat& chat : chats_) {
      const auto inputs = static_cast<std::int64_t>(inputs_of(chat, longest_));
      longest = std::max(longest, inputs);
      all += inputs;
    }
    return std::max(longest, std::min(options_.tokens_per_batch, all));
  }

  void measure() {
    const auto width = static_cast<std::size_t>(model_.spec().hidden);
    std::vector<std::vector<double>> sums(packed_.rows.size());
    std::vector<std::int64_t> counts(packed_.rows.size(), 0);
    const auto add_states = [&](std::size_t first, std::span<float> states) {
      for (std::size_t i = 0; i * width < states.size(); ++i) {
        const std::size_t owner = packed_.state_owners[first + i];
        sums[owner].resize(width, 0.0);
        for (std::size_t k = 0; k < width; ++k)
          sums[owner][k] += static_cast<double>(states[i * width + k]);
        ++counts[owner];
      }
    };
    nll_.resize(packed_.batch.tokens.size());
    model::PassOptions pass;
    pass.use_adapter = options_.use_adapter;
    model::measure_tokens(context_, model_, workspace_, packed_.batch, packed_.targets, nll_,
                          packed_.state_rows, add_states, pass);
    for (std::size_t i = 0; i < packed_.rows.size(); ++i) {
      RowMeasure& measure = measures_[packed_.rows[i]];
      take_loss(i, measure);
      for (const double sum : sums[i])
        measure.state.push_back(static_cast<float>(sum / static_cast<double>(counts[i])));
    }
  }

  void take_loss(std::size_t document, RowMeasure& measure) const {
    const auto begin = static_cast<std::size_t>(packed_.batch.document_starts[document]);
    const auto end = static_cast<std::size_t>(packed_.batch.document_starts[document + 1]);
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (packed_.targets.weight[i] <= 0) continue;
      sum += nll_[i];
      ++measure.targets;
    }
    if (measure.targets > 0) measure.loss = sum / static_cast<double>(measure.targets);
  }

  const kernels::Context& context_;
  const model::Model& model_;
  const std::span<const text::EncodedChat> chats_;
  const MeasureOptions& options_;
  const std::int64_t longest_;
  const std::int64_t capacity_;
  model::Workspace workspace_;
  Packed packed_;
  std::vector<double> nll_;
  std::vector<RowMeasure> measures_;
};

}  // namespace

std::vector<RowMeasure> measure_rows(const kernels::Context& context, const model::Model& model,
                                     std::span<const text::EncodedChat> chats,
                                     const MeasureOptions& options) {
  return Measurer(context, model, chats, options).run();
}

Result<text::EncodedChat> encode_last_answer(const text::ChatFormat& format, const Json& messages,
                                             const Json& tools) {
  Json weighted = messages;
  for (std::size_t i = 0; i < weighted.size(); ++i) {
    if (weighted[i].value("role", "") == "assistant")
      weighted[i]["weight"] = i + 1 == weighted.size() ? 1 : 0;
  }
  return format.encode_training(weighted, tools);
}

Result<text::EncodedChat> encode_answer_alone(const text::ChatFormat& format,
                                              const Json& messages) {
  Json alone = Json::array({{{"role", "user"}, {"content", ""}}});
  alone.push_back(messages.back());
  alone.back()["weight"] = 1;
  return format.encode_training(alone, nullptr);
}

void centre(std::span<float> vectors, std::int64_t width) {
  const auto columns = static_cast<std::size_t>(width);
  const std::size_t rows = vectors.size() / columns;
  std::vector<double> mean(columns, 0.0);
  for (std::size_t i = 0; i < vectors.size(); ++i)
    mean[i % columns] += static_cast<double>(vectors[i]) / static_cast<double>(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::span<float> own = vectors.subspan(row * columns, columns);
    double square = 0;
    for (std::size_t i = 0; i < columns; ++i) {
      const double value = static_cast<double>(own[i]) - mean[i];
      square += value * value;
    }
    const double length = square > 0 ? std::sqrt(square) : 1.0;
    for (std::size_t i = 0; i < columns; ++i)
      own[i] = static_cast<float>((static_cast<double>(own[i]) - mean[i]) / length);
  }
}

void cosines(const kernels::Context& context, std::span<const float> vectors, std::int64_t width,
             std::span<const std::int64_t> chosen, std::span<float> out) {
  const auto columns = static_cast<std::size_t>(width);
  const auto rows = static_cast<std::int64_t>(vectors.size() / columns);
  std::vector<float> left(chosen.size() * columns);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto from = vectors.subspan(static_cast<std::size_t>(chosen[i]) * columns, columns);
    std::copy(from.begin(), from.end(), left.begin() + static_cast<std::ptrdiff_t>(i * columns));
  }
  kernels::GemmArgs args;
  args.m = std::ssize(chosen);
  args.n = rows;
  args.k = width;
  args.a.data = left.data();
  args.a.stride = args.b.stride = width;
  args.b.data = vectors.data();
  args.b.transposed = true;
  args.c = out.data();
  args.c_stride = rows;
  kernels::parallel_gemm(context, args);
}

}  // namespace attune::infer
