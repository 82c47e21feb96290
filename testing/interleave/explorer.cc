#include "testing/interleave/explorer.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "transport/fiber/context_switch.h"
#include "transport/waiter.h"

namespace plumb {
namespace interleave {
namespace {

constexpr size_t kMaxFlows = 8;
constexpr size_t kStackSize = 256 * 1024;
constexpr size_t kMaxDepth = 2000;

// For each flow, how many steps of the trace are known to come before.
using Clock = std::array<size_t, kMaxFlows>;

void Join(Clock& into, const Clock& from) {
  for (size_t i = 0; i < kMaxFlows; ++i) into[i] = std::max(into[i], from[i]);
}

// A set of flows.
class Set {
 public:
  bool empty() const { return bits_ == 0; }
  bool has(size_t i) const { return (bits_ >> i & 1) != 0; }
  void Insert(size_t i) { bits_ |= 1u << i; }
  void InsertAll(Set other) { bits_ |= other.bits_; }
  size_t first() const { return static_cast<size_t>(__builtin_ctz(bits_)); }
  Set Without(Set other) const { return Set(bits_ & ~other.bits_); }
  Set() = default;

 private:
  explicit Set(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0;
};

struct Operation {
  const void* object = nullptr;
  Access access = Access::kWrite;
  const char* name = "";

  bool Interferes(const Operation& other) const {
    return object == other.object &&
           (access == Access::kWrite || other.access == Access::kWrite);
  }
};

struct Flow {
  std::string name;
  std::function<void()> body;
  Context context;
  // What it does when it goes on, if it has not ended.
  Operation next;
  const absl::FunctionRef<bool()>* enabled = nullptr;
  bool ended = false;
  Clock clock = {};
};

struct Taken {
  size_t flow;
  Operation operation;
};

// A state on the way that is being explored.
struct Node {
  Set enabled;
  Set to_try;
  Set tried;  // or sleeping: what it leads to was seen elsewhere
  size_t chosen = 0;
};

struct ObjectClocks {
  Clock writes = {};
  Clock all = {};
};

}  // namespace

class Explorer {
 public:
  Explorer() : thread_(loop_) {
    for (auto& stack : stacks_) stack = std::make_unique<char[]>(kStackSize);
  }

  Outcome Run(absl::FunctionRef<void(Flows&)> make, int64_t limit);

  void Pause(Operation next, const absl::FunctionRef<bool()>* enabled);
  void Release(const void* object) {
    Join(objects_[object].writes, flows_[running_].clock);
    Join(objects_[object].all, flows_[running_].clock);
  }
  void Fail(std::string what) {
    if (failure_.empty()) failure_ = absl::StrCat(what, "\n", TraceText());
    // The run ends here: what is wrong may do anything next. Nothing on the
    // flow's stack is destroyed then.
    std::string().swap(what);
    if (in_flow_) Pause({}, nullptr);
  }
  bool in_flow() const { return in_flow_; }

 private:
  static void Main(void* explorer);

  void RunOnce(absl::FunctionRef<void(Flows&)> make);
  void Begin(const Flows& flows);
  // Goes on with `flow` until it pauses or ends. Ends no flow of a run that has
  // failed.
  void Resume(size_t flow);
  Set Enabled() const;
  void FindRaces();
  void AddRace(size_t index, size_t flow);
  // The flow to go on with in the state after `depth` steps; none when all that
  // it leads to was seen.
  std::optional<size_t> Choose(size_t depth, Set enabled);
  void Take(size_t flow);
  bool Backtrack();
  std::string TraceText() const;

  Context loop_;
  ContextThread thread_;
  std::array<std::unique_ptr<char[]>, kMaxFlows> stacks_;
  std::vector<Node> nodes_;

