#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `signatures import`: golden imports, files put into their places whole or not at all, and the
# published tables and MUD files where they are there.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
# shellcheck source=tests/golden/import.sh
. tests/golden/import.sh
DATA=$(realpath -m "${DATA:-../shared/data}")
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

golden() { # NAME STATUS ARGUMENT...
	local name=$1 want=$2 status
	shift 2
	import_run "$@" >"$tmp/have"
	status=$?
	diff "$import_dir/$name.out" "$tmp/have" && is "exit $status" "exit $want"
}
while read -r name status arguments; do
	# shellcheck disable=SC2086 # words
	tap "$name" golden "$name" "$status" $arguments
done < <(import_cases)

# exits STATUS ARGUMENT...: leaves its output in $tmp/out and $tmp/err.
exits() {
	local want=$1 got
	shift
	(cd "$import_dir" && "$hayrake" signatures "$@" >"$tmp/out" 2>"$tmp/err" </dev/null)
	got=$?
	is "exit $got" "exit $want" || { cat "$tmp/out" "$tmp/err"; return 1; }
}
into() { exits "$1" import --output "$tmp/dir" --date 2026 "${@:2}"; }
files() { (cd "$tmp/dir" && echo *); }

tap "into a new directory" into 0 bolt.csv lamp.json
tap "one file a vendor" is "$(files)" "bolt-cam.json bolt.json lamps-sons.json"
tap "check finds no mistake" exits 0 check "$tmp/dir"
cp -r "$tmp/dir" "$tmp/first"
tap "what is there is not replaced" into 1 --source Other lamp.json acorn.txt --vendor acorn=Acorn
tap "it is named" has "$tmp/err" "$tmp/dir/lamps-sons.json is there already; --force"
tap "and nothing else is written" diff -r "$tmp/dir" "$tmp/first"
tap "unless forced" into 0 --force --source Other lamp.json
tap "then it is" has "$tmp/dir/lamps-sons.json" '"citation": "Other"'
tap "a mistake in one file of two" into 1 --force --vendor Acorn acorn.txt wrong.txt
tap "writes neither" is "$(files)" "bolt-cam.json bolt.json lamps-sons.json"
tap "with its line" has "$tmp/err" '^wrong.txt:2: "bad name.acorn.example" is neither'
tap "a rule that another file there has" into 1 --vendor Acorn --rule bolt acorn.txt
tap "is told as check would" \
	has "$tmp/err" "^$tmp/dir/acorn.json:9: rule \"bolt\" is already in $tmp/dir/bolt.json:9"
tap "and nothing is written" is "$(files)" "bolt-cam.json bolt.json lamps-sons.json"
tap "--json" into 1 --json --vendor Acorn wrong.txt
tap "tells mistakes as check does" tests/check/signatures.py lines <"$tmp/out"
tap "each of them" is "$(grep -c '"event":"mistake"' "$tmp/out")" 2
mkdir "$tmp/dir/acorn.json"
tap "a folder in the way" into 1 --force --vendor Acorn acorn.txt
tap "leaves no half file" is "$(find "$tmp/dir" -name '*new*')" ''
printf '0.0.0.0 x\233m.acorn.example\n' >"$tmp/bytes.txt"
tap "bytes that are no text" exits 1 import --vendor Acorn "$tmp/bytes.txt"
tap "are escaped" has "$tmp/err" 'domain "x\\x9bm.acorn.example" is no domain name'
from_pipe() { cat "$import_dir/lamp.json" | "$hayrake" signatures import "$@" /dev/stdin; }
tap "what comes through a pipe" from_pipe --format mud
tap "no file is wrong usage" exits 2 import
tap "--json without --output too" exits 2 import --json lamp.json
for wrong in '--format xml' '--level big' '--rule Up' '--date today' '--ports 0'; do
	# shellcheck disable=SC2086 # words
	tap "$wrong too" exits 2 import $wrong lamp.json
	tap "and named" has "$tmp/err" "option ${wrong% *}: '${wrong#* }' "
done

if [ -d "$DATA/iot_wild" ]; then
	tap "the published tables, fact by fact" \
		tests/golden/import_tables.py tables "$hayrake" "$DATA"
else
	tap_skip "the published tables, fact by fact" "no $DATA/iot_wild"
fi
if [ -d "$DATA/tables/mud_unsw" ]; then
	tap "MUD files, entry by entry" tests/golden/import_tables.py mud "$hayrake" "$DATA"
else
	tap_skip "MUD files, entry by entry" "no $DATA/tables/mud_unsw"
fi
tap_end
