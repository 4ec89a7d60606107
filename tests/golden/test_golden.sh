#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every golden case: the capture is made, replayed, and compared line by line.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
# shellcheck source=tests/golden/case.sh
. tests/golden/case.sh
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

case_check() {
	local status want
	case_run "$1" "$tmp" >"$tmp/have"
	status=$?
	want=$(setting "tests/golden/cases/$1.scn" status)
	diff "tests/golden/cases/$1.out" "$tmp/have" && is "exit $status" "exit ${want:-0}"
}

for scn in tests/golden/cases/*.scn; do
	name=$(basename "$scn" .scn)
	tap "$name" case_check "$name"
done
tap_end
