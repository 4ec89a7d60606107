# SPDX-License-Identifier: GPL-2.0-or-later
"""What the accuracy scripts share: the rules, who is in a capture, host tables as captures."""
import collections
import csv
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HAYRAKE = os.environ.get('HAYRAKE', os.path.join(ROOT, 'build/hayrake'))
REPLAYSTATE = os.path.join(ROOT, 'build/tests/tools/replaystate')
SIGNATURES = os.path.join(ROOT, 'signatures')
DATA = os.environ.get('ACCURACY_DATA', os.path.join(ROOT, '../shared/data'))


def need_data():
    """Ends the script, with status 0, where there is nothing to measure."""
    if not os.path.isdir(os.path.join(DATA, 'captures')):
        print(f'skipped: no captures in {DATA} (ACCURACY_DATA names another place)')
        sys.exit(0)


def capture_path(capture):
    return os.path.join(DATA, 'captures', capture)


def table(*path):
    with open(os.path.join(DATA, *path), encoding='utf-8') as f:
        yield from csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE)


def lines_of(*command):
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT).stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith('{')]


# --- rules


class Rules:
    def __init__(self):
        self.rules = {r['rule']: r for r in lines_of(HAYRAKE, 'signatures', 'list', '--json')}
        self.domains = collections.defaultdict(list)
        for rule in self.rules.values():
            for d in rule['domains']:
                if d['class'] == 'primary':
                    self.domains[d['domain']].append((rule['rule'], d['group'], d['ports']))

    def uses(self, name):
        """(rule, group, ports) of every primary domain that a name matches."""
        labels = name.lower().rstrip('.').split('.')
        out = list(self.domains.get('.'.join(labels), []))
        for i in range(1, len(labels)):
            out += self.domains.get('*.' + '.'.join(labels[i:]), [])
        return out

    def seen(self, rows):
        """(subject, rule) -> group -> its evidence rows."""
        out = collections.defaultdict(lambda: collections.defaultdict(list))
        for e in rows:
            for rule, group, ports in self.domains.get(e['domain'], []):
                if any(port_fits(e, p) for p in ports):
                    out[e['subject'], rule][group].append(e)
        return out


def port_fits(row, port):
    proto, _, numbers = port.rpartition('/')
    low, _, high = numbers.partition('-')
    return proto in ('', row['proto']) and int(low) <= row['port'] <= int(high or low)


# --- truth


def words(text):
    return re.sub('[^a-z0-9]', '', text.lower())


def is_right(rule, label, vendors):
    """Whether a rule is true for a client of a capture; None: not known, as for the unnamed ones
    of a home. A phone with a vendor's app is no device of that vendor."""
    if vendors == 'unknown' or ',' in vendors:
        return None
    if 'phone' in label.lower():
        return False
    return rule['vendor'] == vendors


COMPUTER = re.compile('phone|ipad|tablet|galaxy|laptop|macbook', re.I)

# What a label of the host tables leaves out.
ALSO = {'CasetaWirelessHub': 'lutronbridge', 'HarmonKardonInvoke': 'harmanspeaker',
        'LogitechLogiCircle': 'camera', 'Netatmo Welcome': 'camera', 'NetgearArloCamera': 'station',
        'PiperNV': 'camera', 'AugustDoorbellCam': 'camera', 'WithingsHome': 'camera',
        'BelkinWeMoLink': 'device', 'nVidiaShield': 'nvidiashield', 'BelkinNetcam': 'netcam',
        'TP-Link Day Night Cloud camera': 'camera', 'Triby Speaker': 'invoxia'}
APART = {'withings-baby-monitor', 'playstation-3', 'playstation-4', 'playstation-5'}


