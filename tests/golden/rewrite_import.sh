#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rewrite_import.sh: writes what `signatures import` says now as what is expected of the golden
# imports. Read the difference before it is committed.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/golden/import.sh
. tests/golden/import.sh
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
import_cases | while read -r name _ arguments; do
	# shellcheck disable=SC2086 # words
	import_run $arguments >"$import_dir/$name.out"
done
git --no-pager diff --stat -- tests/golden/import
