#include "transport/quote.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(QuoteTest, PlainTextIsOnlyQuoted) {
  EXPECT_EQ(Quote(""), R"("")");
  EXPECT_EQ(Quote("1.2.3.256"), R"("1.2.3.256")");
  EXPECT_EQ(Quote("it's 100% ~"), R"("it's 100% ~")");
}

TEST(QuoteTest, EscapesAsGoDoes) {
  EXPECT_EQ(Quote(R"(a"b\c)"), R"("a\"b\\c")");
  EXPECT_EQ(Quote("\a\b\f\n\r\t\v"), R"("\a\b\f\n\r\t\v")");
  EXPECT_EQ(Quote(absl::string_view("\0\x01\x1f\x7f", 4)),
            R"("\x00\x01\x1f\x7f")");
}

TEST(QuoteTest, KeepsValidUtf8) {
  EXPECT_EQ(Quote("\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x8c"),
            "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x8c\"");
}

TEST(QuoteTest, EscapesBytesThatAreNotUtf8) {
  EXPECT_EQ(Quote("\xff"), R"("\xff")");
  EXPECT_EQ(Quote("\x80"), R"("\x80")");
  EXPECT_EQ(Quote("\xc3"), R"("\xc3")");                  // cut short
  EXPECT_EQ(Quote("\xc3z"), R"("\xc3z")");                // not continued
  EXPECT_EQ(Quote("\xc0\x80"), R"("\xc0\x80")");          // overlong
  EXPECT_EQ(Quote("\xe0\x82\xa9"), R"("\xe0\x82\xa9")");  // overlong
  EXPECT_EQ(Quote("\xed\xa0\x80"), R"("\xed\xa0\x80")");  // a surrogate
  EXPECT_EQ(Quote("\xf4\x90\x80\x80"), R"("\xf4\x90\x80\x80")");  // too large
  EXPECT_EQ(Quote("\xc2\x85"), R"("\xc2\x85")");                  // C1 control
}

}  // namespace
}  // namespace plumb
