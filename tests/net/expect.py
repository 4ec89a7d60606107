#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds JSON lines of hayrake against what the lab's hosts really did.

expect.py named LINES EXPECTED      exactly EXPECTED is detected ("MAC RULE" a line), each once
expect.py evidence LINES DONE       every evidence row is something its host did (lab_visit's log)
expect.py row LINES KEY=VALUE ...   one line has all these values (dots go deeper, []: any element)
expect.py norow LINES KEY=VALUE ... no line has
expect.py same LINES LINES          the same detections with the same domains, addresses, ports
expect.py equal STATE STATE         the same detections, backends and evidence, packet for packet
"""
import json
import sys


def lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def detections(path):
    return [d for d in lines(path) if "rule" in d and "evidence" in d]


def differ(what, left, right):
    """Prints what is on one side only; 0 when nothing is."""
    for row in sorted(left - right, key=str):
        print("only in the first:", what, row)
    for row in sorted(right - left, key=str):
        print("only in the second:", what, row)
    return 1 if left != right else 0


def named(path, expected):
    have = [(d["subject"], d["rule"]) for d in detections(path)]
    with open(expected) as f:
        want = {("mac:" + m, r) for m, r in (line.split() for line in f)}
    for pair in {p for p in have if have.count(p) > 1}:
        print("more than once:", pair)
    return differ("detection", set(have), want) or len(have) != len(set(have))


def row_wrong(d, e, done):
    """What is wrong with evidence e of detection d, or None."""
    names = [n for m, n, a, port, proto in done
             if (m, a, port, proto) == (d["subject"][4:], e["address"], str(e["port"]), e["proto"])]
    domain = e["domain"]
    fits = [n for n in names if n == domain or domain[0] == "*" and n.endswith(domain[1:])]
    if not fits:
        return "no such contact"
    if e["packets"] < 1 or e["bytes"] < 20 * e["packets"]:
        return "packets or bytes"
    if not d["first_evidence"] <= e["first"] <= e["last"] <= d["last_evidence"]:
        return "times"
    return None


def evidence(path, done_path):
    wrong = 0
    with open(done_path) as f:
        done = {tuple(line.split()[1:]) for line in f}
    for d in detections(path):
        for e in d["evidence"]:
            why = row_wrong(d, e, done)
            if why:
                print(d["subject"], d["rule"], why, e)
                wrong = 1
        seen = len({e["group"] for e in d["evidence"]})
        if not d["seen"] == seen or not d["needed"] <= d["seen"] <= d["of"]:
            print(d["subject"], d["rule"], "seen", d["seen"], "groups", seen, "needed", d["needed"])
            wrong = 1
    if not detections(path):
        print("no detection at all")
        wrong = 1
    return wrong


def values(o, key):
    if not key:
        return [o]
    head, _, rest = key.partition(".")
    if head == "[]":
        return [v for item in o or [] for v in values(item, rest)]
    if not isinstance(o, dict) or head not in o:
        return []
    return values(o[head], rest)


def text(v):
    return v if isinstance(v, str) else json.dumps(v)


def rows_with(path, wants):
    pairs = [w.partition("=")[::2] for w in wants]
    return [o for o in lines(path) if all(v in [text(x) for x in values(o, k)] for k, v in pairs)]


def row(path, *wants):
    if rows_with(path, wants):
        return 0
    print("no line with", *wants, "in:")
    sys.stdout.write(open(path).read())
    return 1


def norow(path, *wants):
    for o in rows_with(path, wants):
        print("unwanted:", json.dumps(o))
    return 1 if rows_with(path, wants) else 0


def same(left, right):
    def keys(path):
        return {(d["subject"], d["rule"]) for d in detections(path)}

    if not keys(left):
        print("no detection at all")
        return 1
    return differ("detection", keys(left), keys(right))


def state_rows(path, event, *keys):
    return {tuple((k, str(o[k])) for k in keys) for o in lines(path) if o["event"] == event}


def equal(left, right):
    kinds = {
        "evidence": ("subject", "domain", "address", "port", "proto", "via", "sampling", "packets",
                     "bytes", "tcp_flags", "directions"),
        "detection": ("subject", "rule"),
        "backend": ("address", "shared", "shared_with", "domains"),
    }
    wrong = 0
    for kind, keys in kinds.items():
        rows = state_rows(left, kind, *keys)
        if not rows:
            print("no", kind, "at all")
        wrong |= differ(kind, rows, state_rows(right, kind, *keys)) or not rows
    return wrong


if __name__ == "__main__":
    COMMANDS = {f.__name__: f for f in (named, evidence, row, norow, same, equal)}
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
