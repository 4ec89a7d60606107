#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# High confidence means right, on the captures and host tables beside this repository; without them
# the accuracy scripts say so and end well.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
data=${ACCURACY_DATA:-../shared/data}

skips() {
	ACCURACY_DATA=$tmp/none "$1" >"$tmp/out" 2>&1 &&
		has "$tmp/out" '^skipped: no captures in '
}

calibrate() { tests/accuracy/calibrate.py 1 >"$tmp/calibration"; }

# fired LOW HIGH: right and all cases of what fired, with confidence from LOW up to HIGH.
fired() {
	awk -F '\t' -v low="$1" -v high="$2" '/^of them, what fired/ { on = 1 }
		on && split($1, b, " to ") == 2 && b[1] >= low && b[2] <= high {
			all += $2
			right += $4
		}
		END { print right + 0, all + 0 }' "$tmp/calibration"
}
at_least() { # LOW HIGH PERCENT
	local right all
	read -r right all < <(fired "$1" "$2")
	echo "# $right of $all right"
	[ "$all" -gt 0 ] && [ $((100 * right)) -ge $(($3 * all)) ]
}

for script in measure calibrate study; do
	tap "$script.py without captures" skips "tests/accuracy/$script.py"
done
if [ -d "$data/captures" ] && [ -d "$data/tables" ]; then
	tap "calibrate.py" calibrate
	tap "confidence of 0.9 and more: at least 85 % right" at_least 0.9 1 85
	tap "confidence of 0.5 to 0.9: at least 50 % right" at_least 0.5 0.9 50
	tap "confidence of 0.1 to 0.5: at least 10 % right" at_least 0.1 0.5 10
else
	tap_skip "calibration" "no captures and tables in $data"
fi
tap_end
