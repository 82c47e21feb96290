// What the tests of the unix networks share: a directory for the files of their
// sockets, and that no descriptor is left.
#ifndef PLUMB_BACKENDS_UNIX_UNIX_FIXTURE_FOR_TEST_H_
#define PLUMB_BACKENDS_UNIX_UNIX_FIXTURE_FOR_TEST_H_

#include <dirent.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/temp_directory.h"
#include "transport/options.h"
#include "transport/transport.h"
#include "transport/unix_options.h"

namespace plumb {

class UnixTest : public testing::Test {
 protected:
  ~UnixTest() override { EXPECT_EQ(OpenDescriptors(), before_); }

  std::string Path(const std::string& name) const {
    return absl::StrCat(directory_.path(), "/", name);
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    DIR* const dir = opendir(directory_.path().c_str());
    while (const dirent* entry = readdir(dir)) {
      if (entry->d_name[0] != '.') files.push_back(entry->d_name);
    }
    closedir(dir);
    return files;
  }

  static ListenOptions With(UnixListenOptions unix_options) {
    ListenOptions options;
    options.extras.Set(std::move(unix_options));
    return options;
  }

  // A socket file that nobody listens on.
  void LeaveStaleSocket(const std::string& network, const std::string& path) {
    UnixListenOptions stay;
    stay.unlink_on_close = false;
    if (network == "unixgram") {
      ASSERT_TRUE(unix_->ListenPacket(network, path, With(stay)).ok());
    } else {
      ASSERT_TRUE(unix_->Listen(network, path, With(stay)).ok());
    }
  }

  const OpenDescriptors before_;
  const TempDirectory directory_;
  const std::shared_ptr<Transport> unix_ = MakeUnix();
  char buffer_[64];
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UNIX_UNIX_FIXTURE_FOR_TEST_H_
