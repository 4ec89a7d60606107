#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""study.py: what sampling costs. Replays every capture with fixed seeds and holds the detections
against the truth; then lets the devices of the captures run on for days, idle and in use, by
drawing their captures again and again, and counts how many rules fire in time. Tables for
docs/accuracy.md."""
import collections
import concurrent.futures
import math
import os
import random
import statistics
import tempfile

import common
import measure

RATES = (1, 10, 100, 1000)
SEEDS = range(1, 6)
HOURS = (1, 24, 72)
TRIALS = 200
LEVELS = ('platform', 'manufacturer', 'product')


def row(*cells):
    print('| ' + ' | '.join(map(str, cells)) + ' |', flush=True)


def head(*cells):
    row(*cells)
    row(*['---'] * len(cells))


def percent(part, of):
    return f'{100 * part / of:.0f} %' if of else '-'


# --- replay


class Truth:
    def __init__(self):
        self.must = {(r['capture'], r['subject_mac'] and 'mac:' + r['subject_mac']
                      or 'ip:' + r['subject_ip'], r['rule'])
                     for r in common.table('truth', 'detections.tsv')}
        self.labels = common.capture_labels()

    def vendors(self, capture, addresses):
        known = [self.labels[capture][a] for a in addresses if a in self.labels[capture]]
        labels = known or [self.labels[capture].get('*', ('', '-'))]
        return {v for _, vendors in labels for v in vendors.split(',')}

    def is_right(self, capture, event):
        """None: not to be judged."""
        if (capture, event['subject'], event['rule']) in self.must:
            return True
        vendors = self.vendors(capture, event['addresses'])
        return None if 'unknown' in vendors else event['vendor'] in vendors


def detections(capture, rate, seed):
    """The first detection of each subject and rule."""
    out = {}
    for event in common.lines_of(common.HAYRAKE, 'replay', '--json', '--sample', str(rate),
                                 '--seed', str(seed), common.capture_path(capture)):
        if event['event'] == 'detection':
            out.setdefault((capture, event['subject'], event['rule']), event)
    return out


class Tally:
    """Of one sampling rate, by level, over the seeds."""

    def __init__(self):
        self.must, self.found, self.first, self.kept = (collections.Counter() for _ in range(4))
        self.right, self.wrong = collections.Counter(), collections.Counter()
        self.seconds = collections.defaultdict(list)

    def add(self, truth, rules, first, got):
        for key in truth.must:
            level = rules.rules[key[2]]['level']
            self.must[level] += 1
            self.found[level] += key in got
        for key, event in first.items():
            self.first[event['level']] += 1
            self.kept[event['level']] += key in got
        for key, event in got.items():
            right = truth.is_right(key[0], event)
            if right is None:
                continue
            (self.right if right else self.wrong)[event['level']] += 1
            if right:
                self.seconds[event['level']].append(event['detect_seconds'])

    def print(self, rate, level):
        seconds = sorted(self.seconds[level])
        judged = self.right[level] + self.wrong[level]
        row(f'1:{rate}', level, percent(self.found[level], self.must[level]),
            percent(self.kept[level], self.first[level]), percent(self.right[level], judged),
            f'{statistics.median(seconds):.1f}' if seconds else '-',
            f'{seconds[len(seconds) * 9 // 10]:.1f}' if seconds else '-')


def replay_all(pool, captures, rate, seed):
    got = {}
    for found in pool.map(lambda c: detections(c, rate, seed), captures):
        got.update(found)
    return got


def replay_study(rules):
    truth = Truth()
    captures = sorted(truth.labels)
    print(f'Replay of {len(captures)} captures, seeds {SEEDS[0]} to {SEEDS[-1]}.\n')
    head('sampling', 'level', 'recall', 'of those at 1:1', 'precision', 'seconds, median', '90 %')
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        first = replay_all(pool, captures, 1, 1)
        known = {k: e for k, e in first.items() if truth.is_right(k[0], e)}
        for rate in RATES:
            tally = Tally()
            for seed in SEEDS if rate > 1 else [1]:
                got = replay_all(pool, captures, rate, seed) if rate > 1 else first
                tally.add(truth, rules, known, got)
            for level in LEVELS:
                tally.print(rate, level)


# --- simulation


def packets_of(seen):
    return sorted((t, group) for group, times in seen.times.items() for t in times)


def hours_to_detect(dice, captures, rate, needed):
    """Of one trial: captures of the device, drawn one after the other; None: not in time."""
    groups, start = set(), 0
    skip = sample_skip(dice, rate)
    while start < HOURS[-1]:
        seen, packets = dice.choice(captures)
        while skip < len(packets):
            time, group = packets[skip]
            groups.add(group)
            if len(groups) >= needed:
                return start + time / 3600
            skip += 1 + sample_skip(dice, rate)
        skip -= len(packets)
        start += seen.hours
    return None


def sample_skip(dice, rate):
    """Packets that are passed over before the next one that is looked at."""
    return int(dice.expovariate(-math.log1p(-1 / rate))) if rate > 1 else 0


def share_within(rules, of, rate):
    """For each of HOURS: the share of trials in which the rule fires."""
    rule = rules.rules[of[0].rule]
    if len({g for s in of for g in s.groups}) < rule['needed']:
        return [0] * len(HOURS)
    captures = [(s, packets_of(s)) for s in of]
    dice = random.Random(f'{rule["rule"]} {rate}')
    times = [hours_to_detect(dice, captures, rate, rule['needed']) for _ in range(TRIALS)]
    return [sum(t is not None and t <= h for t in times) / TRIALS for h in HOURS]


def cells(shares):
    return ' / '.join(f'{100 * s:.0f}' for s in shares)


def simulate(rules, found, active):
    word = 'in use' if active else 'idle'
    by_rule = collections.defaultdict(list)
    for s in found:
        if s.active == active and s.hours > 0.2:
            by_rule[s.rule].append(s)
    print(f'\nDevices {word}: % of {TRIALS} trials in which a rule fires within '
          f"{' / '.join(map(str, HOURS))} hours.\n")
    head('rule', 'level', 'needed', 'captures, hours', *(f'1:{r}' for r in RATES))
    sums = collections.defaultdict(list)
    for name, of in sorted(by_rule.items()):
        rule, shares = rules.rules[name], {r: share_within(rules, of, r) for r in RATES}
        for r in RATES:
            if rule['level'] != 'product':
                sums[r].append(shares[r])
        row(name, rule['level'], f"{rule['needed']} of {rule['groups']}",
            f'{len(of)}, {sum(s.hours for s in of):.1f}', *(cells(shares[r]) for r in RATES))
    row('platforms and manufacturers', '', '', '',
        *(cells([statistics.mean(column) for column in zip(*sums[r])]) for r in RATES))
    row('published', '', 'D = 0.4', '', *[''] * (len(RATES) - 1),
        '72 / 93 / 96' if active else '40 / 73 / 76')


def main():
    common.need_data()
    rules = common.Rules()
    replay_study(rules)
    with tempfile.TemporaryDirectory() as folder:
        found = list(measure.devices(rules, folder, collections.Counter()))
    for active in (False, True):
        simulate(rules, found, active)


if __name__ == '__main__':
    main()
