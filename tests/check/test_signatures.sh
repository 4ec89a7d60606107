#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The signature files, their schemas, and `hayrake signatures`.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
HAYRAKE=${HAYRAKE:-build/hayrake}
DATA=${DATA:-../shared/data}
py=tests/check/signatures.py
count=$(($(wc -l <tests/check/signatures.tsv) - 1))
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

# exits STATUS COMMAND...: leaves its output in $tmp/out and $tmp/err.
exits() {
	local want=$1 got
	shift
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	[ $got -eq "$want" ] ||
		{ echo "exit $got, not $want"; cat "$tmp/out" "$tmp/err"; return 1; }
}
from() { "${@:2}" <"$1"; }
# On a terminal, as people see it.
on_tty() { script -qec "$*" /dev/null >"$tmp/tty" </dev/null; }

tap "every file follows the schema" $py files
tap "what the schema refuses, the checker refuses" $py refused "$HAYRAKE"

sig() { "$HAYRAKE" signatures "$@"; }

tap "check finds no mistake" exits 0 sig check --signatures signatures
tap "check ends with a summary" \
	has "$tmp/out" "^[0-9]+ files, $count rules, [0-9]+ domains, no mistakes$"
tap "check takes files and folders" exits 0 sig check signatures/ring.json signatures/yi.json
tap "check counts what it was given" has "$tmp/out" '^2 files, 3 rules, '
tap "check --json" exits 0 sig check --json --signatures signatures
tap "its lines follow the schema" from "$tmp/out" $py lines

sed -n '/^```json$/,/^```$/{/^```/!p}' docs/signature-format.md >"$tmp/example.json"
tap "the format page's example is good" exits 0 sig check "$tmp/example.json"
tap "it makes two rules" has "$tmp/out" '^1 files, 2 rules, '

tap "list --json" exits 0 sig list --json --signatures signatures
cp "$tmp/out" "$tmp/list"
tap "its lines follow the schema" from "$tmp/list" $py lines
tap "the rules with name, vendor, level, parent, N and needed" from "$tmp/list" $py rules
if [ -d "$DATA/iot_wild" ]; then
	tap "groups, domains and ports of the published tables" from "$tmp/list" $py paper "$DATA"
else
	tap_skip "groups, domains and ports of the published tables" "no $DATA/iot_wild"
fi
tap "list --threshold changes what is needed" \
	exits 0 sig list --json --threshold 1 --signatures signatures
tap "D = 1 needs every group" \
	has "$tmp/out" '"rule":"fire-tv".*"groups":58,"needed":58,"threshold":1,'

tap "list for people" exits 0 sig list --signatures signatures
tap "a heading and a row for each" is "$(wc -l <"$tmp/out")" $((count + 1))
tap "rows of one width" is "$(awk '{ print length }' "$tmp/out" | sort -u | wc -l)" 1
tap "no colour in a pipe" hasnt "$tmp/out" $'\033'
tap "on a terminal" on_tty "$HAYRAKE" signatures list --signatures signatures
tap "colour on a terminal" has "$tmp/tty" $'\033\[[0-9]+mplatform\033\[0m'

mkdir "$tmp/broken"
cp signatures/ring.json signatures/yi.json "$tmp/broken"
sed -i '/"es.ring.com"/s/443/https/' "$tmp/broken/ring.json"
sed -i '/"level"/s/manufacturer/gadget/' "$tmp/broken/yi.json"
line=$(grep -n '"es.ring.com"' "$tmp/broken/ring.json" | cut -d: -f1)
tap "mistakes make check fail" exits 1 sig check "$tmp/broken"
tap "a mistake has file and line" \
	has "$tmp/err" "^$tmp/broken/ring.json:$line: port \"https\" must be as"
tap "mistakes of every file are told" \
	has "$tmp/err" "^$tmp/broken/yi.json:[0-9]+: \"level\" must be"
tap "check --json of mistakes" exits 1 sig check --json "$tmp/broken"
tap "its lines follow the schema" from "$tmp/out" $py lines
tap "two mistakes and a summary" is "$(grep -c '"event"' "$tmp/out")" 3
tap "list refuses broken files" exits 1 sig list --signatures "$tmp/broken"
tap "and lists nothing" is "$(cat "$tmp/out")" ""
tap "a folder that is not there" exits 1 sig check "$tmp/none"
tap "is named" has "$tmp/err" "^$tmp/none: cannot be read: No such file"
tap "no subcommand is wrong usage" exits 2 sig
tap "an unknown subcommand is wrong usage" exits 2 sig frobnicate
tap_end
