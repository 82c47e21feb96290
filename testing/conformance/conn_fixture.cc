#include "testing/conformance/conn_fixture.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/conformance/coverage.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/forwarding.h"
#include "transport/sleep.h"

namespace plumb {

std::ostream& operator<<(std::ostream& out, const ConnParam& param) {
  return out << param.backend->name << " " << param.variant.name();
}

std::vector<ConnParam> ConnParams(ConnBackend backend) {
  RequireCoverage(backend.name, Kind::kConn);
  const auto shared = std::make_shared<const ConnBackend>(std::move(backend));
  std::vector<ConnParam> params;
  for (const Variant& variant : AllVariants()) {
    params.push_back({shared, variant});
  }
  return params;
}

std::string ConnParamName(const ::testing::TestParamInfo<ConnParam>& info) {
  return info.param.variant.name();
}

std::string TestBytes(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  uint32_t x = seed * 2654435761u + 1;
  for (char& byte : bytes) {
    x = x * 1664525u + 1013904223u;
    byte = static_cast<char>(x >> 24);
  }
  return bytes;
}

ConnConformance::ConnConformance()
    : executor_(GetParam().variant.MakeExecutor()) {}

void ConnConformance::RunCase(absl::FunctionRef<void()> body) {
  executor_->Run([&] {
    Connect(Clock::Real());
    if (!HasFatalFailure()) body();
    pair_ = ConnPair();
  });
  EXPECT_EQ(manual_clock_.alarm_count(), 0u) << "Somebody left an alarm.";
}

void ConnConformance::Connect(Clock& clock) {
  absl::StatusOr<ConnPair> pair = MakePair(clock);
  ASSERT_THAT(pair, IsOk());
  pair_ = *std::move(pair);
}

absl::StatusOr<ConnPair> ConnConformance::MakePair(Clock& clock) {
  absl::StatusOr<ConnPair> pair = backend().make_pair(clock);
  if (!pair.ok() || !GetParam().variant.decorated) return pair;
  return ConnPair{std::make_unique<ForwardingConn>(std::move(pair->near)),
                  std::make_unique<ForwardingConn>(std::move(pair->far))};
}

void ConnConformance::Covers(std::initializer_list<const char*> ids) {
  RecordCoverage(backend().name, ids);
  if (GetParam().variant.decorated) RecordCoverage(backend().name, {"C-LS"});
}

void ConnConformance::CoversLack(std::initializer_list<const char*> ids) {
  RecordLack(backend().name, ids);
}

void ConnConformance::Breathe() {
  if (abilities().reliable) {
    executor().Yield();
  } else {
    plumb::SleepFor(absl::Microseconds(500)).IgnoreError();
  }
}

absl::StatusOr<std::string> ConnConformance::ReadSome(Conn& conn, size_t size) {
  std::string bytes(size, '\0');
  const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(&bytes[0], size));
  if (!n.ok()) return n.status();
  bytes.resize(*n);
  return bytes;
}

absl::StatusOr<std::string> ConnConformance::ReadBytes(Conn& conn,
                                                       size_t size) const {
  std::string bytes;
  while (bytes.size() < size) {
    // A message is cut unless all of it fits.
    absl::StatusOr<std::string> some =
        ReadSome(conn, abilities().messages ? 65536 : size - bytes.size());
    if (!some.ok()) return some.status();
    bytes += *some;
  }
  return bytes;
}

absl::StatusOr<std::string> ConnConformance::ReadShorts(Conn& conn,
                                                        size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    absl::StatusOr<std::string> some = ReadSome(conn);
    if (!some.ok()) return some.status();
    bytes += *some;
  }
  return bytes;
}

std::string ConnConformance::ReadUntilError(Conn& conn, absl::Status* status) {
  std::string bytes;
  for (;;) {
    absl::StatusOr<std::string> some = ReadSome(conn);
    if (!some.ok()) {
      *status = some.status();
      return bytes;
    }
    bytes += *some;
  }
}

uint64_t ConnConformance::CountUntilError(Conn& conn, absl::Status* status) {
  return ReadUntilError(conn, status).size();
}

::testing::AssertionResult ConnConformance::Works() {
  const std::string there = TestBytes(10, 2), back = TestBytes(20, 3);
  absl::Status status = near().Write(there);
  absl::StatusOr<std::string> got;
  if (status.ok()) status = (got = ReadBytes(far(), there.size())).status();
  if (status.ok() && *got != there) status = absl::DataLossError("there");
  if (status.ok()) status = far().Write(back);
  if (status.ok()) status = (got = ReadBytes(near(), back.size())).status();
  if (status.ok() && *got != back) status = absl::DataLossError("back");
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "A round trip failed: " << status;
}

::testing::AssertionResult ConnConformance::ReadWaits(Conn& conn) {
  absl::Status read;
  const auto reader = Go([&] { read = ReadSome(conn).status(); });
  ::testing::AssertionResult waits =
      WaitUntilBlocked(conn, 1, Direction::kRead);
  absl::Status status = conn.SetReadDeadline(LongAgo());
  reader->Join();
  if (!waits) return waits << "\nThe Read ended: " << read;
  if (status.ok()) status = conn.SetReadDeadline(absl::InfiniteFuture());
  if (status.ok() && IsTimeout(read)) return waits;
  return ::testing::AssertionFailure() << read << ", " << status;
}

std::unique_ptr<ConnConformance::Writer> ConnConformance::StartWriter(
    Conn& conn) {
  auto writer = std::make_unique<Writer>();
  writer->task = Go([this, &conn, &to = *writer] {
    const std::string piece = TestBytes(abilities().messages ? 1024 : 65536);
    while ((to.status = conn.Write(piece)).ok()) {
      to.written += piece.size();
      Breathe();
    }
    to.written += BytesDone(to.status);
  });
  return writer;
}

::testing::AssertionResult ConnConformance::StartBlockedWriter(
    Conn& conn, std::unique_ptr<Writer>* writer) {
  *writer = StartWriter(conn);
  return WaitUntilBlocked(conn, 1, Direction::kWrite);
}

::testing::AssertionResult ConnConformance::HasError(
    const absl::Status& status, absl::StatusCode code, absl::string_view op,
    const Conn& conn, absl::string_view cause) const {
  std::string text = absl::StrCat(op, " ", backend().network);
  Addr source, addr;
  if (abilities().addresses) {
    // As Go has it, "set" is about this end alone.
    (op == "set" ? addr : source) = conn.LocalAddr();
    if (op != "set") addr = conn.RemoteAddr();
    absl::StrAppend(&text, " ");
    if (source.has_value()) absl::StrAppend(&text, source.ToString(), "->");
    absl::StrAppend(&text, addr.ToString());
  }
  absl::StrAppend(&text, ": ", cause);
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  if (status.code() == code && status.message() == text && info.has_value() &&
      info->op == op && info->network == backend().network &&
      info->source == source && info->addr == addr) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure()
         << "\n  Actual: " << status
         << "\nExpected: " << absl::StatusCodeToString(code) << ": " << text
         << (info.has_value() ? "" : "\nIt has no ErrorInfo.");
}

}  // namespace plumb
