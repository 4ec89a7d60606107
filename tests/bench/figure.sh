# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Lines of `make bench` from shell scripts.

# figure NAME VALUE UNIT BASELINE RATIO GOAL MEASURED LIMIT: ok when MEASURED is at most LIMIT.
figure() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "$6" \
		"$(awk -v m="$7" -v l="$8" 'BEGIN { print m <= l ? "ok" : "SHORT" }')"
}

# figure_skip NAME WHY
figure_skip() { printf '%s\t\t\t\t\t\tskipped: %s\n' "$1" "$2"; }

# calc EXPRESSION FORMAT
calc() { awk "BEGIN { printf \"$2\", $1 }"; }
