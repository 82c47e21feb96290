#!/usr/bin/env python3
"""Counts what a message costs: system calls and instructions of the program.

  exact.py [--write] [--program bazel-bin/testing/benchmark/fixed_echo]

A message is a Write and the Read that gets it. Both figures hardly vary, so
that they show a change that no clock would: exact.csv has them, and this fails
when one has grown by more than 2 %; by 8 % where time has a part in it. Of
that, and of system calls, which strace slows so that epoll_wait may come more
often, the least of three runs counts. A change that is worth its price raises
them with --write, and its description says why.

Needs strace and valgrind, and the program of an optimised build:

  bazel build -c opt //testing/benchmark:fixed_echo
"""
import argparse, csv, os, re, subprocess, sys, tempfile

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'exact.csv')
TOLERANCE = 1.02
# absl::Now sets its clock anew as time passes, and what has come in by the time
# of an epoll_wait depends on the machine.
TIMED = {'tcp, 64 connections, deadline before each Read',
         'tcp, a connection for each echo'}
TIMED_TOLERANCE = 1.08
TIMED_RUNS = 3
# The difference of two runs has no start and no end in it.
FEW, MANY = 2048, 12288
CASES = {
    'tcp, 64 connections': ['--connections=64'],
    'tcp, 64 connections, deadline before each Read':
        ['--connections=64', '--deadlines'],
    'tcp, 1 connection': ['--connections=1'],
    'unix, 64 connections': ['--network=unix', '--connections=64'],
    'pipe, 1 connection': ['--network=pipe', '--connections=1'],
    'udp, 32 datagrams':
        ['--network=udp', '--connections=1', '--depth=32', '--packets'],
    'udp, 32 datagrams, Listen':
        ['--network=udp', '--connections=1', '--depth=32'],
    'tcp, a connection for each echo': ['--connections=16', '--reconnect'],
}


def fail(text):
    sys.exit(f'exact.py: {text}')


def run(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        fail(error)
    if done.returncode != 0:
        fail(f'{" ".join(argv)}: exit status {done.returncode}\n{done.stderr}')
    return done.stderr


def system_calls(argv):
    with tempfile.NamedTemporaryFile('r') as out:
        run(['strace', '-f', '-c', '-o', out.name] + argv)
        found = re.search(r'^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s.*total$',
                          out.read(), re.MULTILINE)
    return int(found.group(1)) if found else fail('cannot read what strace says')


def instructions(argv):
    text = run(['valgrind', '--tool=callgrind',
                '--callgrind-out-file=/dev/null'] + argv)
    found = re.search(r'refs:\s+([\d,]+)', text)
    return int(found.group(1).replace(',', '')) if found else fail(text)


def per_message(count, program, arguments):
    few, many = (count([program, *arguments, f'--echoes={echoes}'])
                 for echoes in (FEW, MANY))
    return (many - few) / (2 * (MANY - FEW))


def count(what, case, program):
    timed = case in TIMED or what is system_calls
    return min(per_message(what, program, CASES[case])
               for _ in range(TIMED_RUNS if timed else 1))


def main():
    args = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('--program', default='bazel-bin/testing/benchmark/fixed_echo')
    args.add_argument('--write', action='store_true')
    opt = args.parse_args()
    with open(TABLE, newline='') as file:
        kept = {row['case']: row for row in csv.DictReader(file)}
    rows, grown = [], []
    for case in CASES:
        row = {
            'case': case,
            'system calls': f'{count(system_calls, case, opt.program):.2f}',
            'instructions': f'{count(instructions, case, opt.program):.0f}',
        }
        rows.append(row)
        for what in ('system calls', 'instructions'):
            allowed = kept.get(case, {}).get(what)
            tolerance = TIMED_TOLERANCE if case in TIMED else TOLERANCE
            bad = allowed is None or float(row[what]) > float(allowed) * tolerance
            grown += [f'{case}: {what}: {row[what]}, not {allowed}'] if bad else []
            print(f'{case}: {row[what]} {what} a message (kept: {allowed})', flush=True)
    if opt.write:
        with open(TABLE, 'w', newline='') as file:
            table = csv.DictWriter(file, rows[0].keys(), lineterminator='\n')
            table.writeheader()
            table.writerows(rows)
    elif grown:
        fail('grown:\n  ' + '\n  '.join(grown))


main()
