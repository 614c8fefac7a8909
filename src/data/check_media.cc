#include "data/check_media.h"

#include <array>
#include <string>

#include <fmt/format.h>

namespace attune::data {

namespace {

struct Media {
  std::string_view one;  // "image": the placeholder <image>, a column, a part's type
  std::string_view several;
};

std::int64_t count_in(std::string_view text, std::string_view placeholder) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(placeholder); at != std::string_view::npos;
       at = text.find(placeholder, at + placeholder.size()))
    ++count;
  return count;
}

// Placeholders in all strings below `value`.
std::int64_t count_below(JsonRef value, std::string_view placeholder) {
  if (value.is_string()) return count_in(value.string(), placeholder);
  std::int64_t count = 0;
  if (value.is_array()) {
    for (JsonRef item = value.first(); item.exists(); item = item.next())
      count += count_below(item, placeholder);
  } else if (value.is_object()) {
    for (JsonRef key = value.first(); key.exists(); key = key.next().next())
      count += count_below(key.next(), placeholder);
  }
  return count;
}

// In what is asked: a picture is no answer, and an answer may be about the word.
std::int64_t count_places(JsonRef messages, std::string_view placeholder) {
  if (!messages.is_array()) return count_below(messages, placeholder);
  std::int64_t count = 0;
  for (JsonRef message = messages.first(); message.exists(); message = message.next()) {
    const std::string_view role = message.find("role").string();
    if (role != "assistant" && role != "gpt") count += count_below(message, placeholder);
  }
  return count;
}

// Parts {"type":"image_url"}, {"type":"image"}, {"type":"input_image"} of all messages.
std::int64_t count_parts(JsonRef messages, std::string_view one) {
  std::int64_t count = 0;
  for (JsonRef message = messages.is_array() ? messages.first() : JsonRef(); message.exists();
       message = message.next()) {
    const JsonRef content = message.find("content");
    for (JsonRef part = content.is_array() ? content.first() : JsonRef(); part.exists();
         part = part.next())
      count += part.find("type").string().find(one) != std::string_view::npos ? 1 : 0;
  }
  return count;
}

std::int64_t files_in(JsonRef column) {
  if (column.is_array()) return column.size();
  return column.is_string() && !column.string().empty() ? 1 : 0;
}

}  // namespace

void check_media(JsonRef row, JsonRef messages, RowReporter& reporter) {
  constexpr std::array<Media, 3> kMedia = {
      {{"image", "images"}, {"video", "videos"}, {"audio", "audios"}}};
  for (const Media& media : kMedia) {
    const JsonRef several = row.find(media.several);
    const JsonRef column = several.exists() ? several : row.find(media.one);
    const std::int64_t parts = count_parts(messages, media.one);
    if (!column.exists() && parts == 0) continue;
    const std::int64_t places = count_places(messages, fmt::format("<{}>", media.one));
    const std::int64_t files = column.exists() ? files_in(column) : parts;
    // A column of one name may be about anything, and parts need no places.
    if (places == 0 && !several.is_array()) continue;
    const JsonRef at = column.exists() ? column : messages;
    if (places != files) {
      reporter.error("D044", at,
                     {.found = fmt::format("{} <{}> in the texts for {} {}", places, media.one,
                                           files, files == 1 ? media.one : media.several),
                      .wanted = "one place in the texts for each",
                      .fix = "add or remove places, or files"});
    } else if (files > 0) {
      reporter.warning("D044", at,
                       {.found = fmt::format("{} {} that training does not read", files,
                                             files == 1 ? media.one : media.several),
                        .wanted = "rows whose answers follow from text alone",
                        .fix = "describe in words what they show, or leave the row out"});
    }
  }
}

}  // namespace attune::data
