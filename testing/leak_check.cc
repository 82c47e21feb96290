#include "testing/leak_check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

// The entries of a folder whose names are numbers.
std::vector<int> NumbersIn(const char* folder) {
  std::vector<int> numbers;
  DIR* const dir = opendir(folder);
  if (dir == nullptr) return numbers;
  const int own = dirfd(dir);
  while (const dirent* entry = readdir(dir)) {
    int number;
    if (absl::SimpleAtoi(entry->d_name, &number) && number != own) {
      numbers.push_back(number);
    }
  }
  closedir(dir);
  return numbers;
}

// ", 127.0.0.1:80" for a bound socket, with which one finds who made it.
std::string BoundTo(int fd) {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un un;
  } address;
  socklen_t size = sizeof address;
  if (getsockname(fd, &address.any, &size) != 0) return "";
  char host[INET6_ADDRSTRLEN] = "";
  switch (address.any.sa_family) {
    case AF_INET:
      inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
      return absl::StrCat(", ", host, ":", ntohs(address.v4.sin_port));
    case AF_INET6:
      inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
      return absl::StrCat(", [", host, "]:", ntohs(address.v6.sin6_port));
    case AF_UNIX: {
      const size_t start = offsetof(sockaddr_un, sun_path);
      if (size <= start) return ", unnamed unix socket";
      std::string name(address.un.sun_path, size - start);
      if (name[0] == '\0') name[0] = '@';
      return absl::StrCat(", unix ", name.c_str());
    }
    default:
      return "";
  }
}

std::string LinkOf(int fd) {
  char target[256];
  const ssize_t size = readlink(absl::StrCat("/proc/self/fd/", fd).c_str(),
                                target, sizeof target);
  return size < 0 ? "" : std::string(target, static_cast<size_t>(size));
}

// Whether the program runs code of this file. Abseil keeps such files open when
// it has named the functions of a stack.
bool IsOfProgram(const std::string& file) {
  std::ifstream maps("/proc/self/maps");
  // "55f0c000-55f1d000 r-xp 00002000 08:01 1234   /usr/bin/true", proc(5).
  for (std::string line; std::getline(maps, line);) {
    const size_t rights = line.find(' ') + 1;
    if (line[rights + 2] == 'x' && absl::EndsWith(line, " " + file)) {
      return true;
    }
  }
  return false;
}

class LeakListener final : public ::testing::EmptyTestEventListener {
 public:
  void AllowLeaks() { allowed_ = true; }

  void OnTestProgramStart(const ::testing::UnitTest&) override {
    // ThreadSanitizer starts one of its own, which stays, with the first
    // thread.
    std::thread([] {}).join();
  }

  void OnTestStart(const ::testing::TestInfo&) override {
    allowed_ = false;
    before_ = ResourceSnapshot::Take();
  }

  void OnTestEnd(const ::testing::TestInfo&) override {
    if (allowed_) return;
    const std::vector<std::string> left = WaitForLeaks();
    if (left.empty()) return;
    ADD_FAILURE() << "The test left behind: " << absl::StrJoin(left, "; ");
  }

 private:
  // A thread that was joined is still in /proc for a moment.
  std::vector<std::string> WaitForLeaks() const {
    std::vector<std::string> left;
    for (int i = 0; i < 2000; ++i) {
      left = ResourceSnapshot::Take().Since(before_);
      if (left.empty()) break;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return left;
  }

  bool allowed_ = false;
  ResourceSnapshot before_;
};

LeakListener* InstallListener() {
  // GoogleTest owns it.
  auto* const listener = new LeakListener;
  ::testing::UnitTest::GetInstance()->listeners().Append(listener);
  return listener;
}

LeakListener* const the_listener = InstallListener();

}  // namespace

void AllowLeaksInThisTest() { the_listener->AllowLeaks(); }

ResourceSnapshot ResourceSnapshot::Take() {
  ResourceSnapshot snapshot;
  for (int fd : NumbersIn("/proc/self/fd")) {
    const std::string link = LinkOf(fd);
    if (link.empty()) continue;
    if (link == "anon_inode:[eventfd]") {
      ++snapshot.event_descriptors;
      continue;
    }
    snapshot.descriptors[fd] = absl::StrCat(link, BoundTo(fd));
  }
  for (int thread : NumbersIn("/proc/self/task")) {
    snapshot.threads.insert(thread);
  }
  return snapshot;
}

std::vector<std::string> ResourceSnapshot::Since(
    const ResourceSnapshot& before) const {
  std::vector<std::string> since;
  for (const auto& [fd, what] : descriptors) {
    auto it = before.descriptors.find(fd);
    if (it != before.descriptors.end() && it->second == what) continue;
    if (IsOfProgram(what)) continue;
    since.push_back(absl::StrCat("descriptor ", fd, ", ", what));
  }
  for (int thread : threads) {
    if (before.threads.count(thread) > 0) continue;
    since.push_back(absl::StrCat("thread ", thread));
  }
  if (event_descriptors > std::max(before.event_descriptors, threads.size())) {
    since.push_back(absl::StrCat(
        event_descriptors, " event descriptors (before: ",
        before.event_descriptors, ") for ", threads.size(), " thread(s)"));
  }
  return since;
}

}  // namespace plumb
