#include "grammar/uri.h"

#include <gtest/gtest.h>

namespace attune::grammar {
namespace {

TEST(Uri, ResolvesTheExamplesOfRfc3986) {
  struct Case {
    const char* reference;
    const char* wanted;
  };
  // RFC 3986, 5.4, base http://a/b/c/d;p?q
  for (const Case& one : std::initializer_list<Case>{{"g:h", "g:h"},
                                                     {"g", "http://a/b/c/g"},
                                                     {"./g", "http://a/b/c/g"},
                                                     {"g/", "http://a/b/c/g/"},
                                                     {"/g", "http://a/g"},
                                                     {"//g", "http://g"},
                                                     {"?y", "http://a/b/c/d;p?y"},
                                                     {"g?y", "http://a/b/c/g?y"},
                                                     {"#s", "http://a/b/c/d;p?q#s"},
                                                     {"g#s", "http://a/b/c/g#s"},
                                                     {";x", "http://a/b/c/;x"},
                                                     {"", "http://a/b/c/d;p?q"},
                                                     {".", "http://a/b/c/"},
                                                     {"..", "http://a/b/"},
                                                     {"../g", "http://a/b/g"},
                                                     {"../..", "http://a/"},
                                                     {"../../g", "http://a/g"},
                                                     {"../../../g", "http://a/g"},
                                                     {"g/./h", "http://a/b/c/g/h"},
                                                     {"g/../h", "http://a/b/c/h"}}) {
    EXPECT_EQ(resolve_uri("http://a/b/c/d;p?q", one.reference), one.wanted) << one.reference;
  }
}

TEST(Uri, DecodesPercentsAndLeavesBrokenOnes) {
  EXPECT_EQ(percent_decoded("a%25%2Fb%"), "a%/b%");
  EXPECT_EQ(percent_decoded("%zz%4"), "%zz%4");
  EXPECT_EQ(percent_decoded("%41"), "A");
}

}  // namespace
}  // namespace attune::grammar