def label_is_right(rule, label):
    """The same for a label of the host tables, as "AmazonFireTV" or "Samsung SmartCam"."""
    text = words(label) + ALSO.get(label, '')
    vendors = [words(w) for w in rule['vendor'].split()] + ['nest'] * (rule['vendor'] == 'Google')
    if 'galaxy' in text or not any(v in text for v in vendors if len(v) > 2):
        vendor = words(rule['vendor'])
        return vendor in text and 'galaxy' not in text
    if rule['rule'] in APART or rule['level'] != 'product':
        return rule['rule'] not in APART
    name = rule['name'].split(',')[0].split('(')[0]
    return words(name.split()[-1]) in text


def capture_labels():
    out = collections.defaultdict(dict)
    for row in table('truth', 'labels.tsv'):
        out[row['capture']][row['client_ip']] = (row['label'], row['allowed_vendors'])
    return out


# --- what the program makes of a capture


class State:
    """The saved state after a capture: its rows of evidence, and who has which address."""

    def __init__(self, path, capture, *sampling):
        self.path = path
        self.rows, self.addresses = [], collections.defaultdict(list)
        if os.path.exists(path):
            os.unlink(path)
        subprocess.run([REPLAYSTATE, SIGNATURES, capture, path, *map(str, sampling)],
                       stderr=subprocess.DEVNULL, check=False)
        if not os.path.exists(path):
            return
        with open(path, encoding='utf-8') as f:
            for line in f:
                row = json.loads(line)
                if row['event'] == 'evidence':
                    self.rows.append(row)
                elif row['event'] == 'address':
                    self.addresses[row['subject']].append(row['address'])

    def label(self, subject, labels):
        known = [labels[a] for a in self.addresses[subject] if a in labels]
        return known[0] if known else labels.get('*', ('', 'unknown'))

    def explain(self, subject):
        return [r for r in lines_of(HAYRAKE, 'explain', subject, '--json', '--state', self.path)
                if r['event'] == 'explanation']


# --- host tables: which domain at which address a labelled device contacted


def hosts(rules):
    """lab -> label -> [(domain, address, port)]; the tables name no port: the rules' are used."""
    labs = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in table('tables', 'endpoint_facts.tsv'):
        lab, label = row['source'].split('(')[0], row['device_label']
        if label == '(lab-wide)' or not row['ip'] or not re.search('[a-zA-Z]{3}', label):
            continue
        domain = row['domain'].lower().rstrip('.')
        uses = rules.uses(domain)
        port = uses[0][2][0] if uses else 'tcp/443'
        labs[lab][label].append((domain, row['ip'], port))
    return labs


def host_scenario(devices, only=None):
    """A home in which every device asks for its names and opens two connections to each address."""
    out, now, clients = [], 0, {}
    for i, label in enumerate(sorted(devices), 10):
        clients[f'mac:02:00:00:00:00:{i:02x}'] = label
        out.append(f'host d{i} 02:00:00:00:00:{i:02x} 192.168.1.{i} fd00::{i:x}')
    for i, label in enumerate(sorted(devices), 10):
        for domain, address, port in devices[label]:
            proto, _, number = port.rpartition('/')
            number = number.split('-')[0]
            target = f'[{address}]:{number}' if ':' in address else f'{address}:{number}'
            now += 0.2
            out.append(f'{now:.1f} dns d{i} {domain} {address}')
            for later in (0.1, 600):
                out.append(f'{now + later:.1f} {proto or "tcp"} d{i} {target} packets 16')
    return '\n'.join(out) + '\n', clients


def host_states(rules, folder, *sampling):
    """(lab, State, subject -> label) of each lab, all of its devices in one home."""
    for lab, devices in sorted(hosts(rules).items()):
        text, clients = host_scenario(devices)
        base = os.path.join(folder, lab)
        with open(base + '.scn', 'w', encoding='utf-8') as f:
            f.write(text)
        subprocess.run([os.path.join(ROOT, 'tests/tools/mkcap.py'), base + '.scn', base + '.pcap'],
                       check=True)
        yield lab, State(base + ".state", base + ".pcap", *sampling), clients