  // Of the run under way.
  std::deque<Flow> flows_;
  std::vector<Taken> trace_;
  absl::flat_hash_map<const void*, ObjectClocks> objects_;
  size_t known_ = 0;  // states that a run before has been in
  size_t running_ = 0;
  bool in_flow_ = false;
  std::string failure_;
};

namespace {

Explorer* exploring = nullptr;

}  // namespace

Outcome Explorer::Run(absl::FunctionRef<void(Flows&)> make, int64_t limit) {
  Outcome outcome;
  while (failure_.empty() && outcome.interleavings < limit &&
         !outcome.complete) {
    RunOnce(make);
    ++outcome.interleavings;
    outcome.complete = failure_.empty() && !Backtrack();
  }
  outcome.failure = failure_;
  return outcome;
}

void Explorer::Main(void* self) {
  Explorer& explorer = *static_cast<Explorer*>(self);
  Flow& flow = explorer.flows_[explorer.running_];
  flow.body();
  flow.ended = true;
  Waiter::SetCurrent(nullptr);
  Context::SwitchForever(explorer.thread_, flow.context, explorer.loop_);
}

void Explorer::Begin(const Flows& flows) {
  for (const auto& [name, body] : flows.bodies_) {
    const size_t index = flows_.size();
    Flow& flow = flows_.emplace_back();
    flow.name = name;
    flow.body = body;
    flow.context.Start(thread_, stacks_[index].get(), kStackSize,
                       &Explorer::Main, this);
    Resume(index);
  }
}

void Explorer::Resume(size_t flow) {
  running_ = flow;
  in_flow_ = true;
  Context::Switch(thread_, loop_, flows_[flow].context);
  in_flow_ = false;
  if (flows_[flow].ended) flows_[flow].context.Reset();
}

void Explorer::Pause(Operation next, const absl::FunctionRef<bool()>* enabled) {
  Flow& flow = flows_[running_];
  flow.next = next;
  flow.enabled = enabled;
  Waiter* const waiter = Waiter::SetCurrent(nullptr);
  Context::Switch(thread_, flow.context, loop_);
  Waiter::SetCurrent(waiter);
}

Set Explorer::Enabled() const {
  Set enabled;
  for (size_t i = 0; i < flows_.size(); ++i) {
    const Flow& flow = flows_[i];
    if (flow.ended) continue;
    if (flow.enabled == nullptr || (*flow.enabled)()) enabled.Insert(i);
  }
  return enabled;
}

void Explorer::RunOnce(absl::FunctionRef<void(Flows&)> make) {
  // What the last run had goes before the next is made.
  flows_.clear();
  trace_.clear();
  objects_.clear();
  Flows flows;
  make(flows);
  Begin(flows);
  known_ = nodes_.size();
  bool explore = true;
  while (failure_.empty()) {
    const Set enabled = Enabled();
    if (enabled.empty()) break;
    if (trace_.size() == kMaxDepth) {
      Fail("it does not end");
      return;
    }
    size_t next = enabled.first();
    if (explore) {
      // Those of states that were there before are known.
      if (trace_.size() >= known_) FindRaces();
      const std::optional<size_t> choice = Choose(trace_.size(), enabled);
      // Seen before: it only has to end.
      explore = choice.has_value();
      if (explore) next = *choice;
      if (!failure_.empty()) return;
    }
    Take(next);
  }
  if (!failure_.empty()) return;
  for (const Flow& flow : flows_) {
    if (flow.ended) continue;
    Fail(absl::StrCat(flow.name, " waits for ever in ", flow.next.name));
    return;
  }
  if (flows.at_end_) flows.at_end_();
}

// For each flow's next step the last one that it interferes with and that does
// not have to come before it: the other order is to be tried, too.
void Explorer::FindRaces() {
  for (size_t p = 0; p < flows_.size(); ++p) {
    const Flow& flow = flows_[p];
    if (flow.ended) continue;
    for (size_t i = trace_.size(); i-- > 0;) {
      const Taken& taken = trace_[i];
      if (taken.flow == p || !taken.operation.Interferes(flow.next)) continue;
      if (flow.clock[taken.flow] > i) continue;
      AddRace(i, p);
      break;
    }
  }
}

void Explorer::AddRace(size_t index, size_t flow) {
  Node& node = nodes_[index];
  if (node.enabled.has(flow)) {
    node.to_try.Insert(flow);
    return;
  }
  for (size_t j = index + 1; j < trace_.size(); ++j) {
    const size_t other = trace_[j].flow;
    if (node.enabled.has(other) && flows_[flow].clock[other] > j) {
      node.to_try.Insert(other);
      return;
    }
  }
  node.to_try.InsertAll(node.enabled);
}

std::optional<size_t> Explorer::Choose(size_t depth, Set enabled) {
  if (depth < nodes_.size()) {
    if (!enabled.has(nodes_[depth].chosen)) {
      Fail("the flows do not do the same each time");
      return std::nullopt;
    }
    return nodes_[depth].chosen;
  }
  Node node;
  node.enabled = enabled;
  if (depth > 0) {
    const Operation& last = trace_.back().operation;
    for (size_t i = 0; i < flows_.size(); ++i) {
      if (i != trace_.back().flow && nodes_.back().tried.has(i) &&
          !flows_[i].ended && !flows_[i].next.Interferes(last)) {
        node.tried.Insert(i);
      }
    }
  }
  const Set left = enabled.Without(node.tried);
  if (left.empty()) return std::nullopt;
  node.chosen = left.first();
  node.to_try.Insert(node.chosen);
  nodes_.push_back(node);
  return node.chosen;
}

void Explorer::Take(size_t next) {
  Flow& flow = flows_[next];
  const Operation operation = flow.next;
  trace_.push_back({next, operation});
  ObjectClocks& object = objects_[operation.object];
  const bool write = operation.access == Access::kWrite;
  Join(flow.clock, write ? object.all : object.writes);
  flow.clock[next] = trace_.size();
  Join(object.all, flow.clock);
  if (write) Join(object.writes, flow.clock);
  Resume(next);
}

bool Explorer::Backtrack() {
  while (!nodes_.empty()) {
    Node& node = nodes_.back();
    node.tried.Insert(node.chosen);
    const Set left = node.to_try.Without(node.tried);
    if (!left.empty()) {
      node.chosen = left.first();
      return true;
    }
    nodes_.pop_back();
  }
  return false;
}

std::string Explorer::TraceText() const {
  absl::flat_hash_map<const void*, size_t> numbers;
  std::string text;
  for (const Taken& taken : trace_) {
    const size_t number =
        numbers.emplace(taken.operation.object, numbers.size()).first->second;
    absl::StrAppend(&text, "  ", flows_[taken.flow].name, ": ",
                    taken.operation.name, " #", number, "\n");
  }
  return text;
}

void Step(const void* object, Access access, const char* operation) {
  if (exploring != nullptr && exploring->in_flow()) {
    exploring->Pause({object, access, operation}, nullptr);
  }
}

void StepWhen(const void* object, const char* operation,
              absl::FunctionRef<bool()> enabled) {
  if (exploring != nullptr && exploring->in_flow()) {
    exploring->Pause({object, Access::kWrite, operation}, &enabled);
  }
}

void Release(const void* object) {
  if (exploring != nullptr && exploring->in_flow()) exploring->Release(object);
}

void Fail(std::string what) {
  if (exploring != nullptr) exploring->Fail(std::move(what));
}

Outcome Explore(absl::FunctionRef<void(Flows&)> make, int64_t limit) {
  Explorer explorer;
  exploring = &explorer;
  Outcome outcome = explorer.Run(make, limit);
  exploring = nullptr;
  return outcome;
}

}  // namespace interleave
}  // namespace plumb
