#include "testing/fault/fault_tally.h"

#include <cstddef>

#include "absl/container/flat_hash_map.h"

namespace plumb {

namespace {

FaultTotal TotalOf(const FaultTallySheet& sheet, const FaultTally& tally) {
  return {tally.matches.get() + (tally.all ? sheet.judged.get() : 0),
          tally.hits.get()};
}

}  // namespace

void FaultTallies::Open(const FaultTallySheet* sheet) {
  SystemMutexLock lock(&mutex_);
  open_.insert(sheet);
}

void FaultTallies::Close(const FaultTallySheet* sheet) {
  SystemMutexLock lock(&mutex_);
  if (open_.erase(sheet) == 0) return;
  for (const FaultTally& tally : sheet->tallies) {
    const FaultTotal total = TotalOf(*sheet, tally);
    tally.rule->AddCounts(total.matches, total.hits);
  }
}

std::vector<FaultTotal> FaultTallies::Totals(
    absl::Span<const std::shared_ptr<FaultState>> rules) const {
  absl::flat_hash_map<const FaultState*, FaultTotal> open;
  std::vector<FaultTotal> totals;
  totals.reserve(rules.size());
  SystemMutexLock lock(&mutex_);
  for (const FaultTallySheet* sheet : open_) {
    for (const FaultTally& tally : sheet->tallies) {
      const FaultTotal counted = TotalOf(*sheet, tally);
      FaultTotal& total = open[tally.rule];
      total.matches += counted.matches;
      total.hits += counted.hits;
    }
  }
  for (const std::shared_ptr<FaultState>& rule : rules) {
    FaultTotal total = open[rule.get()];
    total.matches += rule->matches();
    total.hits += rule->hits();
    totals.push_back(total);
  }
  return totals;
}

}  // namespace plumb
