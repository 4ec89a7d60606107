# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden imports: import/cases has a line "NAME STATUS ARGUMENT ..." for each, run inside
# tests/golden/import; import/NAME.out has what it prints, then what it says.

import_dir=$PWD/tests/golden/import
hayrake=$(realpath "${HAYRAKE:-build/hayrake}")

import_cases() { sed '/^#/d; /^$/d' "$import_dir/cases"; }

# import_run ARGUMENT...: ends with the exit status.
import_run() {
	(
		cd "$import_dir" || exit 99
		"$hayrake" signatures import "$@" 2>"$tmp/said" </dev/null
		status=$?
		cat "$tmp/said"
		exit $status
	)
}
