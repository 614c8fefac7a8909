#include "serve/multipart.h"

#include <gtest/gtest.h>

#include "serve/field_parameters.h"

namespace attune::serve {
namespace {

// Keeps parts as text: "name|filename|content".
class Kept : public MultipartSink {
 public:
  Answer<void> begin(PartHead head) override {
    parts.push_back(head.name + "|" + head.filename.value_or("-") + "|");
    return {};
  }
  Answer<void> data(std::string_view bytes) override {
    parts.back() += bytes;
    return {};
  }
  Answer<void> end() override {
    ++ended;
    return {};
  }
  std::vector<std::string> parts;
  int ended = 0;
};

std::string part(const std::string& disposition, const std::string& content) {
  return "--B\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n";
}

// The parts, or {"refused"}. `piece`: how many bytes at a time.
std::vector<std::string> parse(const std::string& body, std::size_t piece) {
  Kept kept;
  MultipartParser parser("B", kept);
  for (std::size_t at = 0; at < body.size(); at += piece)
    if (!parser.add(std::string_view(body).substr(at, piece))) return {"refused"};
  if (!parser.finish()) return {"refused"};
  EXPECT_EQ(kept.ended, static_cast<int>(kept.parts.size()));
  return kept.parts;
}

TEST(Multipart, GivesTheSamePartsHoweverTheBytesAreCut) {
  const std::string body =
      "preamble\r\n" + part("name=\"purpose\"", "fine-tune") +
      part("name=\"file\"; filename=\"a\\\"b.jsonl\"", "\r\n--\r\n--A\r\n\r\n") +
      part("name=\"empty\"", "") + "--B--\r\nepilogue --B";
  const std::vector<std::string> expected = {"purpose|-|fine-tune",
                                             "file|a\"b.jsonl|\r\n--\r\n--A\r\n\r\n", "empty|-|"};
  for (std::size_t piece = 1; piece <= body.size(); ++piece)
    EXPECT_EQ(parse(body, piece), expected) << "pieces of " << piece;
}

TEST(Multipart, RefusesTheSameBodiesHoweverTheBytesAreCut) {
  for (const std::string& body :
       {std::string("hello"), std::string("--B"), std::string("--B\r\n"), part("name=\"a\"", "x"),
        std::string("--Bx\r\n\r\n--B--"), part("filename=\"a\"", "x") + "--B--",
        std::string("--B\r\nX\r\n\r\nx\r\n--B--")})
    for (std::size_t piece = 1; piece <= body.size(); ++piece)
      EXPECT_EQ(parse(body, piece), std::vector<std::string>{"refused"}) << body << piece;
}

TEST(Multipart, AFileNameHasNoFolders) {
  for (const char* name : {"/etc/passwd", "../../passwd", "C:\\\\x\\\\passwd", "passwd"}) {
    const auto parts =
        parse(part(std::string("name=\"f\"; filename=\"") + name + "\"", "") + "--B--", 99);
    EXPECT_EQ(parts, std::vector<std::string>{"f|passwd|"}) << name;
  }
}

TEST(Multipart, AnExtendedFileNameIsDecoded) {
  const auto parts = parse(
      part("name=\"f\"; filename=\"x\"; filename*=UTF-8''na%C3%AFve.jsonl", "") + "--B--", 99);
  EXPECT_EQ(parts, std::vector<std::string>{"f|na\xC3\xAFve.jsonl|"});
}

TEST(Multipart, TheBoundaryIsReadFromTheContentType) {
  EXPECT_EQ(*multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(*multipart_boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "a b");
  EXPECT_EQ(multipart_boundary("application/json").error().status, 415);
  EXPECT_EQ(multipart_boundary({}).error().status, 415);
  EXPECT_EQ(multipart_boundary("multipart/form-data").error().status, 400);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=a{").error().status, 400);
}

TEST(FieldValue, ReadsQuotedAndPlainParameters) {
  const auto field = parse_field_value("Form-Data; NAME=\"a;b\\\"c\" ; x=y;");
  ASSERT_TRUE(field);
  EXPECT_EQ(field->value, "form-data");
  EXPECT_EQ(*field->find("name"), "a;b\"c");
  EXPECT_EQ(*field->find("x"), "y");
  for (const char* bad : {"", ";a=b", "a; b", "a; b=", "a; b=\"c", "a; b=c; b=d", "a b"})
    EXPECT_FALSE(parse_field_value(bad)) << bad;
}

}  // namespace
}  // namespace attune::serve
