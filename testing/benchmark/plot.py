#!/usr/bin/env python3
"""Makes a table and a picture of what compare.py measured.

  plot.py results.csv --ours plumb --svg results.svg > table.md

What counts is the processor time of our server for a message, or its memory for
an idle connection, divided by a peer's of the same round: the median of the
rounds, and the interval in which it lies with 95 % probability (bootstrap, 2000
draws). A goal (goals.csv) is met when the interval's lower end is not above it.
"""
import argparse, collections, csv, os, random, statistics

WIDTH, LEFT, RIGHT, ROW, TOP = 860, 400, 40, 26, 54
COLOURS = ['#4269d0', '#efb118', '#3ca951', '#a463f2', '#ff725c', '#6cc5b0']


def interval(values):
    rng = random.Random(1)
    medians = sorted(statistics.median(rng.choices(values, k=len(values)))
                     for _ in range(2000))
    return medians[50], medians[1949]


def read(path):
    figures = collections.defaultdict(lambda: collections.defaultdict(dict))
    with open(path, newline='') as file:
        for row in csv.DictReader(file):
            figures[row['scenario']][row['server']][row['round']] = (
                float(row['messages_per_second']), float(row['cost']))
    return figures


def compare(figures, ours):
    """Yields (scenario, server, messages, cost, ratio, low, high, rounds)."""
    for scenario, servers in figures.items():
        for server, rounds in servers.items():
            both = [turn for turn in rounds if turn in servers[ours]]
            ratios = [servers[ours][turn][1] / rounds[turn][1] for turn in both]
            yield (scenario, server,
                   statistics.median(messages for messages, _ in rounds.values()),
                   statistics.median(nanos for _, nanos in rounds.values()),
                   statistics.median(ratios), *interval(ratios), len(both))


def read_goals():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'goals.csv')
    with open(path, newline='') as file:
        return {(row['scenario'], row['server']): row['goal'] for row in csv.DictReader(file)}


def table(rows, ours):
    goals = read_goals()
    print(f'| | server | messages/s | cost | {ours} / this | 95 % | goal | rounds |')
    print('|---|---|---|---|---|---|---|---|')
    for scenario, server, messages, cost, ratio, low, high, rounds in rows:
        goal = goals.get((scenario, server), '')
        missed = goal and low > float(goal)
        goal = f'{goal}, missed' if missed else goal
        ratios = '| |' if server == ours else f'{ratio:.2f} | [{low:.2f}, {high:.2f}] |'
        speed = f'{messages:,.0f}' if messages else ''
        print(f'| {scenario} | {server} | {speed} | {cost:,.0f} | {ratios} {goal} | {rounds} |')


def svg(rows, ours):
    rows = [row for row in rows if row[1] != ours]
    peers = list(dict.fromkeys(row[1] for row in rows))
    most = max([1.2] + [row[6] for row in rows])
    x = lambda ratio: LEFT + ratio / most * (WIDTH - LEFT - RIGHT)
    bottom = TOP + ROW * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 34}"'
           ' font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="{LEFT}" y="22" font-weight="bold">What {ours} costs,'
           ' divided by the peer\'s cost</text>',
           f'<text x="{LEFT}" y="40" fill="#555">median and 95 % interval;'
           f' left of the line {ours} is cheaper</text>']
    for i, (scenario, server, _, _, ratio, low, high, _) in enumerate(rows):
        y = TOP + ROW * i + ROW / 2
        colour = COLOURS[peers.index(server) % len(COLOURS)]
        out += [f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{scenario}: {server}</text>',
                f'<line x1="{x(low):.1f}" y1="{y}" x2="{x(high):.1f}" y2="{y}"'
                f' stroke="{colour}" stroke-width="3"/>',
                f'<circle cx="{x(ratio):.1f}" cy="{y}" r="6" fill="{colour}"/>']
    out.append(f'<line x1="{x(1):.1f}" y1="{TOP}" x2="{x(1):.1f}" y2="{bottom}" stroke="#555"/>')
    for tenths in range(0, int(most * 10) + 1, 2):
        out.append(f'<text x="{x(tenths / 10):.1f}" y="{bottom + 20}" fill="#555"'
                   f' text-anchor="middle">{tenths / 10}</text>')
    return '\n'.join(out + ['</svg>', ''])


def main():
    args = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('csv')
    args.add_argument('--ours', default='plumb')
    args.add_argument('--svg')
    opt = args.parse_args()
    rows = list(compare(read(opt.csv), opt.ours))
    table(rows, opt.ours)
    if opt.svg:
        with open(opt.svg, 'w') as file:
            file.write(svg(rows, opt.ours))


main()
