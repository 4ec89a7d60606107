#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""regroup.py HAYRAKE FOLDER [OPTION ...]: replays every capture below FOLDER as the signatures
group domains and with --regroup, and prints what that changes, tab-separated: each detection gained
or lost, how often which groups became one and which twins stayed apart, what the rules then need,
and how many detections there are."""
import collections
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

hayrake, folder, options = sys.argv[1], sys.argv[2], sys.argv[3:]


def replay(path, extra):
    p = subprocess.run([hayrake, 'replay', '--json', *options, *extra, path],
                       capture_output=True, text=True, check=False)
    return [json.loads(line) for line in p.stdout.splitlines() if line.startswith('{')]


def both(path):
    return path, replay(path, []), replay(path, ['--regroup'])


def detections(rows):
    return {(r['subject'], r['rule']): r for r in rows if r['event'] == 'detection'}


def told(path, word, rows, keys):
    for key in sorted(keys):
        r = rows[key]
        print(word, os.path.relpath(path, folder), *key, f"{r['seen']}/{r['of']}",
              f"needed {r['needed']}", sep='\t')


paths = sorted(os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
counts, joined, apart = [0, 0], collections.Counter(), collections.Counter()
needs = collections.defaultdict(set)
with ThreadPoolExecutor(os.cpu_count()) as pool:
    for capture, plain, regrouped in pool.map(both, paths):
        a, b = detections(plain), detections(regrouped)
        counts[0] += len(a)
        counts[1] += len(b)
        told(capture, 'gained', b, b.keys() - a.keys())
        told(capture, 'lost', a, a.keys() - b.keys())
        for r in regrouped:
            if r['event'] != 'groups':
                continue
            for g in r['groups']:
                if 'members' in g:
                    joined[r['rule'], g['why'], ' = '.join(g['members'])] += 1
            for g in r['twins_apart']:
                if g['why'] == 'a subject contacts several':
                    apart[r['rule'], ' | '.join(g['members'])] += 1
            if r['of'] != r['of_written']:
                needs[r['rule']].add((f"{r['needed_written']}/{r['of_written']}",
                                      f"{r['needed']}/{r['of']}"))
for word, counter in (('joined', joined), ('apart', apart)):
    for key, count in counter.most_common():
        print(word, count, *key, sep='\t')
for rule, pairs in sorted(needs.items()):
    for pair in sorted(pairs):
        print('needs', rule, *pair, sep='\t')
print('detections', *counts, sep='\t')
