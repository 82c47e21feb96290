#!/usr/bin/env python3
"""One table of all contract ids by backend, out of those that the tests left.

    bazel test //...
    testing/conformance/ids_table.py bazel-testlogs

Each conformance test prints a table of its own backends (coverage.h), which is
in its log; what two of them say of one backend is added up. Fails for an id of
ids.cc that a backend should have and no test asserted, and for one that no
backend was asked for.
"""

import itertools
import pathlib
import re
import sys

TITLE = "Contract ids asserted, tests by backend\n"
IDS = pathlib.Path(__file__).with_name("ids.cc")


def tables(testlogs):
    """The lines of all tables in logs under `testlogs`, in words, the columns first."""
    for path in sorted(testlogs.rglob("test.log")):
        _, *parts = path.read_text(errors="replace").split(TITLE)
        # lies_test has one for each case, which fails on purpose.
        if len(parts) == 1:
            lines = [line.split() for line in parts[0].splitlines()]
            yield list(itertools.takewhile(lambda words: words and words[0][0] != "[", lines))


def known_ids():
    """(id, whether the suites assert it, meaning, which test does instead)."""
    entry = re.compile(r'\{"([^"]+)",\s*([^,]+),((?:\s*"[^"]*")+)(?:,\s*"([^"]+)")?\s*\}')
    for name, kinds, meaning, where in entry.findall(IDS.read_text()):
        # The meaning may go on in a second string.
        words = "".join(re.findall(r'"([^"]*)"', meaning))
        yield name, kinds.strip() != "kNone", words, where


def add(a, b):
    """Two cells: "-" is not required, "no" asserted to be lacking."""
    if "-" in (a, b):
        return b if a == "-" else a
    total = sum(int(cell) for cell in (a, b) if cell != "no")
    return "no" if total == 0 and "no" in (a, b) else str(total)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cells, backends = {}, []
    for (_, *columns), *lines in tables(pathlib.Path(sys.argv[1])):
        backends += [backend for backend in columns if backend not in backends]
        for line in lines:
            for backend, cell in zip(columns, line[1:]):
                key = line[0], backend
                cells[key] = add(cells.get(key, "-"), cell)
    if not cells:
        sys.exit(f"No log under {sys.argv[1]} has a table.")

    print("Contract ids: how many tests asserted each, by backend; - where it is not for it, "
          "no where it was asserted to lack it")
    for number, backend in enumerate(backends, 1):
        print(f"{number:3} {backend}")
    print(" " * 9 + "".join(f"{number:5}" for number in range(1, len(backends) + 1)))
    missing = []
    for name, here, meaning, where in known_ids():
        row = [cells.get((name, backend), "-") for backend in backends]
        if here:
            print(f"{name:9}" + "".join(f"{cell:>5}" for cell in row) + "  " + meaning)
            missing += [f"{name} on {backend}" for backend, cell in zip(backends, row)
                        if cell == "0"]
            if set(row) <= {"-", "no"}:
                missing.append(f"{name} on any backend")
        else:
            print(f"{name:9}  {meaning}" + (f": {where}" if where else ""))
    print(f"{len(backends)} backends, {len(missing)} ids missing")
    if missing:
        sys.exit("Not asserted: " + ", ".join(missing))


if __name__ == "__main__":
    main()
