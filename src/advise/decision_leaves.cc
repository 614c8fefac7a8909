// The leaves of the tree of decision.h. Sources: see decision_tree.cc; "table" is the formula of
// economics.h with the user's numbers.
#include <array>

#include "advise/decision.h"

namespace attune::advise {

namespace {

constexpr std::string_view kFactSources =
    "Ovadia et al. 2023 (arXiv 2312.05934); Gekhman et al. 2024 (arXiv 2405.05904)";
constexpr std::string_view kTable = "the costs below";

constexpr auto kLeaves = std::to_array<Leaf>({
    {"rag", Choose::rag, "Use retrieval (RAG): answers need facts that the prompt does not hold.",
     "Retrieval beats fine-tuning for new facts and for known ones, and tuning on new facts makes "
     "a "
     "model invent more.",
     kFactSources},
    {"rag_alone", Choose::rag,
     "Use retrieval (RAG), without a tuned model: answers need facts, and a gate stands against "
     "training for the form.",
     "Facts come by retrieval; training on top of it must pass money, data, licence, base and "
     "upkeep, and the last question of the path did not.",
     kFactSources},
    {"rag_open", Choose::rag,
     "Use retrieval (RAG) first: answers need facts, and it is not clear yet that training for "
     "the form comes back.",
     "Retrieval is needed either way; the draws below do not tell whether training on top of it "
     "pays.",
     kFactSources},
    {"tuned_rag", Choose::tuned_rag,
     "Fine-tune and use retrieval: answers need facts and a form that prompting misses.",
     "Train with retrieved text in the prompt, with passages that do not help and rows without an "
     "answer among them; facts stay out of the weights.",
     "Zhang et al. 2024 (RAFT, arXiv 2403.10131)"},
    {"constrained", Choose::constrained_decoding,
     "Use constrained decoding: the syntax alone is at fault, and a grammar makes it right.",
     "A grammar brings format compliance to nearly 100 % without training; train only where the "
     "content suffers under it.",
     kTable},
    {"too_small", Choose::do_nothing,
     "Do nothing: all that today's answers cost is less than the next change would.",
     "Even a perfect model could not bring the cost of a change back.", kTable},
    {"prompt_first", Choose::prompt,
     "Work on the prompt first: it is the cheapest change, and nothing shows that it is exhausted.",
     "Give examples, choose them by likeness to the question, state the format; stop when the last "
     "two changes gained less than a point each within their intervals.",
     "OpenAI's fine-tuning guide; data to hold against it comes from attune tune"},
    {"prompt_enough", Choose::prompt,
     "Stay with the prompt: a tuned model was measured and gains nothing that counts.",
     "The gain is within chance, and shorter prompts alone do not pay for training.", kTable},
    {"few_examples", Choose::prompt,
     "Put your examples into the prompt: they are too few to train on.",
     "Gains begin at 50 to 100 good examples; with fewer, the nearest ones in the prompt do more.",
     "OpenAI's fine-tuning guide: at least 10, start with 50"},
    {"harmful", Choose::do_nothing, "Do not fine-tune: measured, it made the answers worse.",
     "Better examples or a larger base come before another training.", "the report"},
    {"open_gap", Choose::inconclusive,
     "Not decided: the held-out items are too few to tell a gain from chance.",
     "The interval of the difference holds both a gain worth having and none.", "the report"},
    {"unmeasured", Choose::inconclusive,
     "Not decided: nobody has measured what tuning gains, nor how many outputs are repaired.",
     "Without either, training may gain everything or nothing: run attune tune on the examples, or "
     "count repairs for a week.",
     kTable},
    {"open_money", Choose::inconclusive,
     "Not decided: within your intervals training may come back in time or not.",
     "The inputs that decide it stand first in the table of flip points: narrow one of them.",
     kTable},
    {"not_worth", Choose::do_nothing, "Do not fine-tune: what it costs does not come back in time.",
     "Saved tokens and saved repairs are held against training, examples, evaluation and upkeep.",
     kTable},
    {"private", Choose::do_nothing, "Do not fine-tune on these rows yet: they hold personal data.",
     "What is trained on can be asked for again: mask it first (attune data prepare --pii mask).",
     "the answers given, or the scan of the rows"},
    {"forbidden", Choose::do_nothing, "Do not fine-tune this base: its licence forbids the use.",
     "Choose a base whose licence allows it, and ask again.", "the answers given"},
    {"retired", Choose::do_nothing,
     "Do not fine-tune this base: it is withdrawn before the cost comes back.",
     "A tuned model dies with its base: take one whose weights you keep.", "the answers given"},
    {"nobody", Choose::do_nothing,
     "Do not fine-tune: nobody would train the model again when it ages.",
     "Formats, terms and bases change; a model that nobody keeps gets worse unseen.",
     "the answers given"},
    {"fine_tune", Choose::fine_tune, "Fine-tune: the gain is measured, and it comes back in time.",
     "Form, terms and style are what training teaches best, from 100 to 500 examples.",
     "the report, or the gap given"},
    {"trial", Choose::fine_tune,
     "Fine-tune as a trial: by your numbers it comes back in time, but the gain is not measured "
     "yet.",
     "Keep the model only if the table of attune tune shows the gain on held-out items.", kTable},
});

}  // namespace

std::span<const Leaf> advice_leaves() { return kLeaves; }

}  // namespace attune::advise
