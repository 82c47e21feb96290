#include "testing/conformance/coverage.h"

#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

// Threads: cases record on the thread that runs the test.
class Coverage final : public ::testing::Environment {
 public:
  static Coverage& Get() {
    // GoogleTest owns it.
    static Coverage* const coverage = [] {
      auto* const made = new Coverage;
      ::testing::AddGlobalTestEnvironment(made);
      return made;
    }();
    return *coverage;
  }

  void Require(const std::string& backend, Kind kind) {
    kinds_[backend] |= static_cast<unsigned>(kind);
  }

  void Record(const std::string& backend,
              std::initializer_list<const char*> ids) {
    for (const char* id : ids) {
      CheckId(backend, id);
      ++counts_[{id, backend}];
    }
  }

  void RecordLack(const std::string& backend,
                  std::initializer_list<const char*> ids) {
    for (const char* id : ids) {
      CheckId(backend, id);
      lacks_.insert({id, backend});
    }
  }

  int CountOnAll(const std::string& id) const {
    int count = 0;
    for (const auto& [key, n] : counts_) {
      if (key.first == id) count += n;
    }
    return count;
  }

  void TearDown() override {
    if (kinds_.empty()) return;
    // For ids_table.py, too.
    std::cout << Table();
    if (WholeSuiteRan()) CheckThatNothingIsMissing();
  }

 private:
  void CheckId(const std::string& backend, const char* id) const {
    const ContractId* const known = FindContractId(id);
    if (known == nullptr) {
      ADD_FAILURE() << id << " is not in ids.cc";
    } else if (known->kinds == 0) {
      ADD_FAILURE() << id << " is said not to apply: " << known->meaning;
    } else if (!Required(*known, backend)) {
      ADD_FAILURE() << id << " is of no suite of " << backend;
    }
  }

  static bool WholeSuiteRan() {
    const ::testing::UnitTest& test = *::testing::UnitTest::GetInstance();
    return test.test_to_run_count() ==
           test.total_test_count() - test.disabled_test_count();
  }

  bool Required(const ContractId& id, const std::string& backend) const {
    return (id.kinds & kinds_.at(backend)) != 0;
  }

  int Count(const std::string& id, const std::string& backend) const {
    const auto it = counts_.find({id, backend});
    return it == counts_.end() ? 0 : it->second;
  }

  bool Lacks(const std::string& id, const std::string& backend) const {
    return lacks_.count({id, backend}) > 0;
  }

  // What the table has of an id that is required.
  std::string Cell(const std::string& id, const std::string& backend) const {
    const int count = Count(id, backend);
    return count == 0 && Lacks(id, backend) ? "no" : absl::StrCat(count);
  }

  void CheckThatNothingIsMissing() const {
    for (const auto& [backend, kinds] : kinds_) {
      for (const ContractId& id : ContractIds()) {
        if (!Required(id, backend) || Cell(id.id, backend) != "0") continue;
        ADD_FAILURE() << id.id << " was not asserted on " << backend << ": "
                      << id.meaning;
      }
    }
  }

  // How many tests asserted each id on each backend; "-" where it is not
  // required.
  std::string Table() const {
    std::ostringstream out;
    out << "\nContract ids asserted, tests by backend\n";
    out << "id       ";
    for (const auto& backend : kinds_) out << "  " << backend.first;
    out << "\n";
    for (const ContractId& id : ContractIds()) {
      if (id.kinds == 0) continue;
      std::ostringstream row;
      bool any = false;
      for (const auto& backend : kinds_) {
        const bool required = Required(id, backend.first);
        any = any || required;
        const std::string cell = required ? Cell(id.id, backend.first) : "-";
        row << "  ";
        row.width(static_cast<std::streamsize>(backend.first.size()));
        row << cell;
      }
      if (!any) continue;
      out.width(9);
      out << std::left << id.id << row.str() << "  " << id.meaning << "\n";
    }
    return out.str();
  }

  std::map<std::string, unsigned> kinds_;
  std::map<std::pair<std::string, std::string>, int> counts_;
  std::set<std::pair<std::string, std::string>> lacks_;
};

}  // namespace

void RequireCoverage(const std::string& backend, Kind kind) {
  Coverage::Get().Require(backend, kind);
}

void RecordCoverage(const std::string& backend,
                    std::initializer_list<const char*> ids) {
  Coverage::Get().Record(backend, ids);
}

void RecordLack(const std::string& backend,
                std::initializer_list<const char*> ids) {
  Coverage::Get().RecordLack(backend, ids);
}

int CoverageCount(const std::string& id) {
  return Coverage::Get().CountOnAll(id);
}

}  // namespace plumb
