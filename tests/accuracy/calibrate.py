#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""calibrate.py [SAMPLE ...]: how often rules are true of whom they are said of, by the confidence.

Every rule of which a subject contacted a group counts, fired or not: with few wrong verdicts at the
usual threshold, the wrong ones are below it. Subjects of unknown kind are left out. What one device
shows again in another capture (the same groups of the same rule) is one case."""
import collections
import os
import sys
import tempfile

import common

BINS = (0, .02, .1, .3, .5, .7, .9, .97, 1)


class Cases:
    def __init__(self):
        self.rows = {}

    def add(self, who, row, right):
        groups = tuple(g['name'] for g in row['groups'] if g['seen'])
        if not groups:
            return
        key = who, row['rule'], groups
        known = self.rows.get(key)
        if not known or known[0] < row['confidence']:
            self.rows[key] = (row['confidence'], right, row['fires'])


def captures_add(cases, folder, rules, sample):
    labels = common.capture_labels()
    for capture in sorted(labels):
        path = os.path.join(folder, 'state')
        state = common.State(path, common.capture_path(capture), sample, 1)
        for subject in sorted({e['subject'] for e in state.rows}):
            label = state.label(subject, labels[capture])
            for row in state.explain(subject):
                right = common.is_right(rules.rules[row['rule']], *label)
                if right is not None:
                    cases.add(label[0], row, right)


def hosts_add(cases, folder, rules, sample):
    for lab, state, clients in common.host_states(rules, folder, sample, 1):
        for subject in sorted({e['subject'] for e in state.rows}):
            for row in state.explain(subject):
                cases.add((lab, clients[subject]), row,
                          common.label_is_right(rules.rules[row['rule']], clients[subject]))


def print_bins(name, rows):
    print(f'\n{name}\nconfidence\tcases\tmean\tright\tfraction right')
    squares = 0
    for low, high in zip(BINS, BINS[1:]):
        of = [r for r in rows if low <= r[0] < high]
        if of:
            right = sum(r[1] for r in of)
            print(f'{low:.2f} to {high:.2f}\t{len(of)}\t{sum(r[0] for r in of) / len(of):.3f}\t'
                  f'{right}\t{right / len(of):.3f}')
    for confidence, right, _ in rows:
        squares += (confidence - right) ** 2
    base = sum(r[1] for r in rows) / len(rows)
    print(f'Brier score {squares / len(rows):.3f}; '
          f'of always saying {base:.3f}: {base * (1 - base):.3f}')


def main():
    common.need_data()
    rules = common.Rules()
    both = []
    for sample in map(int, sys.argv[1:] or ['1', '10']):
        with tempfile.TemporaryDirectory() as folder:
            sources = (('captures', captures_add), ('host tables of two labs', hosts_add))
            for name, add in sources:
                cases = Cases()
                add(cases, folder, rules, sample)
                rows = list(cases.rows.values())
                both += rows
                if os.environ.get('VERBOSE'):
                    for key, row in sorted(cases.rows.items(), key=lambda c: c[1][0]):
                        print(*row, *key)
                if rows:
                    print_bins(f'1 in {sample}, {name}', rows)
    print_bins('all of these', both)
    print_bins('of them, what fired', [r for r in both if r[2]])


if __name__ == '__main__':
    main()
