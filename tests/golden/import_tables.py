#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""import_tables.py tables|mud HAYRAKE DATA: what `signatures import` makes of real files holds the
facts that the file has, less what it says it left out; its result passes `signatures check`."""
import collections
import csv
import functools
import glob
import json
import os
import subprocess
import sys
import tempfile


def hayrake(program, *arguments):
    run = subprocess.run([program, 'signatures', *arguments], capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def demand(condition, what):
    if not condition:
        sys.exit(what)


def port_set(texts):
    """(protocol, port) pairs of a domain's port texts."""
    return set().union(*map(ports_of, texts))


@functools.cache
def ports_of(text):
    proto, _, numbers = text.rpartition('/')
    low, _, high = numbers.partition('-')
    return {(p, port) for port in range(int(low), int(high or low) + 1)
            for p in ([proto] if proto else ['tcp', 'udp'])}


def told(said):
    """name -> reason, of lines FILE:LINE: NAME: REASON."""
    lines = [line.split(': ', 2) for line in said.splitlines()[:-1]]
    return {line[1]: line[2] for line in lines}


def rules_of(directory):
    rules = {}
    for path in sorted(glob.glob(os.path.join(directory, '*.json'))):
        for rule in json.load(open(path))['rules']:
            rules[rule['rule']] = rule
    return rules


def table_facts(paths):
    """label -> domain -> ports, and domain -> group, as the tables have them."""
    facts = collections.defaultdict(lambda: collections.defaultdict(set))
    group = {}
    for path in paths:
        for row in csv.DictReader(open(path)):
            domain = row['domain'].rstrip('.').lower()
            facts[row['detection_level']][domain].add(int(float(row['port'])))
            group[domain] = (path, row['domain_id'])
    return facts, group


def partition(group, domains):
    parts = collections.defaultdict(set)
    for domain in domains:
        parts[group(domain)].add(domain)
    return sorted(map(sorted, parts.values()))


def rule_agrees(label, facts, group, rule, reasons):
    have = {d['domain']: d for d in rule['domains']}
    level = 'manufacturer' if label.endswith('_cat') else 'product'
    demand(rule['level'] == level, f'{label}: level {rule["level"]}')
    demand(set(have) == set(facts), f'{label}: domains {set(have) ^ set(facts)}')
    for domain, ports in facts.items():
        want = {(p, n) for p in ('tcp', 'udp') for n in ports}
        got = port_set(have[domain]['ports'])
        joined = 'joined' in reasons.get(domain, '')
        fixed = {p for p in got if p[1] < 32768}
        demand(got == want or (joined and got > want and
                               fixed == {p for p in want if p[1] < 32768}),
               f'{label}: ports of {domain}: {have[domain]["ports"]}')
        generic = have[domain].get('class') == 'generic'
        demand(generic == reasons.get(domain, '').startswith('generic'), f'{label}: {domain}')
    demand(partition(lambda d: have[d].get('group', d), have) ==
           partition(group.get, facts), f'{label}: groups')


def tables(program, data):
    paths = sorted(glob.glob(os.path.join(data, 'iot_wild/detection_level/*.csv')))
    facts, group = table_facts(paths)
    with tempfile.TemporaryDirectory() as out:
        status, _, said = hayrake(program, 'import', '--output', out, *paths)
        demand(status == 0, said)
        demand(said.endswith(' 0 entries dropped, 7 domains are generic\n'), said)
        reasons = told(said)
        demand('joined' in reasons.get('p2p.reolink.com', ''), said)
        demand(reasons['ipv4.connman.net'].startswith('generic'), said)
        status, _, said = hayrake(program, 'check', out)
        demand(status == 0, said)
        rules = rules_of(out)
    demand(len(paths) == 3 and len(rules) == len(facts), f'{len(rules)} rules of {len(facts)}')
    for label, domains in facts.items():
        rule_agrees(label, domains, group, rules[label.removesuffix('_cat')], reasons)


def port_of(match, side):
    for proto in ('tcp', 'udp'):
        port = match.get(proto, {}).get(side)
        if port and 'lower-port' in port:
            return port_set([f'{proto}/{port["lower-port"]}-{port["upper-port"]}'])
        if proto in match:
            return port_set([f'{proto}/{port["port"]}' if port else f'{proto}/1-65535'])
    return port_set(['1-65535'])


def mud_facts(mud):
    """domain -> ports of the entries with a domain, and how many entries have none."""
    acls = mud.get('ietf-access-control-list:acls') or \
        mud['ietf-access-control-list:access-lists']
    facts, others = collections.defaultdict(set), 0
    for way, name, side in (('from', 'dst', 'destination'), ('to', 'src', 'source')):
        lists = mud['ietf-mud:mud'][way + '-device-policy'].get('access-lists', {})
        names = [item['name'] for item in lists.get('access-list', [])]
        for acl in (a for n in names for a in acls['acl'] if a['name'] == n):
            for match in (ace['matches'] for ace in acl['aces']['ace']):
                ip = match.get('ipv4') or match.get('ipv6') or {}
                domain = ip.get(f'ietf-acldns:{name}-dnsname')
                if not domain or 'ietf-mud:mud' in match or ip.get('protocol') in (1, 2, 58):
                    others += 1
                else:
                    facts[domain.lower().rstrip('.')] |= port_of(match, side + '-port')
    return facts, others


def mud_agrees(program, path):
    """True when the file makes a rule."""
    facts, others = mud_facts(json.load(open(path)))
    status, out, said = hayrake(program, 'import', path)
    lines = said.splitlines()
    skipped = [line for line in lines[:-1] if 'generic' not in line and
               'no domain is left' not in line]
    demand(len(skipped) == others, f'{path}: {others} entries without a domain\n{said}')
    if status != 0:
        demand('no domain is left' in said and 'no rule is left' in lines[-1], said)
        return False
    rule, = json.loads(out)['rules']
    have = {d['domain']: port_set(d['ports']) for d in rule['domains']}
    demand(have == facts, f'{path}: {have.keys() ^ facts.keys()}')
    return True


def mud(program, data):
    paths = sorted(glob.glob(os.path.join(data, 'tables/mud_unsw/**/*.json'), recursive=True))
    made = sum(mud_agrees(program, path) for path in paths)
    demand(len(paths) == 45 and made == 33, f'{made} rules of {len(paths)} files')


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ('tables', 'mud'):
        sys.exit(__doc__)
    {'tables': tables, 'mud': mud}[sys.argv[1]](*sys.argv[2:])


main()
