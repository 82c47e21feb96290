#include "testing/temp_directory.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(TempDirectoryTest, IsRemovedWithAllInIt) {
  std::string path;
  {
    const TempDirectory directory;
    const TempDirectory other;
    path = directory.path();
    EXPECT_NE(path, other.path());
    std::filesystem::create_directory(path + "/below");
    std::ofstream(path + "/below/file") << "x";
    EXPECT_TRUE(std::filesystem::exists(path + "/below/file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace plumb
