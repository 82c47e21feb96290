#include "transport/chars.h"

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

template <typename T, typename = void>
struct IsChars : std::false_type {};
template <typename T>
struct IsChars<T, EnableIfChars<T>> : std::true_type {};

TEST(CharsTest, AnyContainerOfChars) {
  std::string text = "ab";
  EXPECT_EQ(AsStringView(text), "ab");
  EXPECT_EQ(AsStringView("ab"), "ab");
  EXPECT_EQ(AsStringView(absl::string_view("ab")), "ab");
  EXPECT_EQ(AsStringView(std::string_view("ab")), "ab");
  EXPECT_EQ(AsStringView(std::vector<char>({'a', 'b'})), "ab");
  EXPECT_EQ(AsStringView(absl::MakeSpan(text)), "ab");
  EXPECT_EQ(AsStringView(absl::MakeConstSpan(text)), "ab");
}

TEST(CharsTest, KeepsZeroBytes) {
  EXPECT_EQ(AsStringView(std::vector<char>({'a', '\0'})).size(), 2u);
  EXPECT_EQ(AsStringView(std::string("a\0", 2)).size(), 2u);
}

TEST(CharsTest, NothingElse) {
  EXPECT_TRUE(IsChars<char[3]>::value);
  EXPECT_TRUE(IsChars<const char*>::value);
  EXPECT_TRUE(IsChars<std::vector<char>>::value);
  EXPECT_FALSE(IsChars<int>::value);
  EXPECT_FALSE(IsChars<std::vector<int>>::value);
  EXPECT_FALSE(IsChars<absl::Span<const absl::string_view>>::value);
}

}  // namespace
}  // namespace plumb
