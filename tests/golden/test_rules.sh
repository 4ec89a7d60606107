#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every rule of the shipped signatures: traffic that must match it, and traffic that must not.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
hayrake=${HAYRAKE:-build/hayrake}
rules=tests/golden/rules.py
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

# Who was found to be what, from the lines of replay.
found() {
	python3 -c 'import json, sys
for line in sys.stdin:
    event = json.loads(line)
    if event["event"] == "detection":
        print(event["subject"].removeprefix("mac:"), event["rule"])'
}

detections() {
	$rules scenario signatures >"$tmp/all.scn" &&
		tests/tools/mkcap.py "$tmp/all.scn" "$tmp/all.pcap" &&
		"$hayrake" replay --json --signatures signatures "$tmp/all.pcap" >"$tmp/lines" &&
		found <"$tmp/lines" | sort >"$tmp/found" &&
		$rules expected signatures | sort >"$tmp/expected" &&
		diff "$tmp/expected" "$tmp/found"
}

# Each of the rules is detected at least once, and its host with a group fewer is not it.
coverage() {
	is "$(cut -d' ' -f2 "$tmp/found" | sort -u | wc -l)" \
		"$(cat signatures/*.json | grep -c '"rule":')"
}

# Everything that one rule names fires no rule of a vendor that it does not descend from.
foreign() {
	$rules foreign signatures >"$tmp/foreign" && is "$(cat "$tmp/foreign")" ""
}

tap "what is detected is what counting groups says" detections
tap "every rule is detected" coverage
tap "no rule's traffic fires another vendor's" foreign
tap_end
