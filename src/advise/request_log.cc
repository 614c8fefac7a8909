#include "advise/request_log.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "data/date_time.h"
#include "data/pii.h"
#include "io/jsonl.h"

namespace attune::advise {

namespace {

const Json* member(const Json& object, std::initializer_list<const char*> names) {
  if (!object.is_object()) return nullptr;
  for (const char* name : names) {
    const auto at = object.find(name);
    if (at != object.end() && !at->is_null()) return &*at;
  }
  return nullptr;
}

// A text, or a list of parts with a text each.
std::string text_of(const Json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (!content.is_array()) return text;
  for (const Json& part : content) {
    const Json* words = member(part, {"text"});
    if (words != nullptr && words->is_string()) text += words->get<std::string>();
  }
  return text;
}

std::string text_of_message(const Json& message) {
  const Json* content = member(message, {"content"});
  std::string text = content == nullptr ? "" : text_of(*content);
  if (const Json* calls = member(message, {"tool_calls"})) text += to_text(*calls);
  return text;
}

bool is_answer(const Json& message) {
  const Json* role = member(message, {"role"});
  return role != nullptr && *role == "assistant";
}

// The answer of a response: choices[0].message, a message, a list of output items, or a text.
std::string answer_of(const Json& response) {
  if (response.is_string()) return response.get<std::string>();
  if (response.is_array() && !response.empty()) {
    std::string text;
    for (const Json& item : response) {
      if (const Json* message = member(item, {"message"})) return text_of_message(*message);
      text += text_of_message(item);
    }
    return text;
  }
  if (const Json* inner = member(response, {"choices", "output", "message"}))
    return answer_of(*inner);
  return text_of_message(response);
}

std::optional<double> number_at(const Json* object, std::initializer_list<const char*> names) {
  const Json* value = object == nullptr ? nullptr : member(*object, names);
  if (value == nullptr || !value->is_number() || value->get<double>() < 0) return std::nullopt;
  return value->get<double>();
}

std::optional<double> seconds_of(const Json& value) {
  if (value.is_number()) {
    constexpr double kLatest = 1e11;  // the year 5138, in seconds
    double number = value.get<double>();
    for (int i = 0; i < 3 && number > kLatest; ++i) number /= 1000;  // milli-, micro-, nanoseconds
    if (!(number >= 0 && number <= kLatest)) return std::nullopt;
    return number;
  }
  data::DateColumn dates;
  if (!value.is_string() || !dates.add(value.get_ref<const std::string&>()) || !dates.order_known())
    return std::nullopt;
  return static_cast<double>(dates.seconds(0));
}

void read_usage(const Json& usage, LoggedRequest& request) {
  request.prompt_tokens = number_at(&usage, {"prompt_tokens", "input_tokens"});
  request.output_tokens = number_at(&usage, {"completion_tokens", "output_tokens"});
  request.cached_tokens = number_at(
      member(usage, {"prompt_tokens_details", "input_tokens_details"}), {"cached_tokens"});
}

// Characters rather than bytes: a token of any script is a few of them.
double characters(std::string_view text) {
  return static_cast<double>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

Result<LoggedRequest> read_request(const Json& line, const std::string& where) {
  const Json* inner = member(line, {"request", "body"});
  const Json& asked = inner != nullptr && inner->is_object() ? *inner : line;
  const Json* messages = member(asked, {"messages", "input"});
  if (messages == nullptr || !messages->is_array() || messages->empty()) {
    return bad_input({.where = where,
                      .found = "no list \"messages\"",
                      .wanted = "a chat request with its answer",
                      .fix = "docs/advise.md shows the forms of a log"});
  }
  LoggedRequest request;
  const Json* response = member(line, {"response", "output", "choices"});
  std::size_t asked_count = messages->size();
  if (response != nullptr) {
    request.answer = answer_of(*response);
  } else if (is_answer(messages->back())) {
    request.answer = text_of_message(messages->back());
    --asked_count;
  }
  if (const Json* tools = member(asked, {"tools"})) request.prompt = to_text(*tools) + "\n";
  for (std::size_t i = 0; i < asked_count; ++i) {
    const Json& message = (*messages)[i];
    const Json* role = member(message, {"role"});
    request.prompt += (role != nullptr && role->is_string() ? role->get<std::string>() : "") + ": ";
    request.prompt += text_of_message(message) + "\n";
  }
  request.prompt_characters = characters(request.prompt);
  request.answer_characters = characters(request.answer);
  const Json* usage = member(line, {"usage"});
  if (usage == nullptr && response != nullptr) usage = member(*response, {"usage"});
  if (usage != nullptr) read_usage(*usage, request);
  for (const Json* place : {&line, response, &asked}) {
    const Json* time =
        place == nullptr ? nullptr : member(*place, {"created", "created_at", "timestamp", "time"});
    if (time != nullptr && !request.seconds) request.seconds = seconds_of(*time);
  }
  return request;
}

stats::Estimate mean_of(const std::vector<double>& values) {
  const double mean = stats::mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto n = static_cast<double>(values.size());
  const double error = n > 1 ? 1.96 * std::sqrt(squares / (n - 1) / n) : 0;
  return {mean, std::max(0.0, mean - error), mean + error};
}

struct Counted {
  stats::Estimate mean;
  double counted_share = 0;
};

// Tokens of each request, from its usage or reckoned.
Counted count_tokens(const RequestLog& log, double LoggedRequest::*length,
                     std::optional<double> LoggedRequest::*tokens) {
  constexpr double kCharactersAToken = 4;
  double known_characters = 0, known_tokens = 0, known = 0;
  for (const LoggedRequest& request : log.requests) {
    if (!(request.*tokens)) continue;
    known_characters += request.*length;
    known_tokens += *(request.*tokens);
    ++known;
  }
  const bool measured = known_tokens > 0 && known_characters > 0;
  const double rate = measured ? known_tokens / known_characters : 1 / kCharactersAToken;
  std::vector<double> values;
  for (const LoggedRequest& request : log.requests)
    values.push_back((request.*tokens).value_or(request.*length * rate));
  Counted counted{.mean = mean_of(values),
                  .counted_share = known / static_cast<double>(log.requests.size())};
  if (!measured) {
    // Between the languages and vocabularies in use.
    counted.mean.low *= 0.75;
    counted.mean.high *= 1.4;
  }
  return counted;
}

void measure_days(const RequestLog& log, LogFigures& figures) {
  constexpr double kDay = 86400;
  std::vector<double> times;
  for (const LoggedRequest& request : log.requests) {
    if (request.seconds) times.push_back(*request.seconds);
  }
  if (times.size() < 2) return;
  std::sort(times.begin(), times.end());
  const double span = (times.back() - times.front()) / kDay;
  constexpr double kLongest = 365.0 * 50;
  if (!(span > 0) || span > kLongest) return;
  figures.days = span;
  const double n = static_cast<double>(times.size());
  // n requests leave n - 1 gaps.
  const double rate = (n - 1) / span;
  const auto days = static_cast<std::size_t>(span);
  if (days < 3) {
    figures.requests_per_day = stats::Estimate{rate, rate / 2, rate * 2};
    return;
  }
  std::vector<double> counts(days, 0.0);
  for (const double time : times) {
    const auto day = static_cast<std::size_t>((time - times.front()) / kDay);
    if (day < days) ++counts[day];
  }
  const stats::Estimate mean = mean_of(counts);
  figures.requests_per_day =
      stats::Estimate{rate, std::min(rate, mean.low), std::max(rate, mean.high)};
}

// A log and training rows may both be there: missing facts in one of them are not undone by the
// other.
void apply_knowledge(const Knowledge& found, Inputs& inputs) {
  if (found.answers < Knowledge::kFewestAnswers) return;
  const ChoiceInput& known = inputs.choice(Choice::facts);
  const bool missing_already = known.origin == Origin::log && known.answer != answer::facts_none;
  if (missing_already && !found.asks_for_retrieval()) return;
  inputs.set(Choice::facts, found.asks_for_retrieval() ? answer::facts_fixed : answer::facts_none,
             Origin::log,
             fmt::format("{:.0f} % of {} answers hold facts of their own",
                         100 * found.own_share.value, found.answers));
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(end - a.begin());
}

}  // namespace

Result<RequestLog> read_request_log(std::string_view text, const std::string& name,
                                    std::size_t texts_to_keep) {
  RequestLog log;
  log.name = name;
  JsonlReader reader(text, name);
  std::optional<Error> first;
  const auto pass_over = [&](Error error) {
    ++log.passed_over;
    if (!first) first = std::move(error);
  };
  while (true) {
    Result<std::optional<JsonLine>> line = reader.next();
    if (!line) {
      pass_over(std::move(line).error());
      continue;
    }
    if (!*line) break;
    const std::string where = fmt::format("{}:{}", name, (*line)->line);
    Result<LoggedRequest> request = read_request((*line)->value, where);
    if (request) {
      if (log.requests.size() >= texts_to_keep) {
        for (std::string* one : {&request->prompt, &request->answer}) {
          one->clear();
          one->shrink_to_fit();
        }
      }
      log.requests.push_back(std::move(*request));
    } else {
      pass_over(std::move(request).error());
    }
  }
  if (log.requests.empty()) {
    if (first) return Failure(std::move(*first));
    return bad_input({.where = name,
                      .found = "no line",
                      .wanted = "a chat request with its answer a line",
                      .fix = "docs/advise.md shows the forms of a log"});
  }
  if (first) log.first_fault = first->message();
  return log;
}

double repeated_prefix_share(std::vector<std::string_view> prompts) {
  const std::size_t group = std::max<std::size_t>(3, prompts.size() / 20);
  if (prompts.size() < group) return 0;
  // Prompts with a common beginning stand together: the beginning of `group` neighbours is that of
  // the first and the last of them.
  std::sort(prompts.begin(), prompts.end());
  std::vector<std::size_t> repeated(prompts.size(), 0);
  for (std::size_t first = 0; first + group <= prompts.size(); ++first) {
    const std::size_t length = common_prefix(prompts[first], prompts[first + group - 1]);
    for (std::size_t i = first; i < first + group; ++i) repeated[i] = std::max(repeated[i], length);
  }
  double all = 0, shared = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    all += static_cast<double>(prompts[i].size());
    shared += static_cast<double>(repeated[i]);
  }
  return all > 0 ? shared / all : 0;
}

LogFigures measure_log(const RequestLog& log) {
  LogFigures figures;
  figures.name = log.name;
  figures.requests = std::ssize(log.requests);
  figures.passed_over = log.passed_over;
  figures.first_fault = log.first_fault;
  measure_days(log, figures);
  const Counted prompt =
      count_tokens(log, &LoggedRequest::prompt_characters, &LoggedRequest::prompt_tokens);
  figures.prompt_tokens = prompt.mean;
  figures.counted_share = prompt.counted_share;
  figures.output_tokens =
      count_tokens(log, &LoggedRequest::answer_characters, &LoggedRequest::output_tokens).mean;
  double cached = 0, of_tokens = 0;
  std::vector<std::string_view> prompts;
  KnowledgeScan scan;
  for (const LoggedRequest& request : log.requests) {
    if (!request.prompt.empty() && prompts.size() < kTextsToKeep) prompts.push_back(request.prompt);
    if (!request.answer.empty()) scan.add(request.prompt, request.answer);
    if (!request.cached_tokens || !request.prompt_tokens) continue;
    cached += *request.cached_tokens;
    of_tokens += *request.prompt_tokens;
  }
  if (of_tokens > 0) figures.cached_share = std::min(1.0, cached / of_tokens);
  if (prompts.size() >= kFewestPrompts) {
    figures.repeated_share = repeated_prefix_share(std::move(prompts));
  }
  figures.knowledge = scan.finish();
  return figures;
}

void apply_log(const LogFigures& figures, Inputs& inputs) {
  const std::string note = fmt::format("{} requests", figures.requests);
  if (figures.requests_per_day)
    inputs.set(&Variables::requests_per_day, *figures.requests_per_day, Origin::log,
               fmt::format("{} within {:.1f} days", note, *figures.days));
  inputs.set(&Variables::prompt_tokens, figures.prompt_tokens, Origin::log, note);
  if (figures.output_tokens.value > 0)
    inputs.set(&Variables::output_tokens, figures.output_tokens, Origin::log, note);
  if (figures.cached_share) {
    inputs.set(&Variables::cached_share,
               {*figures.cached_share, *figures.cached_share, *figures.cached_share}, Origin::log,
               note);
  }
  // A tuned model usually keeps a line of instruction.
  if (figures.repeated_share) {
    const double share = *figures.repeated_share;
    inputs.set(&Variables::prompt_saved, {0.9 * share, 0.5 * share, share}, Origin::log,
               "the beginning that prompts repeat");
  }
  apply_knowledge(figures.knowledge, inputs);
}

Result<std::int64_t> count_rows_with_personal_data(const RequestLog& rows) {
  ATTUNE_TRY(const data::PiiScanner scanner, data::PiiScanner::built_in());
  std::int64_t count = 0;
  for (const LoggedRequest& row : rows.requests) {
    const auto holds = [&](const std::string& text) { return !scanner.scan(text).empty(); };
    count += holds(row.prompt) || holds(row.answer) ? 1 : 0;
  }
  return count;
}

void apply_rows(const LogFigures& figures, std::int64_t with_personal_data, Inputs& inputs) {
  const auto rows = static_cast<double>(figures.requests);
  inputs.set(&Variables::examples, {rows, rows, rows}, Origin::log, figures.name);
  inputs.set(Choice::pii, with_personal_data > 0 ? answer::pii_present : answer::pii_none,
             Origin::log, fmt::format("{} of {} rows", with_personal_data, figures.requests));
  apply_knowledge(figures.knowledge, inputs);
}

}  // namespace attune::advise
