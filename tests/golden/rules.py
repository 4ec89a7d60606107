#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rules.py scenario|expected|foreign SIGNATURES: traffic of every rule, and what it must match.

For each rule four hosts: one contacts as many of its groups as are needed, and those its parents
need; one contacts one group fewer; one contacts all of its names on ports that no rule has; one
does what the first does with the addresses that the first was given, without asking.
`scenario` writes that for mkcap.py, `expected` says "MAC RULE" for whatever must be detected, by
counting groups here, not by asking Hayrake. `foreign` lists what fires for another vendor when a
host contacts everything that a rule and its parents name."""
import json
import os
import sys

D = 400  # thousandths: the default threshold
WRONG_PORT = 'tcp/7'


def rules_read(folder):
    rules = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as f:
            document = json.load(f)
        vendor = document['vendor']
        for rule in document['rules']:
            groups = {}
            for d in rule['domains']:
                if d.get('class', 'primary') == 'primary':
                    groups.setdefault(d.get('group', d['domain']), []).append(d)
            d = round(rule['threshold'] * 1000) if 'threshold' in rule else D
            rules[rule['rule']] = {'groups': groups, 'parent': rule.get('parent'),
                                   'vendor': vendor, 'context': rule.get('context'),
                                   'needed': max(1, len(groups) * d // 1000)}
    return rules


def ports_of(domain):
    """(protocol, low, high) of each of its ports; without a protocol both."""
    for text in domain['ports']:
        proto, _, span = text.rpartition('/')
        low, _, high = span.partition('-')
        for p in [proto] if proto else ['tcp', 'udp']:
            yield p, int(low), int(high or low)


def name_of(domain):
    """A name that the domain stands for."""
    return domain['domain'].replace('*', 'x', 1)


def contact_of(domain):
    proto, low, _ = next(ports_of(domain))
    return name_of(domain), proto, low


def stands_for(pattern, name):
    return name.endswith(pattern[1:]) if pattern.startswith('*.') else name == pattern


def fits(domain, contact):
    name, proto, port = contact
    return stands_for(domain['domain'], name) and any(
        proto == p and low <= port <= high for p, low, high in ports_of(domain))


def seen(rule, contacts):
    return {g for g, domains in rule['groups'].items()
            if any(fits(d, c) for d in domains for c in contacts)}


def parents(rules, name):
    while rules[name]['parent']:
        name = rules[name]['parent']
        yield name


def contacts_for(rules, name, count):
    """Contacts that show count groups of a rule, and enough of its parents, as few as may be."""
    contacts = []
    for ancestor in parents(rules, name):
        add_contacts(rules[ancestor], contacts, rules[ancestor]['needed'], rules[name])
    add_contacts(rules[name], contacts, count, None)
    return contacts


def add_contacts(rule, contacts, count, avoid):
    """Adds groups until count are seen; first those that a rule to avoid does not have."""
    domains = [domains[0] for domains in rule['groups'].values()]
    if avoid:
        domains.sort(key=lambda d: len(seen(avoid, [contact_of(d)])))
    for domain in domains:
        if len(seen(rule, contacts)) < count:
            contacts.append(contact_of(domain))


def detected(rules, contacts, asked=True):
    enough = {n for n, r in rules.items() if len(seen(r, contacts)) >= r['needed']
              and (asked or r['context'] != 'client-dns')}
    return sorted(n for n in enough if enough.issuperset(parents(rules, n)))


def hosts(rules):
    """(MAC, number, whether it asks for the names, contacts) of every host."""
    for i, name in enumerate(rules):
        enough = contacts_for(rules, name, rules[name]['needed'])
        proto, port = WRONG_PORT.split('/')
        wrong = [(name_of(d), proto, int(port)) for ds in rules[name]['groups'].values()
                 for d in ds]
        for k, (asks, contacts) in enumerate((
                (True, enough), (True, contacts_for(rules, name, rules[name]['needed'] - 1)),
                (True, wrong), (False, enough))):
            yield f'02:00:00:00:{i:02x}:{k:02x}', 4 * i + k, asks, contacts


def scenario(rules):
    addresses = {}
    for mac, number, asks, contacts in hosts(rules):
        print(f'host h{number} {mac} 10.0.{number // 250}.{number % 250 + 1}')
        for name, proto, port in contacts:
            at = addresses.setdefault(name, len(addresses))
            address = f'198.51.{100 + at // 250}.{at % 250 + 1}'
            if asks:
                print(f'+0 dns h{number} {name} {address}')
            print(f'+0 {proto} h{number} {address}:{port} packets 2')


def expected(rules):
    for mac, _, asks, contacts in hosts(rules):
        for name in detected(rules, contacts, asks):
            print(mac, name)


def contacts_all(rules, name):
    """Every port of every name of a rule and its parents."""
    return [(name_of(d), proto, low) for n in (name, *parents(rules, name))
            for domains in rules[n]['groups'].values() for d in domains
            for proto, low, _ in ports_of(d)]


def foreign(rules):
    for name, rule in rules.items():
        family = {rules[n]['vendor'] for n in (name, *parents(rules, name))}
        for other in detected(rules, contacts_all(rules, name)):
            if rules[other]['vendor'] not in family:
                print(f'traffic of {name} ({rule["vendor"]}) fires {other} '
                      f'({rules[other]["vendor"]})')


COMMANDS = {'scenario': scenario, 'expected': expected, 'foreign': foreign}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](rules_read(sys.argv[2]))


main()
