#include "metrics/language.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

#include "metrics/text_parts.h"
#include "metrics/tokens.h"
#include "text/unicode.h"

namespace attune::metrics {

namespace {

struct Script {
  char32_t first;
  char32_t last;
  std::string_view name;  // the code of its one language here, or the script's name
};

constexpr std::array<Script, 24> kScripts{{
    {'A', 'Z', "latin"},       {'a', 'z', "latin"},        {0xC0, 0x24F, "latin"},
    {0x1E00, 0x1EFF, "latin"}, {0x370, 0x3FF, "el"},       {0x400, 0x4FF, "cyrillic"},
    {0x590, 0x5FF, "he"},      {0x600, 0x6FF, "arabic"},   {0x900, 0x97F, "devanagari"},
    {0x980, 0x9FF, "bn"},      {0xA00, 0xA7F, "pa"},       {0xA80, 0xAFF, "gu"},
    {0xB80, 0xBFF, "ta"},      {0xC00, 0xC7F, "te"},       {0xC80, 0xCFF, "kn"},
    {0xD00, 0xD7F, "ml"},      {0xE00, 0xE7F, "th"},       {0x3040, 0x30FF, "ja"},
    {0x4E00, 0x9FFF, "han"},   {0xAC00, 0xD7A3, "ko"},     {0x1100, 0x11FF, "ko"},
    {0x3130, 0x318F, "ko"},    {0xFB50, 0xFDFF, "arabic"}, {0x1F00, 0x1FFF, "el"},
}};

// The small words of a language, each between spaces.
struct SmallWords {
  std::string_view language;
  std::string_view words;
};

constexpr std::array<SmallWords, 13> kLatin{{
    {"de",
     " der die das und ist nicht ein eine zu den mit von auf für sich im dem auch es ich "
     "sie wir ihr sind als wie oder aber wenn nur noch werden hat haben kann zum zur bei "},
    {"en",
     " the of and to in is that it was for on are with as be at this have from or had by "
     "not but what all were we when your can there an which their if will do how you i they "
     "my has would about his her he she our "},
    {"es",
     " el la los las de que y en un una es por con para su al lo como más pero sus este ya "
     "está muy también esta son se no del "},
    {"fi",
     " ja on ei se että oli hän mutta ovat joka kun niin kuin tai myös sen mukaan voi hänen "
     "olen minä sinä tämä siitä jos olla minun ovat vain kanssa "},
    {"fr",
     " le la les des et est un une du que qui dans pour pas sur au avec ce il elle sont nous "
     "vous mais ou où plus par ne se cette ont je aux "},
    {"it",
     " il lo la gli le di che e un una è per non in con del della sono dei alla nel si come "
     "più anche ma questo questa mi ha al dalla delle "},
    {"nl",
     " de het een en van is dat niet op te zijn voor met die aan er om ook als maar dan zij "
     "bij nog wel deze wordt naar heeft hij uit "},
    {"pl",
     " w i z na się nie to że do jest o jak po co ale za od przez czy być dla tak są przy "
     "jego oraz może który "},
    {"pt",
     " o a os as de que e em um uma é para com não do da no na por mais dos como mas ao das "
     "se foi sua ou seu são você também pelo pela isso nos "},
    {"sv",
     " och att det i en är som för på med av till den inte om ett var jag men har vi de så "
     "kan från eller när hade nu ska "},
    {"sw",
     " na ya wa kwa ni katika za la cha kuwa hii yake hiyo pia au kama vya sana lakini watu "
     "huo hayo baada wakati mtu hivyo kutoka yangu wako kila ambayo "},
    {"tr",
     " ve bir bu için ile de da çok olarak daha gibi ne kadar en olan sonra ama var ben o "
     "her şey değil mi veya "},
    {"vi",
     " và là của có không được cho một các người trong đã để với này những tôi khi đến "
     "cũng về như sẽ từ nhiều bạn thể làm "},
}};

constexpr std::array<SmallWords, 3> kCyrillic{{
    {"bg",
     " на и да се от за не е в с че са по като ще това което или към много също беше съм "
     "той тя ми им бъде може само след "},
    {"ru",
     " и в не на что я он с как это по но они все она так его из у мы вы за бы для же от "
     "было только меня мне или если есть быть к "},
    {"uk",
     " і в не на що я він з як це та до але вони все вона так його із у ми ви за для від "
     "було тільки мене або якщо є бути й "},
}};

constexpr std::array<SmallWords, 3> kDevanagari{{
    {"hi",
     " है के में की और का को से हैं यह पर नहीं कि था एक भी हो ने इस कर लिए तो ही मैं आप "
     "थी थे हम जो वह क्या गया सकते "},
    {"mr",
     " आहे आणि च्या या ते हे मी तो आहेत होते हा नाही एक तर आपण ही की असे म्हणून करण्यासाठी "
     "होता त्या मध्ये साठी आपल्या तुम्ही होती केले "},
    {"ne",
     " छ र को लाई हो यो मा पनि छन् गर्न छैन थियो म तर गर्ने भने हुन् गरेको एक हरू तपाईं "
     "भएको हुन्छ लागि के गर्नुहोस् "},
}};

std::string_view script_of(char32_t code) {
  for (const Script& script : kScripts) {
    if (code >= script.first && code <= script.last) return script.name;
  }
  return {};
}

// The script of most letters; Japanese mixes kana with Han.
std::string_view main_script(std::string_view text) {
  std::map<std::string_view, std::size_t> counts;
  for (std::size_t at = 0; at < text.size();) {
    const text::Character character = text::character_at(text, at);
    at += character.bytes;
    // Marks too: they are half of a text in an Indic script.
    if (!character.valid || !text::is_word(character.code) || text::is_number(character.code)) {
      continue;
    }
    if (const std::string_view script = script_of(character.code); !script.empty()) {
      ++counts[script];
    }
  }
  if (counts.contains("ja") && counts.contains("han")) counts["ja"] += counts["han"];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? std::string_view{} : most->first;
}

// The language whose small words the text uses most; nothing when two tie or none occurs.
std::optional<std::string> by_small_words(std::string_view text,
                                          std::span<const SmallWords> languages) {
  const Tokens words = white_space_tokens(lower_text(text));
  std::vector<std::size_t> hits(languages.size(), 0);
  for (const std::string& word : words) {
    // Marks around the word go; those inside Indic words stay.
    std::string_view bare = word;
    const auto is_mark = [](char c) {
      return static_cast<unsigned char>(c) < 0x80 &&
             text::is_punctuation(static_cast<char32_t>(static_cast<unsigned char>(c)));
    };
    while (!bare.empty() && is_mark(bare.front())) bare.remove_prefix(1);
    while (!bare.empty() && is_mark(bare.back())) bare.remove_suffix(1);
    if (bare.empty()) continue;
    const std::string needle = " " + std::string(bare) + " ";
    for (std::size_t i = 0; i < languages.size(); ++i) {
      hits[i] += languages[i].words.find(needle) != std::string_view::npos ? 1 : 0;
    }
  }
  const auto most = std::max_element(hits.begin(), hits.end());
  if (*most == 0 || std::count(hits.begin(), hits.end(), *most) > 1) return std::nullopt;
  return std::string(languages[static_cast<std::size_t>(most - hits.begin())].language);
}

bool has_any(std::string_view text, std::span<const std::string_view> letters) {
  return std::any_of(letters.begin(), letters.end(), [&](std::string_view letter) {
    return text.find(letter) != std::string_view::npos;
  });
}

}  // namespace

std::optional<std::string> detect_language(std::string_view text) {
  const std::string_view script = main_script(text);
  if (script.empty()) return std::nullopt;
  if (script == "latin") return by_small_words(text, kLatin);
  if (script == "cyrillic") return by_small_words(text, kCyrillic);
  if (script == "devanagari") return by_small_words(text, kDevanagari);
  if (script == "han") return "zh";
  if (script == "arabic") {
    constexpr std::array<std::string_view, 4> kUrdu{"ٹ", "ڈ", "ے", "ں"};
    constexpr std::array<std::string_view, 5> kPersian{"پ", "چ", "گ", "ی", "ک"};
    return has_any(text, kUrdu) ? "ur" : has_any(text, kPersian) ? "fa" : "ar";
  }
  return std::string(script);
}

}  // namespace attune::metrics
