#!/usr/bin/env python3
"""Measures echo servers side by side and keeps the figures in a CSV file.

  compare.py --out results.csv --rounds 12 \\
    --server 'plumb=bazel-bin/examples/echo_server --address=0.0.0.0:{port} --threads=1' \\
    --server 'epoll=bazel-bin/testing/benchmark/epoll_echo {port}' \\
    --server 'go=env GOMAXPROCS=1 /tmp/echo_go {port}'

The server runs on processor 0 and the load on processor 1. A round measures
every server once, in an order that is rotated from round to round: the same
program swings by 30 % within a minute on a machine that is shared, so only
what was measured next to each other is compared (plot.py).
"""
import argparse, csv, itertools, os, re, subprocess, sys, time

SCENARIOS = {
    '64 connections': ['--connections=64'],
    '1000 connections': ['--connections=1000'],
    '64 connections, 16 requests each': ['--connections=64', '--depth=16'],
    '64 connections, 16 KiB': ['--connections=64', '--size=16384'],
}
ports = itertools.count(20000 + int(time.time()) % 8000)


def measure(command, load, arguments):
    port = next(ports)
    server = subprocess.Popen(
        ['taskset', '-c', '0'] + command.format(port=port).split(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(.25)
        done = subprocess.run(
            ['taskset', '-c', '1', load, f'--port={port}',
             f'--server_pid={server.pid}'] + arguments,
            capture_output=True, text=True, timeout=30)
    finally:
        server.kill()
        server.wait()
    found = re.match(r'messages_per_second=(\d+) cpu_ns=(\d+)', done.stdout)
    if not found:
        sys.exit(f'compare.py: {command}: no figures; {done.stderr.strip()}')
    return found.groups()


def main():
    args = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('--server', action='append', required=True, metavar='NAME=COMMAND')
    args.add_argument('--out', required=True)
    args.add_argument('--rounds', type=int, default=12)
    args.add_argument('--scenario', action='append', choices=SCENARIOS)
    args.add_argument('--load', default='bazel-bin/testing/benchmark/load')
    opt = args.parse_args()
    servers = dict(server.split('=', 1) for server in opt.server)
    names = list(servers)
    new = not os.path.exists(opt.out)
    with open(opt.out, 'a', newline='') as file:
        table = csv.writer(file, lineterminator='\n')
        if new:
            table.writerow(['scenario', 'round', 'server', 'messages_per_second', 'cpu_ns'])
        for scenario in opt.scenario or SCENARIOS:
            for turn in range(opt.rounds):
                shift = turn % len(names)
                for name in names[shift:] + names[:shift]:
                    figures = measure(servers[name], opt.load, SCENARIOS[scenario])
                    table.writerow([scenario, turn, name, *figures])
                    file.flush()


main()
