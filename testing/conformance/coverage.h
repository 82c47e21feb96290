// Which lines of the contract have been asserted on which backend.
//
// Each case names its ids (ids.h). After the last test a table of ids by
// backend is printed. When the whole suite ran, without a filter and in one
// shard, an id that a backend should have and that no case asserted fails the
// run.
// "no" in the table is an id of which it was asserted that the backend lacks
// what it is about.
//
// A part of the suites; who runs them on a backend of his own does not need it.
#ifndef PLUMB_TESTING_CONFORMANCE_COVERAGE_H_
#define PLUMB_TESTING_CONFORMANCE_COVERAGE_H_

#include <initializer_list>
#include <string>

#include "testing/conformance/ids.h"

namespace plumb {

// Makes all ids of `kind` required of `backend`, a column of the table.
void RequireCoverage(const std::string& backend, Kind kind);

// The running test, on `backend`, asserts `ids`.
void RecordCoverage(const std::string& backend,
                    std::initializer_list<const char*> ids);

// `backend` lacks what they are about, and the test asserts what is documented
// in its place: an extension is not there, the call is Unimplemented, a Write
// never waits.
void RecordLack(const std::string& backend,
                std::initializer_list<const char*> ids);

// How many tests have asserted `id`, on all backends.
int CoverageCount(const std::string& id);

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_COVERAGE_H_
