#!/usr/bin/env python3
"""Measures echo servers side by side and keeps the figures in a CSV file.

  compare.py --out results.csv --rounds 12 [--scenario '64 connections']

Of the programs Bazel builds some and others it does not:

  bazel build -c opt //testing/benchmark:all //examples:echo_server
  go build -o /tmp/echo_go testing/benchmark/echo.go
  go build -o /tmp/pipe_go testing/benchmark/pipe.go
  g++ -O2 -DASIO_STANDALONE testing/benchmark/asio_echo.cc -o /tmp/asio_echo

The server runs on processor 0 and the load on processor 1, but for a server of
two workers, which has both with the load, and for two threads of one program. A
round measures every server once, in an order that is rotated from round to
round: the same program swings by 30 % within a minute on a machine that is
shared, so only what was measured next to each other is compared (plot.py). The
cost is processor time in nanoseconds for a message; of two workers, of streams
in memory and of what goes there and back, all the time that passed; of idle
connections bytes.
"""
import argparse, csv, itertools, os, re, resource, subprocess, sys, tempfile, time

SERVER = '{bazel}/examples/echo_server '
PLUMB = SERVER + '--threads=1 '
EPOLL = '{bazel}/testing/benchmark/epoll_echo '
GO = 'env GOMAXPROCS=1 {other}/echo_go '
DEADLINE = '{bazel}/testing/benchmark/deadline_echo {port} '
STREAM = ('{bazel}/testing/benchmark/stream_benchmark --benchmark_format=csv'
          ' --benchmark_filter=BM_ThereAndBack/fake/%d/')
PIPE = 'env GOMAXPROCS=1 {other}/pipe_go %d'
THREADS = '{bazel}/testing/benchmark/thread_echo '
TCP = {
    'plumb': PLUMB + '--address=0.0.0.0:{port}',
    'epoll': EPOLL + 'tcp {port}',
    'go': GO + 'tcp 0.0.0.0:{port}',
    'asio': '{other}/asio_echo {port}',
}
FIBERS = dict(TCP, fibers='{bazel}/testing/benchmark/fiber_echo {port}')
UNIX = {
    'plumb': PLUMB + '--network=unix --address={path}',
    'epoll': EPOLL + 'unix {path}',
    'go': GO + 'unix {path}',
}
UDP = {
    'plumb': PLUMB + '--network=udp --packet --address=0.0.0.0:{port}',
    'epoll': EPOLL + 'udp {port}',
    'go': GO + 'udp 0.0.0.0:{port}',
}
TWO_WORKERS = {
    'plumb': SERVER + '--threads=2 --address=0.0.0.0:{port}',
    'epoll': EPOLL + 'tcp {port} 2',
    'go': 'env GOMAXPROCS=2 {other}/echo_go tcp 0.0.0.0:{port}',
}
IDLE = {'plumb': TCP['plumb'] + ' --buffer=1024', 'go': TCP['go'] + ' 1024'}


def of_server(load, servers):
    return lambda name, fields: measure_server(servers[name], load, fields), servers


def of_two_workers(load, servers):
    def measure(name, fields):
        messages, _ = measure_server(servers[name], load, fields, pinned=False)
        return messages, round(1e9 / int(messages))
    return measure, servers


def of_program(programs, processors='0'):
    return (lambda name, fields: measure_program(programs[name], fields, processors),
            programs)


def of_threads(flags):
    return of_program({'plumb': THREADS + flags, 'raw': THREADS + '--raw ' + flags}, '0,1')


SCENARIOS = {
    '64 connections': of_server('--connections=64', FIBERS),
    '1000 connections': of_server('--connections=1000', FIBERS),
    '10000 connections': of_server('--connections=10000 --warm_up=.6', TCP),
    '64 connections, 16 requests each': of_server('--connections=64 --depth=16', TCP),
    '64 connections, 16 KiB': of_server('--connections=64 --size=16384', FIBERS),
    'a connection for each message, 16 at a time':
        of_server('--connections=16 --churn', TCP),
    'unix, 64 connections':
        of_server('--connections=64 --network=unix --path={path}', UNIX),
    'udp, 32 datagrams': of_server('--connections=1 --depth=32 --network=udp', UDP),
    'udp, 32 datagrams, Listen':
        of_server('--connections=1 --depth=32 --network=udp',
                  dict(UDP, plumb=PLUMB + '--network=udp --address=0.0.0.0:{port}')),
    'two workers, 64 connections': of_two_workers('--connections=64', TWO_WORKERS),
    'a deadline before each Read, 64 connections':
        of_server('--connections=64', {'plumb': DEADLINE + '--deadlines', 'without': DEADLINE}),
    'fake stream, 64 B there and back': of_program({'plumb': STREAM % 64, 'go': PIPE % 64}),
    'fake stream, 64 KiB there and back':
        of_program({'plumb': STREAM % 65536, 'go': PIPE % 65536}),
    'one connection between two threads': of_threads(''),
    'one connection between two threads, there and back': of_threads('--latency'),
    'bytes of an idle connection, 10000 of them':
        of_server('--connections=10000 --idle', IDLE),
}
ports = itertools.count(20000 + int(time.time()) % 8000)


def on_processor(number, command, fields):
    return ['taskset', '-c', number] + command.format(**fields).split()


def figures(command, pattern, done):
    found = re.search(pattern, done.stdout, re.MULTILINE)
    if not found:
        sys.exit(f'compare.py: {command}: no figures; {done.stderr.strip()}')
    return found.groups()


def measure_server(command, load, fields, pinned=True):
    fields['port'] = next(ports)
    fields['path'] = os.path.join(tempfile.gettempdir(), f'compare-{os.getpid()}.sock')
    server = subprocess.Popen(on_processor('0' if pinned else '0,1', command, fields),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(.25)
        load = ('{bazel}/testing/benchmark/load --port={port}'
                f' --server_pid={server.pid} ' + load)
        done = subprocess.run(on_processor('1' if pinned else '0,1', load, fields),
                              capture_output=True, text=True, timeout=30)
    finally:
        server.kill()
        server.wait()
        if os.path.exists(fields['path']):
            os.unlink(fields['path'])
    return figures(command, r'^messages_per_second=(\d+) cost=(\d+)', done)


def measure_program(command, fields, processors):
    done = subprocess.run(on_processor(processors, command, fields),
                          capture_output=True, text=True, timeout=60)
    # Of the last a line of Google Benchmark's CSV: name, iterations, real time.
    cost, time_of_one = figures(command, r'^(?:cost=(\d+)|"BM_[^"]*",\d+,([\d.e+]+))', done)
    return 0, round(float(cost or time_of_one))


def main():
    args = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('--out', required=True)
    args.add_argument('--rounds', type=int, default=12)
    args.add_argument('--scenario', action='append', choices=SCENARIOS)
    args.add_argument('--bazel', default='bazel-bin', help='where Bazel put its programs')
    args.add_argument('--other', default='/tmp', help='where the others are')
    opt = args.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    new = not os.path.exists(opt.out)
    with open(opt.out, 'a', newline='') as file:
        table = csv.writer(file, lineterminator='\n')
        if new:
            table.writerow(['scenario', 'round', 'server', 'messages_per_second', 'cost'])
        for scenario in opt.scenario or SCENARIOS:
            measure, servers = SCENARIOS[scenario]
            names = list(servers)
            for turn in range(opt.rounds):
                shift = turn % len(names)
                for name in names[shift:] + names[:shift]:
                    found = measure(name, dict(bazel=opt.bazel, other=opt.other))
                    table.writerow([scenario, turn, name, *found])
                    file.flush()


main()
