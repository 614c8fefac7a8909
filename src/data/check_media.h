// D044: pictures, sound and films of a row, and the places for them in its texts.
#pragma once

#include "data/check_place.h"

namespace attune::data {

// Counts `<image>`, `<video>` and `<audio>` in what is asked of `messages`, and what the row's
// columns images, videos and audios (or image, ...) and the parts of its messages hold.
void check_media(JsonRef row, JsonRef messages, RowReporter& reporter);

}  // namespace attune::data
