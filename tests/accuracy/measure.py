#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""measure.py: the numbers that user/infer/confidence.c, user/rules/reach.h and the signatures'
"idle_packets" stand on, from captures and host tables beside the repository (ACCURACY_DATA names
another place). docs/accuracy.md says what they mean."""
import collections
import math
import statistics
import subprocess
import tempfile

import common

GAP_S = 30     # a pause that ends a contact
WIDE = 15      # groups of a rule, as RULE_WIDE in confidence.c
MANY = 10      # packets on the wire, as CONTACT_MANY in confidence.c
ACTIVE = ('/latency/tplink-plug/', '/cpu/', '/latency/all-devices/', '/latency/philips-hue/',
          '/latency/smartthings-hub/', '/latency/xiaomi-cam/', '/traces/')


def strength(rows):
    if not any(e['tcp_flags'] & ~0xc2 if e['proto'] == 'tcp' else e['directions'] == 3
               for e in rows):
        return 'unanswered'
    return 'many' if sum(e['packets'] * e['sampling'] for e in rows) >= MANY else 'few'


def packet_times(capture, rows):
    """Times of the packets of evidence rows, and of the last packet of the capture."""
    ends = ' or '.join(f"(host {e['address']} and port {e['port']})" for e in rows)
    out = subprocess.run(['tcpdump', '-tt', '-n', '-r', common.capture_path(capture), ends],
                         capture_output=True, text=True, check=False).stdout
    return [float(line.split()[0]) for line in out.splitlines() if line[:1].isdigit()]


def capture_span(capture):
    out = subprocess.run(['tcpdump', '-tt', '-n', '-r', common.capture_path(capture)],
                         capture_output=True, text=True, check=False).stdout.splitlines()
    times = [float(line.split()[0]) for line in out if line[:1].isdigit()]
    return times[0], times[-1]


def contacts_of(times):
    """Sizes of the contacts in sorted packet times."""
    sizes = []
    for i, t in enumerate(times):
        if i and t - times[i - 1] <= GAP_S:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


class Seen:
    """One device of a capture and one rule that is true for it: group -> its contacts."""

    def __init__(self, capture, rule, groups, rows):
        self.capture, self.rule, self.groups = capture, rule, groups
        self.strengths = collections.Counter(strength(r) for r in groups.values())
        self.active = any(a in '/' + capture for a in ACTIVE)
        start, end = capture_span(capture)
        self.hours = (end - start) / 3600
        self.contacts = {}
        self.times = {}
        for group, group_rows in groups.items():
            first = min(e['first_ns'] for e in group_rows) / 1e9
            times = [t for t in packet_times(capture, group_rows) if t >= first - 0.01]
            self.times[group] = [t - start for t in times]
            self.contacts[group] = contacts_of(times)


def devices(rules, folder, others):
    """Every device of the captures once: captures of one home at several places hold the same.
    The contacts of clients that are none go to others, by strength."""
    labels, known = common.capture_labels(), set()
    for capture in sorted(labels):
        if all(v[1] == '-' for v in labels[capture].values()):
            continue
        state = common.State(folder + '/state', common.capture_path(capture))
        for (subject, rule), groups in rules.seen(state.rows).items():
            label = state.label(subject, labels[capture])
            key = (rule, str(sorted((g, sum(e['packets'] for e in r), r[0]['first_ns'] // 10**9)
                                    for g, r in groups.items())))
            right = common.is_right(rules.rules[rule], *label)
            if key in known or right is None:
                continue
            known.add(key)
            if not right:
                others.update(strength(r) for r in groups.values())
                continue
            yield Seen(capture, rule, dict(groups), state.rows)


def share(name, count, of):
    print(f'{name}\t{count} of {of}\t{(count + 1) / (of + 2):.4f} (with one more of each kind)')


def client_kind(rule, label):
    if common.label_is_right(rule, label):
        return 'device'
    return 'computer' if common.COMPUTER.search(label) else 'other'


class Sums:
    """Over pairs of a client and a rule, by the kind of client."""

    def __init__(self):
        self.pairs = collections.Counter()
        self.groups = collections.Counter()
        self.contacts = collections.Counter()

    def add(self, kind, rule, found):
        self.pairs[kind] += 1
        self.groups[kind] += rule['groups']
        self.contacts[kind] += len(found)

    def share(self, kind):
        share(f'groups contacted by a {kind}', self.contacts[kind], self.groups[kind])

    def rate(self, kind):
        share(f'groups contacted to one {kind}', self.contacts[kind], self.pairs[kind])


def part(found, rule):
    return min(1, len(found) / rule['needed'])


def host_numbers(rules, folder):
    sums, unasked = Sums(), collections.Counter()
    children, alike, devices_of = [0, 0], [], []
    tables = common.hosts(rules)
    for lab, state, clients in common.host_states(rules, folder):
        seen = rules.seen(state.rows)
        for subject, label in clients.items():
            asked = {u[:2] for domain, _, _ in tables[lab][label] for u in rules.uses(domain)}
            for name, rule in rules.rules.items():
                kind, found = client_kind(rule, label), seen.get((subject, name), {})
                width = 'wide' if rule['groups'] > WIDE else 'narrow'
                sums.add(kind, rule, found)
                sums.add(f'{kind}, {width} rule', rule, found)
                unasked[kind] += sum((name, g) not in asked for g in found)
                parent = rules.rules.get(rule['parent'])
                if parent and (subject, parent['rule']) in seen and \
                        client_kind(parent, label) == 'device':
                    children[0] += kind == 'device'
                    children[1] += 1
                if kind == 'device' and found:
                    sums.add('device with a contact', rule, found)
                    sums.contacts['needed'] += rule['needed']
                if len(found) > 1:
                    (devices_of if kind == 'device' else alike).append(part(found, rule))
    print('host tables of two labs: a client and a rule')
    share('PRIOR_ALONE: true, with a contact', sums.pairs['device with a contact'],
          sum(sums.pairs[k] for k in ('device', 'computer', 'other')))
    share('PRIOR_CHILD: true, where the parent is', *children)
    share('LOOK_ALIKES: not true, with two contacts, to those that are true', len(alike),
          len(devices_of))
    print(f'LOOK_ALIKE_USE: groups they contact, of those needed\t{statistics.mean(alike):.2f} '
          f'(devices: {statistics.mean(devices_of):.2f})')
    print(f"device_use: groups of devices with a contact, to those needed\t"
          f"{sums.contacts['device with a contact']} to {sums.contacts['needed']}")
    sums.rate('computer, narrow rule')
    sums.share('computer, wide rule')
    sums.share('other')
    share('STRANGER_ASKED: of the groups of a computer, name never asked for',
          unasked['computer'], sums.contacts['computer'])


def capture_numbers(found, others):
    strengths = sum((s.strengths for s in found), collections.Counter())
    print('\ncaptures: the contacts of devices with the groups of their rules')
    share('DEVICE_WEAK: unanswered, or of few packets', strengths['few'] + strengths['unanswered'],
          sum(strengths.values()))
    share('OTHER_WEAK: the same of clients that are no device',
          others['few'] + others['unanswered'], sum(others.values()))
    for active in (False, True):
        sizes, rates = [], []
        for s in found:
            if s.active == active and s.hours > 0.2:
                sizes += [n for c in s.contacts.values() for n in c]
                rates += [len(c) / s.hours for c in s.contacts.values()]
        word = 'active' if active else 'idle'
        print(f'{word}: packets of a contact, median\t{statistics.median(sizes)}')
        print(f'{word}: contacts of a group an hour, median\t{statistics.median(rates):.1f}')


def group_rates(found):
    """(rule, active) -> group -> packets an hour over the captures of its device."""
    out = {}
    for key in sorted({(s.rule, s.active) for s in found}):
        of = [s for s in found if (s.rule, s.active) == key and s.hours > 0.2]
        hours = sum(s.hours for s in of)
        packets = collections.Counter()
        for s in of:
            for group, contacts in s.contacts.items():
                packets[group] += sum(contacts)
        if hours:
            out[key] = (hours, {g: n / hours for g, n in packets.items()})
    return out


def main():
    common.need_data()
    rules = common.Rules()
    with tempfile.TemporaryDirectory() as folder:
        host_numbers(rules, folder)
        others = collections.Counter()
        found = list(devices(rules, folder, others))
    capture_numbers(found, others)
    print('\nrule\tuse\thours\tgroup\tpackets an hour')
    for (rule, active), (hours, rates) in group_rates(found).items():
        for group, rate in sorted(rates.items()):
            print(f"{rule}\t{'active' if active else 'idle'}\t{hours:.2f}\t{group}\t{rate:.0f}")


if __name__ == '__main__':
    main()
