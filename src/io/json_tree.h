// JSON values that know where they stand in their text: for checks that must name a line and a
// column, and for reading many rows fast. Strings without escapes are views of the text; the
// buffers of one tree are used again by its next parse.
//
//   JsonTree tree;
//   if (std::optional<JsonFault> fault = tree.parse(line)) ...  // fault->at, ->found, ->wanted
//   for (const JsonMember& member : tree.root().members()) ...  // member.key, member.value
//
// The text must be UTF-8 and outlive the tree's use. Keys stay in the order of the text, repeated
// ones included; duplicate_keys() names those. Nesting deeper than 512 levels is a fault. A tree is
// for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"

namespace attune {

enum class JsonType : std::uint8_t { null, boolean, number, string, array, object };
std::string_view json_type_name(JsonType type);

// What is wrong with a text that is not JSON.
struct JsonFault {
  std::size_t at = 0;  // byte offset in the text
  std::string found;
  std::string wanted;
  std::string fix;
  bool cut_off = false;  // the text ends inside the value
};

class JsonTree;
struct JsonTreeMember;

// One value of a tree; valid until the tree parses again.
class JsonRef {
 public:
  JsonRef() = default;
  JsonRef(const JsonTree* tree, std::uint32_t index) : tree_(tree), index_(index) {}

  bool exists() const { return tree_ != nullptr; }
  JsonType type() const;
  bool is(JsonType wanted) const { return exists() && type() == wanted; }
  bool is_string() const { return is(JsonType::string); }
  bool is_object() const { return is(JsonType::object); }
  bool is_array() const { return is(JsonType::array); }
  bool is_null() const { return is(JsonType::null); }

  std::size_t begin() const;  // byte offsets of the value in the parsed text
  std::size_t end() const;
  std::string_view text() const;    // the value as it is written
  std::string_view string() const;  // a string's characters, escapes resolved; else empty
  std::int64_t size() const;        // items of an array, members of an object

  // The first member of that name; does not exist when there is none, or this is no object.
  JsonRef find(std::string_view key) const;
  JsonRef first() const;               // first item, or first key
  JsonRef next() const;                // the value behind this one in the same array or object
  std::vector<JsonRef> items() const;  // of an array
  std::vector<JsonTreeMember> members() const;  // of an object

  const JsonTree* tree() const { return tree_; }
  std::uint32_t index() const { return index_; }
  bool operator==(const JsonRef&) const = default;

 private:
  const JsonTree* tree_ = nullptr;
  std::uint32_t index_ = 0;
};

struct JsonTreeMember {
  JsonRef key;
  JsonRef value;
};

class JsonTree {
 public:
  // The whole text is one value, white space around it aside.
  std::optional<JsonFault> parse(std::string_view text);
  // The value that begins at or behind `from`; `end` becomes the offset behind it.
  std::optional<JsonFault> parse_next(std::string_view text, std::size_t from, std::size_t& end);

  JsonRef root() const { return {this, 0}; }
  // The second and later keys of a name within one object.
  const std::vector<JsonRef>& duplicate_keys() const { return duplicates_; }

 private:
  friend class JsonRef;
  friend class JsonTreeParser;
  struct Node {
    JsonType type = JsonType::null;
    bool escaped = false;
    bool last = true;         // no value behind it in its array or object
    std::uint32_t size = 0;   // children: items, or members
    std::uint32_t after = 0;  // index behind this value and all that it holds
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t decoded_at = 0;  // of an escaped string in decoded_
    std::size_t decoded_size = 0;
  };

  void note_duplicate_keys(std::uint32_t object);  // of one object, after all its members

  std::string_view text_;
  std::vector<Node> nodes_;
  std::string decoded_;
  std::vector<JsonRef> duplicates_;
  std::vector<std::uint32_t> keys_;  // of the object whose keys are compared
};

// The same value for callers that change or write it. Of repeated keys the last wins.
Json to_json(JsonRef value);

// What every look at a row goes through stands here, for the compiler to inline.
inline JsonType JsonRef::type() const { return tree_->nodes_[index_].type; }
inline std::size_t JsonRef::begin() const { return tree_->nodes_[index_].begin; }
inline std::size_t JsonRef::end() const { return tree_->nodes_[index_].end; }
inline std::int64_t JsonRef::size() const { return exists() ? tree_->nodes_[index_].size : 0; }

inline std::string_view JsonRef::text() const {
  return tree_->text_.substr(begin(), end() - begin());
}

inline std::string_view JsonRef::string() const {
  if (!is_string()) return {};
  const JsonTree::Node& node = tree_->nodes_[index_];
  if (node.escaped)
    return std::string_view(tree_->decoded_).substr(node.decoded_at, node.decoded_size);
  return {tree_->text_.data() + node.begin + 1, node.end - node.begin - 2};
}

inline JsonRef JsonRef::first() const {
  return size() == 0 ? JsonRef() : JsonRef(tree_, index_ + 1);
}

inline JsonRef JsonRef::next() const {
  const JsonTree::Node& node = tree_->nodes_[index_];
  return node.last || index_ == 0 ? JsonRef() : JsonRef(tree_, node.after);
}

}  // namespace attune
