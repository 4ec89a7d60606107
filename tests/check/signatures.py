#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the signature files, for test_signatures.sh; run from the project's root.

signatures.py files             every file follows docs/signature.schema.json
signatures.py refused HAYRAKE   what the schema refuses, `signatures check` refuses too
signatures.py lines < LINES     JSON lines follow docs/signatures-list.schema.json
signatures.py rules < LINES     the listed rules are those of signatures.tsv
signatures.py paper DIR < LINES the listed rules are those of the published tables in DIR
"""
import collections
import copy
import csv
import glob
import json
import os
import subprocess
import sys
import tempfile

import jsonschema

TABLES = {'alexa': 'alexa_enabled.csv', 'samsung': 'samsung_IoT.csv', 'other': 'other_devices.csv'}
# Two rules are cuts of the tables: the voice service, and what two appliances of a vendor contact.
VOICE_LABELS = ('alexa:echo_cat', 'alexa:firetv_cat')
VOICE_GROUPS = ('new_domain_1', 'new_domain_2', 'api.amazonalexa.com')
APPLIANCE_LABELS = ('samsung:dryer', 'samsung:fridge')
NOT_SAMSUNG = ('ipv4.connman.net', 'oauth.ring.com')


def schema(name):
    with open(f'docs/{name}.schema.json') as f:
        loaded = json.load(f)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return jsonschema.Draft202012Validator(loaded)


def load(path):
    with open(path) as f:
        return json.load(f)


def complain(complaints):
    for text in complaints:
        print(text)
    sys.exit(bool(complaints))


def check_files():
    paths = sorted(glob.glob('signatures/*.json'))
    validator = schema('signature')
    bad = []
    for path in paths:
        bad += [f'{path}: {e.json_path}: {e.message}' for e in validator.iter_errors(load(path))]
    complain(bad if paths else ['no files'])


def set_at(document, path, value):
    """A copy of document with the value at path, or without the key when value is None."""
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


RULE = ('rules', 0)
DOMAIN = RULE + ('domains', 0)
CHANGES = (
    (('format',), 2),
    (('vendor',), None),
    (('vendor',), ''),
    (('vendor',), 'a\u0007b'),
    (('colour',), 'red'),
    (('sources', 'imc2020', 'date'), 'October'),
    (('sources', 'imc2020', 'citation'), None),
    (('rules',), []),
    (RULE + ('rule',), 'Ring Doorbell'),
    (RULE + ('name',), None),
    (RULE + ('level',), 'gadget'),
    (RULE + ('threshold',), 0),
    (RULE + ('threshold',), 1.5),
    (RULE + ('parent',), 'a b'),
    (RULE + ('usage',), 10),
    (RULE + ('usage',), {'packets_per_hour': 0}),
    (RULE + ('usage',), {'packets_per_hour': 1.5}),
    (RULE + ('usage',), {'packets_per_hour': 10, 'rate': 1}),
    (RULE + ('usage',), {}),
    (RULE + ('domains',), []),
    (DOMAIN + ('domain',), 'ES.ring.com'),
    (DOMAIN + ('domain',), 'es.ring.com.'),
    (DOMAIN + ('domain',), '*.com'),
    (DOMAIN + ('domain',), '192.0.2.1'),
    (DOMAIN + ('domain',), 'a b.com'),
    (DOMAIN + ('domain',), None),
    (DOMAIN + ('ports',), []),
    (DOMAIN + ('ports',), [443]),
    (DOMAIN + ('ports',), ['0']),
    (DOMAIN + ('ports',), ['tls/443']),
    (DOMAIN + ('ports',), None),
    (DOMAIN + ('class',), 'main'),
    (DOMAIN + ('group',), 'A Group'),
    (DOMAIN + ('port',), '443'),
)


def check_refused(hayrake):
    base = load('signatures/ring.json')
    validator = schema('signature')
    complaints = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'changed.json')
        for place, value in CHANGES:
            changed = set_at(base, place, value)
            with open(path, 'w') as f:
                json.dump(changed, f)
            run = subprocess.run([hayrake, 'signatures', 'check', path], capture_output=True,
                                 text=True)
            if validator.is_valid(changed):
                complaints.append(f'{place} = {value!r}: the schema takes it')
            if run.returncode != 1 or not run.stderr.startswith(f'{path}:1: '):
                complaints.append(f'{place} = {value!r}: exit {run.returncode}: {run.stderr}')
    complain(complaints)


def lines():
    rows = [json.loads(line) for line in sys.stdin]
    if not rows:
        complain(['no lines'])
    return rows


def check_lines():
    validator = schema('signatures-list')
    complain([e.message[:300] for row in lines() for e in validator.iter_errors(row)])


def check_rules():
    with open('tests/check/signatures.tsv') as f:
        wanted = {row['rule']: row for row in csv.DictReader(f, delimiter='\t')}
    listed = {row['rule']: row for row in lines()}
    complaints = [f'{rule}: not listed' for rule in wanted if rule not in listed]
    complaints += [f'{rule}: not in signatures.tsv' for rule in listed if rule not in wanted]
    for rule, want in wanted.items():
        have = {key: str(listed.get(rule, {}).get(key) or '-') for key in want}
        if have != want:
            complaints.append(f'{have}, not {want}')
    complain(complaints)


def groups_new():
    return collections.defaultdict(lambda: collections.defaultdict(set))


def paper_groups(folder):
    """label -> group -> domain -> ports, as published."""
    labels = collections.defaultdict(groups_new)
    for family, name in TABLES.items():
        with open(os.path.join(folder, 'iot_wild', 'detection_level', name)) as f:
            for row in csv.DictReader(f):
                groups = labels[f'{family}:{row["detection_level"]}']
                domains = groups[row['grouped_domain'].rstrip('.')]
                domains[row['domain'].rstrip('.')].add(int(float(row['port'])))
    labels['alexa:avs'] = joined(labels, VOICE_LABELS, lambda group: group in VOICE_GROUPS)
    labels['samsung:iot'] = joined(labels, APPLIANCE_LABELS, lambda group: group not in NOT_SAMSUNG)
    return labels


def joined(labels, of, keep):
    out = groups_new()
    for label in of:
        for group, domains in labels[label].items():
            for domain, ports in domains.items() if keep(group) else ():
                out[group][domain] |= ports
    return out


def has_port(ports, port):
    """In both protocols: the tables name none."""
    for text in ports:
        low, _, high = text.partition('-')
        if low.isdigit() and int(low) <= port <= int(high or low):
            return True
    return False


def compare(rule, listed, published):
    mine = collections.defaultdict(set)
    ports = {}
    for domain in listed['domains']:
        ports[domain['domain']] = domain['ports']
        if domain['class'] == 'primary':
            mine[domain['group']].add(domain['domain'])
    have = sorted(map(sorted, mine.values()))
    want = sorted(map(sorted, published.values()))
    if have != want:
        yield f'{rule}: groups {have}, not {want}'
    if listed['groups'] != len(published):
        yield f'{rule}: N is {listed["groups"]}, not {len(published)}'
    for domains in published.values():
        for domain, wanted in domains.items():
            for port in sorted(wanted):
                if not has_port(ports.get(domain, ()), port):
                    yield f'{rule}: no port {port} of {domain}'


def check_paper(folder):
    published = paper_groups(folder)
    listed = {row['rule']: row for row in lines()}
    complaints = []
    with open(os.path.join(folder, 'rules.tsv')) as f:
        for row in csv.DictReader(f, delimiter='\t'):
            rule = row['rule']
            if rule not in listed:
                complaints.append(f'{rule}: not listed')
                continue
            have = [listed[rule][key] or '-' for key in ('name', 'vendor', 'level', 'parent')]
            if have != [row[key] for key in ('name', 'vendor', 'level', 'parent')]:
                complaints.append(f'{rule}: {have}')
            complaints += compare(rule, listed[rule], published[row['paper_label']])
    complain(complaints)


COMMANDS = {
    'files': check_files,
    'refused': check_refused,
    'lines': check_lines,
    'rules': check_rules,
    'paper': check_paper,
}

if __name__ == '__main__':
    COMMANDS[sys.argv[1]](*sys.argv[2:])
