#!/usr/bin/env python3
"""One table of all contract ids by backend, out of what the tests left.

    bazel test //...
    testing/conformance/ids_table.py bazel-testlogs

Each conformance test prints a table of its own backends (coverage.h), which is
in its log; what several tables say of one backend is added up. Fails for an id
of ids.cc that a backend should have and no test asserted, for one that no
backend was asked for, and for a suite that did not run, with all of its cases
and on every kind of tasks, on each backend of SUITES.
"""

import collections
import itertools
import pathlib
import re
import sys
import xml.etree.ElementTree

TITLE = "Contract ids asserted, tests by backend\n"
IDS = pathlib.Path(__file__).with_name("ids.cc")

# It runs single cases, against backends that lie.
NOT_THESE = "lies_test"

# Which suite runs on which backends, by the names that their tests give them.
SUITES = {
    "ConnConformance": """
        tcp4 tcp6 udp_dialled udp_accepted unix unixpacket unixgram ip4:253 ip6:253
        pipe pipe_small timed_pipe
        fake fake_observed fake_unix fake_unix_observed fake_unixpacket fake_unixgram
        fakegram_dialled fakegram_accepted
        captured_tcp4 captured_udp captured_unix captured_unixpacket captured_unixgram
        captured_fake
        faulty_tcp4 faulty_udp faulty_unix faulty_unixpacket faulty_unixgram faulty_fake
        judged_tcp4 judged_udp judged_unix judged_unixpacket judged_unixgram judged_fake""",
    "ListenerConformance": """
        tcp4 tcp6 udp4 udp6 unix unixpacket
        fake:tcp fake:udp fake:unix fake:unixpacket fake:fake fake:fakegram
        captured:tcp4 captured:tcp6 captured:udp4 captured:udp6 captured:unix
        captured:unixpacket captured:fake
        faulty:tcp4 faulty:tcp6 faulty:udp4 faulty:udp6 faulty:unix faulty:unixpacket
        faulty:fake
        judged:tcp4 judged:tcp6 judged:udp4 judged:udp6 judged:unix judged:unixpacket
        judged:fake""",
    "PacketConnConformance": """
        udp4 udp6 unixgram ip4:253 ip6:253 fake:udp fake:unixgram fake:fakegram
        captured:udp4 captured:udp6 captured:unixgram
        faulty:udp4 faulty:udp6 faulty:unixgram
        judged:udp4 judged:udp6 judged:unixgram""",
    "TransportConformance": """
        tcp4 tcp6 udp4 udp6 unix unixpacket unixgram ip4:253 ip6:253
        fake:tcp fake:udp fake:unix fake:unixpacket fake:unixgram fake:fake fake:fakegram
        captured:tcp4 captured:tcp6 captured:udp4 captured:udp6
        captured:unix captured:unixpacket captured:unixgram captured:fake
        faulty:tcp4 faulty:tcp6 faulty:udp4 faulty:udp6
        faulty:unix faulty:unixpacket faulty:unixgram faulty:fake
        judged:tcp4 judged:tcp6 judged:udp4 judged:udp6
        judged:unix judged:unixpacket judged:unixgram judged:fake""",
    "UdpListenerConformance": """
        udp4 udp6 fake:udp fake:fakegram captured:udp4 captured:udp6
        faulty:udp4 faulty:udp6 judged:udp4 judged:udp6""",
    "IpAddressConformance": "tcp udp fake:tcp fake:udp",
    "UnixPathConformance": """
        unix unixpacket unixgram fake:unix fake:unixpacket fake:unixgram""",
}

# variant.h: the kinds of tasks, and the decorator.
VARIANTS = ["Threads", "Coop", "Fibers", "Fibers3", "MixedFibers",
            "ThreadsDecorated", "CoopDecorated", "FibersDecorated"]


def files(testlogs, name):
    return sorted(path for path in testlogs.rglob(name) if NOT_THESE not in path.parts)


def tables(testlogs):
    """The lines of all tables in logs under `testlogs`, in words, the columns first."""
    for path in files(testlogs, "test.log"):
        for part in path.read_text(errors="replace").split(TITLE)[1:]:
            lines = [line.split() for line in part.splitlines()]
            yield list(itertools.takewhile(lambda words: words and words[0][0] != "[", lines))


def runs(testlogs):
    """The names of the cases that ran, by suite, backend and variant."""
    cases = collections.defaultdict(set)
    for path in files(testlogs, "test.xml"):
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            suite = case.get("classname", "").rpartition("/")[2]
            if suite in SUITES and case.get("result") == "completed":
                backend, variant = case.get("value_param").split()
                cases[suite, backend, variant].add(case.get("name").partition("/")[0])
    return cases


def not_run(cases):
    """What of SUITES did not run, a line for each."""
    all_cases = collections.defaultdict(set)
    for (suite, backend, _), names in cases.items():
        all_cases[suite] |= names
        if backend not in SUITES[suite].split():
            yield f"{suite} on {backend} is not in SUITES of ids_table.py"
    for suite, backends in SUITES.items():
        for backend in backends.split():
            ran = [variant for variant in VARIANTS if (suite, backend, variant) in cases]
            if not ran:
                yield f"{suite} did not run on {backend}"
                continue
            if ran != VARIANTS:
                yield f"{suite} on {backend} ran only as {', '.join(ran)}"
            missing = sorted(f"{case}/{variant}" for variant in ran
                             for case in all_cases[suite] - cases[suite, backend, variant])
            if missing:
                yield f"{suite} on {backend} ran without {len(missing)} cases: {missing[0]}, ..."


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


def mark(cell):
    return {"-": ".", "no": "o", "0": "!"}.get(cell, "x")


def print_heads(backends):
    """The names of the columns, from top to bottom."""
    height = max(map(len, backends))
    for letters in zip(*(backend.rjust(height) for backend in backends)):
        print(" " * 16 + "".join(letters))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    testlogs = pathlib.Path(sys.argv[1])
    cells, backends = {}, []
    for (_, *columns), *lines in tables(testlogs):
        backends += [backend for backend in columns if backend not in backends]
        for line in lines:
            for backend, cell in zip(columns, line[1:]):
                key = line[0], backend
                cells[key] = add(cells.get(key, "-"), cell)
    if not cells:
        sys.exit(f"No log under {testlogs} has a table.")
    # In the order of SUITES.
    order = list(dict.fromkeys(" ".join(SUITES.values()).split()))
    backends.sort(key=lambda name: order.index(name) if name in order else len(order))

    print("Contract ids: how many tests asserted each, and on which backend: x asserted there, "
          "o asserted\nthat the backend lacks it, . not for it, ! not asserted\n")
    print_heads(backends)
    missing = []
    for name, here, meaning, where in known_ids():
        row = [cells.get((name, backend), "-") for backend in backends]
        if here:
            total = sum(int(cell) for cell in row if cell.isdigit())
            print(f"{name:9}{total:6} " + "".join(map(mark, row)) + "  " + meaning)
            missing += [f"{name} on {backend}" for backend, cell in zip(backends, row)
                        if cell == "0"]
            if set(row) <= {"-", "no"}:
                missing.append(f"{name} on any backend")
        else:
            print(f"{name:16}" + meaning + (f": {where}" if where else ""))
    cases = runs(testlogs)
    idle = list(not_run(cases))
    print(f"{len(backends)} backends, {len(missing)} ids missing; "
          f"{sum(map(len, cases.values()))} cases in {len(cases)} runs of a suite, "
          f"{len(idle)} not as they should")
    if missing or idle:
        sys.exit("\n".join([f"Not asserted: {one}" for one in missing] + idle))


if __name__ == "__main__":
    main()
