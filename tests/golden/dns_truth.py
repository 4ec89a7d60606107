#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dns_truth.py DNSANSWERS DATA: what dnsanswers finds in the captures of DATA against the records
that tshark found in them (DATA/truth/dns.tsv); TAP.

Expected are the A and AAAA records of an answer without error whose owner is its question's name
or hangs on it by aliases of the same answer."""
import collections
import csv
import ipaddress
import os
import subprocess
import sys

# Where tshark and Hayrake differ for a reason.
DIFFER = {
    'arcnet-rfc': 'link type that is not understood',
    '6in4tunnel': 'DNS inside of a tunnel',
    'badpackets': 'IP lengths beyond the frame are refused',
    'dns-invalid-opcode': 'no standard query',
    'dns-ooo': 'TCP segments out of order, which tshark did not put in order',
}
LOOPS = 17  # aliases followed, and one


def expected(path):
    answers = collections.defaultdict(list)
    for row in csv.DictReader(open(path), delimiter='\t', quoting=csv.QUOTE_NONE):
        if row['rcode'] == '0' and not row['flags']:
            key = row['pcap'], row['frame'], row['client_ip'], row['qname'].lower()
            answers[key].append(row)
    for (pcap, _, client, qname), rows in answers.items():
        names = {qname}
        for _ in range(LOOPS):
            names |= {r['rdata'].lower() for r in rows
                      if r['rr_type'] == '5' and r['rr_name'].lower() in names}
        for r in rows:
            if r['rr_type'] in ('1', '28') and r['rr_name'].lower() in names:
                yield pcap, ip(client), qname, ip(r['rdata'])


def ip(text):
    return str(ipaddress.ip_address(text))


def found(tool, captures):
    files = [os.path.join(d, f) for d, _, names in os.walk(captures) for f in names]
    run = subprocess.run([tool] + sorted(files), stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True)
    for line in run.stdout.decode().splitlines():
        path, client, qname, address = line.split('\t')
        yield os.path.relpath(path, captures), ip(client), qname, ip(address)


def agrees(rows):
    return {r for r in rows if not any(d in os.path.basename(os.path.dirname(r[0])) + '/' +
                                       os.path.basename(r[0]) for d in DIFFER)}


def tell(number, name, rows):
    print(f'{"not " if rows else ""}ok {number} - {name}')
    for row in sorted(rows)[:20]:
        print('#', *row)


def main():
    tool, data = sys.argv[1:]
    want = agrees(expected(os.path.join(data, 'truth', 'dns.tsv')))
    got = agrees(found(tool, os.path.join(data, 'captures')))
    tell(1, f'{len(want)} addresses that tshark found in real captures are found', want - got)
    tell(2, 'and none that it did not find', got - want)
    print('1..2')
    sys.exit(bool(want ^ got) or not want)


main()
