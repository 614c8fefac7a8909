#include "jobs/models.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <sys/stat.h>

#include "io/sha256.h"

namespace attune::jobs {

namespace {

constexpr std::string_view kPrefix = "ft:";
constexpr std::string_view kCheckpoint = "ckpt-step-";
constexpr std::size_t kIdLength = 8;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Each pair of bytes of the digest gives one of 62 characters; the bias of the remainder is
// harmless here.
std::string derived_id(std::string_view job_id, std::string_view what) {
  constexpr std::string_view kAlphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::string digest = sha256(fmt::format("{}/{}", job_id, what));
  std::string id;
  for (std::size_t i = 0; i < kIdLength; ++i) {
    unsigned value = 0;
    std::from_chars(digest.data() + 4 * i, digest.data() + 4 * i + 4, value, 16);
    id += kAlphabet[value % kAlphabet.size()];
  }
  return id;
}

// A colon or a slash in it would make the name ambiguous.
std::string tidy_field(std::string_view text) {
  std::string tidy;
  for (const char c : text) {
    tidy += is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' ? c : '-';
  }
  return tidy;
}

TunedName name_of(std::string_view base, std::string_view organisation, std::string_view suffix) {
  constexpr std::string_view kOrganisation = "org-";
  if (organisation.starts_with(kOrganisation)) organisation.remove_prefix(kOrganisation.size());
  return {.base = std::string(base),
          .organisation = tidy_field(organisation),
          .suffix = tidy_field(suffix),
          .id = {}};
}

// Takes the part behind the last colon off `rest`; nothing without a colon.
std::optional<std::string_view> take_last(std::string_view& rest) {
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view last = rest.substr(colon + 1);
  rest = rest.substr(0, colon);
  return last;
}

std::int64_t time_of(const Path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_mtime) : 0;
}

bool holds_model(const Path& folder) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(folder / "config.json", ignored);
}

void collect(const Path& folder, const std::string& prefix, int levels,
             std::vector<BaseModel>& found) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string own = entry.path().filename().string();
    if (!entry.is_directory(ignored) || own.starts_with('.') || own.find(':') != own.npos) continue;
    if (holds_model(entry.path())) {
      found.push_back({prefix + own, entry.path(), time_of(entry.path() / "config.json")});
    } else if (levels > 1) {
      collect(entry.path(), prefix + own + "/", levels - 1, found);
    }
  }
}

Result<BaseModel> parse_named(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const bool good_name =
      equals != std::string::npos && !name.empty() && name.size() <= 200 &&
      std::all_of(name.begin(), name.end(), [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '/';
      });
  if (!good_name) {
    return bad_input({.where = "--model " + text,
                      .found = "no NAME=FOLDER",
                      .wanted = "a name of letters, digits, '-', '_', '.' and '/', and a folder",
                      .fix = "for example --model tiny=/data/tiny"});
  }
  std::error_code ignored;
  const Path folder = std::filesystem::absolute(text.substr(equals + 1), ignored);
  if (!holds_model(folder)) {
    return bad_input({.where = folder.string(),
                      .found = "no config.json",
                      .wanted = "the folder of a model (Hugging Face layout)",
                      .fix = "check the folder given with --model"});
  }
  return BaseModel{name, folder.lexically_normal(), time_of(folder / "config.json")};
}

}  // namespace

std::string to_text(const TunedName& name) {
  std::string text =
      fmt::format("{}{}:{}:{}:{}", kPrefix, name.base, name.organisation, name.suffix, name.id);
  if (name.checkpoint_step) text += fmt::format(":{}{}", kCheckpoint, *name.checkpoint_step);
  return text;
}

std::optional<TunedName> parse_tuned_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::string_view rest = name.substr(kPrefix.size());
  TunedName parsed;
  auto id = take_last(rest);
  if (id && id->starts_with(kCheckpoint)) {
    const std::string_view digits = id->substr(kCheckpoint.size());
    std::int64_t step = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
    if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    parsed.checkpoint_step = step;
    id = take_last(rest);
  }
  const auto suffix = take_last(rest);
  const auto organisation = take_last(rest);
  if (!id || !suffix || !organisation || rest.empty()) return std::nullopt;
  if (id->size() != kIdLength || !std::all_of(id->begin(), id->end(), is_letter_or_digit)) {
    return std::nullopt;
  }
  parsed.base = rest;
  parsed.organisation = *organisation;
  parsed.suffix = *suffix;
  parsed.id = *id;
  return parsed;
}

std::string tuned_model_name(std::string_view base, std::string_view organisation,
                             std::string_view suffix, std::string_view job_id) {
  TunedName name = name_of(base, organisation, suffix);
  name.id = derived_id(job_id, "final");
  return to_text(name);
}

std::string checkpoint_model_name(std::string_view base, std::string_view organisation,
                                  std::string_view suffix, std::string_view job_id,
                                  std::int64_t step) {
  TunedName name = name_of(base, organisation, suffix);
  name.id = derived_id(job_id, fmt::format("step {}", step));
  name.checkpoint_step = step;
  return to_text(name);
}

Result<BaseModels> BaseModels::find(const Path& models, const std::vector<std::string>& named) {
  BaseModels bases;
  for (const std::string& text : named) {
    ATTUNE_TRY(BaseModel base, parse_named(text));
    if (bases.get(base.name) != nullptr) continue;
    bases.all_.push_back(std::move(base));
  }
  std::vector<BaseModel> local;
  collect(models, "", 2, local);
  for (BaseModel& base : local) {
    if (bases.get(base.name) == nullptr) bases.all_.push_back(std::move(base));
  }
  std::sort(bases.all_.begin(), bases.all_.end(),
            [](const BaseModel& a, const BaseModel& b) { return a.name < b.name; });
  return bases;
}

const BaseModel* BaseModels::get(std::string_view name) const {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [name](const BaseModel& base) { return base.name == name; });
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace attune::jobs
