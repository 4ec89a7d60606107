# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# TAP for the network tests: tap "claim" COMMAND...: passes when the command does; what it printed
# is shown when it does not.

TAP_COUNT=0 TAP_FAILED=0

tap() {
	local claim=$1 said
	shift
	TAP_COUNT=$((TAP_COUNT + 1))
	if said=$("$@" 2>&1); then
		echo "ok $TAP_COUNT - $claim"
	else
		echo "not ok $TAP_COUNT - $claim"
		echo "# $*"
		sed 's/^/# /' <<<"$said" | head -25
		TAP_FAILED=$((TAP_FAILED + 1))
	fi
}

tap_skip() {
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1 # SKIP $2"
}

tap_end() {
	echo "1..$TAP_COUNT"
	[ $TAP_FAILED -eq 0 ]
	exit
}

# Conditions for tap.
is() { [ "$1" = "$2" ] || { echo "have: $1"; echo "want: $2"; return 1; }; }
has() { grep -qE -- "$2" "$1" || { echo "no /$2/ in:"; cat "$1"; return 1; }; }
hasnt() { ! grep -E -- "$2" "$1"; }
