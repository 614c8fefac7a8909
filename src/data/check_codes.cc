#include "data/check_codes.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace attune::data {

namespace {

constexpr std::array<CheckCode, 46> kCheckCodes = {{
    {"D001", "not_utf8", "text that is not UTF-8"},
    {"D002", "invisible_text",
     "characters that nobody sees: marks, controls, zero-width, direction"},
    {"D003", "not_json", "a row that cannot be read"},
    {"D004", "not_jsonl", "JSON that is not one record a line"},
    {"D005", "duplicate_key", "a key twice in one object"},
    {"D006", "data_type", "a row that is not an object"},
    {"D007", "missing_messages_list", "a row without a conversation"},
    {"D008", "message_missing_key", "a message without role or content"},
    {"D009", "message_unrecognized_key", "a key that no chat format has"},
    {"D010", "unrecognized_role", "a role that no chat format has"},
    {"D011", "missing_content", "content that is empty, null or not text"},
    {"D012", "example_missing_assistant_message", "a row from which nothing can be learned"},
    {"D013", "last_turn_not_assistant", "turns behind the last answer"},
    {"D014", "turn_order", "turns in an unusual order"},
    {"D015", "mixed_system_prompts", "system message in some rows only"},
    {"D016", "long_system_prompt", "the same long system message everywhere"},
    {"D017", "wrong_weight", "weights that are not 0 or 1, or all 0"},
    {"D018", "nothing_trained", "a row of which nothing would be trained"},
    {"D019", "too_long", "rows longer than what is read of them"},
    {"D020", "short_answer", "an answer much shorter than the others"},
    {"D021", "wrong_tool_call", "a tool call that does not fit its tool"},
    {"D022", "contract_broken", "an answer that breaks the contract"},
    {"D023", "mixed_answer_formats", "answers in several formats"},
    {"D024", "control_token", "a chat template's control token inside a text"},
    {"D025", "no_end_of_turn", "the end of the turn is not trained"},
    {"D026", "prompt_no_prefix", "prompt and training text begin with other tokens"},
    {"D027", "space_at_border", "a space before the first trained token"},
    {"D028", "few_rows", "few rows"},
    {"D029", "all_the_same", "nothing differs"},
    {"D030", "common_beginning", "the same beginning everywhere"},
    {"D031", "legacy_separator", "a separator of the legacy completion format"},
    {"D032", "upper_case", "mostly upper case"},
    {"D033", "inferred_task", "what kind of task this looks like"},
    {"D034", "class_balance", "classes or refusals out of balance"},
    {"D035", "repeated_row", "rows that repeat or contradict each other"},
    {"D036", "leak", "rows that ask what a test asks"},
    {"D037", "secret_or_personal_data", "a secret or personal data"},
    {"D038", "invented_fact", "an answer with facts that its document lacks"},
    {"D039", "knowledge", "facts to be learned by heart"},
    {"D040", "mojibake", "text that was decoded wrongly"},
    {"D041", "style_drift", "answers written differently from source to source"},
    {"D042", "preference_pair", "a preference pair that teaches the wrong thing"},
    {"D043", "tokens", "tokens by the base's template and vocabulary"},
    {"D044", "media", "pictures, sound or films, and their places in the texts"},
    {"D045", "wrong_tokens", "token ids that do not fit"},
    {"D046", "time_order", "training rows younger than the test"},
}};

}  // namespace

std::span<const CheckCode> check_codes() { return kCheckCodes; }

const CheckCode& check_code(std::string_view code) {
  const auto found = std::find_if(kCheckCodes.begin(), kCheckCodes.end(),
                                  [&](const CheckCode& known) { return known.code == code; });
  CHECK(found != kCheckCodes.end(), "check code {}", code);
  return *found;
}

}  // namespace attune::data
