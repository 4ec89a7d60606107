#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rewrite.sh [NAME...]: writes what replay says now as what is expected (all cases when none is
# named). Read the difference before it is committed.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/golden/case.sh
. tests/golden/case.sh
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
# shellcheck disable=SC2046 # words
[ $# -gt 0 ] || set -- $(basename -s .scn tests/golden/cases/*.scn)
for name in "$@"; do
	case_run "$name" "$tmp" >"tests/golden/cases/$name.out"
	[ $? -ne 99 ] || exit 1
done
git --no-pager diff --stat -- tests/golden/cases
