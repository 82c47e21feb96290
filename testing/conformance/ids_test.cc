#include "testing/conformance/ids.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(ContractIds, EachIsThereOnceAndSaysWhatItIs) {
  std::set<std::string> seen;
  for (const ContractId& id : ContractIds()) {
    EXPECT_TRUE(seen.insert(id.id).second) << id.id;
    EXPECT_STRNE(id.meaning, "") << id.id;
    EXPECT_EQ(FindContractId(id.id), &id);
  }
  EXPECT_EQ(FindContractId("S-XX-01"), nullptr);
}

TEST(ContractIds, WhatIsAssertedElsewhereIsSo) {
  int elsewhere = 0;
  for (const ContractId& id : ContractIds()) {
    if (id.where == nullptr) continue;
    ++elsewhere;
    EXPECT_EQ(id.kinds, 0) << id.id << " is asserted by the suites.";
    EXPECT_TRUE(absl::EndsWith(id.where, "_test.cc")) << id.where;
    EXPECT_TRUE(absl::StrContains(ReadFile(id.where), id.id))
        << id.where << " is not there, or does not name " << id.id;
  }
  EXPECT_GT(elsewhere, 0);
}

}  // namespace
}  // namespace plumb
