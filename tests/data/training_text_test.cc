#include "data/training_text.h"

#include <cstdlib>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "data/dataset.h"

namespace attune::data {
namespace {

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "attune-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Path write(const char* name, std::string_view bytes) const {
    EXPECT_TRUE(write_file_atomic(path_ / name, bytes));
    return path_ / name;
  }

 private:
  Path path_;
};

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstandard(std::string_view text) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // as the zstd program does
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

// Larger than one piece of the decompressors, and not all alike.
std::string long_text() {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < (std::size_t{3} << 20)) text += std::to_string(random()) + "\n";
  return text;
}

TEST(TrainingText, ReadsPlainAndCompressedFilesAlike) {
  const Folder folder;
  const std::string text = long_text();
  EXPECT_EQ(TrainingText::open(folder.write("a", text))->text(), text);
  const Result<TrainingText> gz = TrainingText::open(folder.write("b", gzip(text)));
  ASSERT_TRUE(gz) << gz.error().message();
  EXPECT_EQ(gz->text(), text);
  EXPECT_EQ(gz->evidence(), "compression: gzip, by its first bytes");
  const Result<TrainingText> zst = TrainingText::open(folder.write("c", zstandard(text)));
  ASSERT_TRUE(zst) << zst.error().message();
  EXPECT_EQ(zst->text(), text);
}

TEST(TrainingText, JoinsStreamsBehindOneAnother) {
  const Folder folder;
  EXPECT_EQ(TrainingText::open(folder.write("a", gzip("one\n") + gzip("two\n")))->text(),
            "one\ntwo\n");
  EXPECT_EQ(TrainingText::open(folder.write("b", zstandard("one\n") + zstandard("two\n")))->text(),
            "one\ntwo\n");
  EXPECT_EQ(TrainingText::open(folder.write("c", gzip("")))->text(), "");
}

TEST(TrainingText, RefusesWhatIsCutOffOrDamaged) {
  const Folder folder;
  const std::string text = long_text();
  for (const std::string& bytes : {gzip(text), zstandard(text)}) {
    for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{20}}) {
      const Result<TrainingText> cut = TrainingText::open(folder.write("a", bytes.substr(0, size)));
      ASSERT_FALSE(cut) << size;
      EXPECT_EQ(cut.error().found, "the file ends inside its compressed text");
    }
    std::string damaged = bytes;
    for (std::size_t i = 0; i < 64; ++i) damaged[bytes.size() / 2 + i] ^= '\x55';
    const Result<TrainingText> wrong = TrainingText::open(folder.write("a", damaged));
    ASSERT_FALSE(wrong);
    EXPECT_TRUE(wrong.error().found.starts_with("compressed text that is damaged"))
        << wrong.error().found;
  }
}

TEST(TrainingText, ACompressedFileIsReadByTheNameInsideItsName) {
  const Folder folder;
  const Result<Dataset> dataset =
      read_examples(folder.write("t.csv.zst", zstandard("prompt,completion\nQ,A\n")), {});
  ASSERT_TRUE(dataset) << dataset.error().message();
  EXPECT_EQ(dataset->evidence.at(0), "compression: Zstandard, by its first bytes");
  EXPECT_EQ(dataset->evidence.at(1), "format: CSV by its name .csv");
  EXPECT_TRUE(dataset->examples.at(0).where().ends_with("t.csv.zst:2"));
}

TEST(Containers, TabsAndLinesAndObjectsByTheirIds) {
  const Result<Dataset> tabs =
      read_examples_from_text("prompt\tcompletion\na, b; c\tA\n", "t", {.format = Format::tsv});
  ASSERT_TRUE(tabs) << tabs.error().message();
  EXPECT_EQ(tabs->examples[0].messages[0]["content"], "a, b; c");
  const Result<Dataset> lines = read_examples_from_text("one\r\n\n two\n", "t.txt", {});
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->examples.size(), 2u);
  EXPECT_EQ(lines->examples[1].body, " two");
  EXPECT_EQ(lines->examples[1].line, 3);
  EXPECT_EQ(read_examples_from_text("prompt,completion\nQ,A\n", "t.txt", {})->format, "CSV");
  const Result<Dataset> objects = read_examples_from_text(
      "{\"a7\":{\"prompt\":\"Q\",\"completion\":\"A\"},\n\"a8\":{\"prompt\":\"Q\",\"completion\":"
      "\"B\"}}",
      "t.json", {});
  ASSERT_TRUE(objects) << objects.error().message();
  EXPECT_EQ(objects->examples.at(1).id, "a8");
  EXPECT_EQ(objects->examples[1].line, 2);
}

TEST(DatasetInfo, BesideTheDataSaysWhichColumnsMeanWhat) {
  const Folder folder;
  folder.write("dataset_info.json", R"({
    "tickets": {"file_name": "t.json", "columns":
        {"prompt": "q", "query": "more", "response": "a", "system": "s", "history": "h"}},
    "chats": {"file_name": "c.jsonl", "formatting": "sharegpt", "columns": {"messages": "talk"},
        "tags": {"role_tag": "who", "content_tag": "says", "user_tag": "client",
                 "assistant_tag": "agent"}},
    "pairs": {"file_name": "p.jsonl", "ranking": true, "columns":
        {"prompt": "q", "chosen": "good", "rejected": "bad"}},
    "labels": {"file_name": "k.jsonl", "columns": {"kto_tag": "ok"}}})");
  const Result<Dataset> tickets = read_examples(
      folder.write("t.json", R"([{"q":"Q","more":"M","a":"A","s":"S"},{"q":"Q","a":"A"}])"), {});
  ASSERT_TRUE(tickets) << tickets.error().message();
  EXPECT_TRUE(tickets->evidence[0].starts_with("columns: by the entry \"tickets\" of "));
  EXPECT_EQ(
      to_text(tickets->examples[0].messages),
      R"([{"role":"system","content":"S"},{"role":"user","content":"Q\nM"},{"role":"assistant","content":"A"}])");
  const Path chats = folder.write(
      "c.jsonl",
      R"({"talk":[{"who":"client","says":"Q"},{"who":"function_call","says":"{\"name\":\"f\",\"arguments\":{}}"},{"who":"observation","says":"r"},{"who":"agent","says":"A"}]})");
  const Result<Dataset> chat = read_examples(chats, {});
  ASSERT_TRUE(chat) << chat.error().message();
  EXPECT_EQ(
      to_text(chat->examples[0].messages),
      R"([{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"call_1"},{"role":"assistant","content":"A"}])");
  EXPECT_EQ(read_examples(folder.write("p.jsonl", R"({"q":"Q","good":"A","bad":"B"})"), {})
                ->examples[0]
                .kind,
            RowKind::preference);
  EXPECT_EQ(
      read_examples(folder.write("k.jsonl", R"({"instruction":"Q","output":"A","ok":true})"), {})
          ->examples[0]
          .kind,
      RowKind::labelled);
  const Result<Dataset> wrong = read_examples(chats, {.dataset = "chat"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().found, "no entry \"chat\" (did you mean \"chats\"?)");
}

}  // namespace
}  // namespace attune::data
