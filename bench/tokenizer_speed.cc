// Tokens a second of one tokenizer over the lines of a text file; bench/tokenizer_speed.py runs it
// beside the library tokenizers of Hugging Face.
//
//   tokenizer_speed --model DIR --file text.txt [--threads 1] [--ids ids.txt]
#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/thread_pool.h"
#include "text/tokenizer.h"

namespace {

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Tokens a second of one tokenizer");
  std::string model, file, ids_file;
  int threads = 1;
  int rounds = 3;
  app.add_option("--model", model, "Folder of the tokenizer")->required();
  app.add_option("--file", file, "Text, a row a line")->required();
  app.add_option("--threads", threads, "Threads");
  app.add_option("--rounds", rounds, "Rounds, of which the best counts");
  app.add_option("--ids", ids_file, "Write the ids of each line there");
  CLI11_PARSE(app, argc, argv);

  const auto tokenizer = attune::text::Tokenizer::load(model);
  if (!tokenizer) {
    fmt::print(stderr, "{}\n", tokenizer.error().message());
    return 1;
  }
  const std::vector<std::string> lines = lines_of(file);
  std::vector<std::vector<std::int32_t>> ids(lines.size());
  attune::ThreadPool pool(threads);
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    pool.split(static_cast<std::int64_t>(lines.size()), 1, [&](attune::Range rows, int) {
      for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        const auto at = static_cast<std::size_t>(row);
        ids[at] = tokenizer->encode(lines[at], {});
      }
    });
    best = std::min(best, seconds_since(start));
  }
  std::size_t bytes = 0, tokens = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    bytes += lines[i].size();
    tokens += ids[i].size();
  }
  fmt::print("{:.1f} MB/s, {:.2f} million tokens/s, {} tokens, threads {}\n",
             static_cast<double>(bytes) / best / 1e6, static_cast<double>(tokens) / best / 1e6,
             tokens, pool.threads());
  if (!ids_file.empty()) {
    std::ofstream out(ids_file);
    for (const auto& row : ids) out << fmt::format("{}\n", fmt::join(row, " "));
  }
  return 0;
}
