// One message of a row made strict, and the notes that every repair leaves; parts of normalise.h.
#pragma once

#include <string>

#include "data/normalise.h"

namespace attune::data {

// Collects what is found at one row. Nothing is changed or dropped without a note.
class RowNotes {
 public:
  explicit RowNotes(Example& example) : example_(example) {}

  bool kept() const { return result_.kept; }
  void note(Severity severity, Action action, std::string rule, std::string path, std::string found,
            std::string wanted = {}, std::string fix = {}) {
    if (action == Action::changed) result_.changed = true;
    if (action == Action::dropped) result_.kept = false;
    result_.findings.push_back({.rule = std::move(rule),
                                .severity = severity,
                                .action = action,
                                .where = example_.where(),
                                .row = example_.id,
                                .path = std::move(path),
                                .found = std::move(found),
                                .wanted = std::move(wanted),
                                .fix = std::move(fix)});
  }
  void drop(std::string rule, std::string path, std::string found, std::string wanted,
            std::string fix) {
    note(Severity::error, Action::dropped, std::move(rule), std::move(path), std::move(found),
         std::move(wanted), std::move(fix));
  }
  void change(std::string rule, std::string path, std::string found, std::string wanted = {}) {
    note(Severity::info, Action::changed, std::move(rule), std::move(path), std::move(found),
         std::move(wanted));
  }
  // A rule of normalisers.h was applied.
  void note_change(const std::string& rule, const std::string& path);
  // A rule of clean_text() found something and left it.
  void note_warning(const std::string& rule, const std::string& path);

 protected:
  Example& example_;
  Normalised result_;
};

// Keys, role, content, tool calls and weight of a message. An empty system message gets the text
// "", for the caller to remove. May drop the row.
void make_message_strict(Json& message, const std::string& path, const NormaliserSet& rules,
                         RowNotes& notes);

}  // namespace attune::data
