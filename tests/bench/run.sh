#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every benchmark and prints its figures, one a line, tab-separated: name, value, unit,
# baseline, ratio, goal, and ok, SHORT or "skipped: why". A benchmark that gives no figure is a
# skipped line. Exit status 0 either way.
set -u
cd "$(dirname "$0")/../.." || exit 2
log=$(mktemp) && trap 'rm -f "$log"' EXIT
export HAYRAKE=${HAYRAKE:-build/hayrake}

skipped() {
	local why
	why=$(grep . "$log" | tail -1 | tr '\t' ' ')
	printf '%s\t\t\t\t\t\tskipped: %s\n' "$(basename "$1")" "${why:-it printed no figure}"
}

for bench in build/tests/bench/bench_* tests/bench/bench_*.sh; do
	[ -x "$bench" ] || continue
	"$bench" 2>"$log" </dev/null | awk -F '\t' '
		NF == 7 && $1 != "" && $7 ~ /^(ok|SHORT|skipped: .+)$/ {
			print
			fflush()
			seen = 1
			next
		}
		{ print "no figure: " $0 >"/dev/stderr" }
		END { exit !seen }' || skipped "$bench"
done
exit 0
