# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One golden case: cases/NAME.scn says what is in a capture, cases/NAME.out what replay makes of it.
# A scenario may also say `options ...`, `signatures FOLDER` and `status N` (see tools/mkcap.py).

golden=$PWD/tests/golden
hayrake=$(realpath "${HAYRAKE:-build/hayrake}")

# setting SCENARIO WORD: what stands behind the word.
setting() { sed -n "s/^$2 //p" "$1"; }

# case_run NAME FOLDER: prints the JSON lines, then the messages. Seconds are the only thing that
# differs from run to run.
case_run() {
	local scn=$golden/cases/$1.scn signatures
	signatures=$PWD/$(setting "$scn" signatures)
	[ "$signatures" != "$PWD/" ] || signatures=$golden/signatures
	tests/tools/mkcap.py "$scn" "$2/$1.pcap" || return 99
	(
		cd "$2" || exit 99
		# shellcheck disable=SC2046 # words
		"$hayrake" replay --json --signatures "$signatures" --oui "$golden/oui.csv" \
			$(setting "$scn" options) "$1.pcap" >out 2>err </dev/null
		echo $? >status
		sed 's/"seconds":[0-9.e-]*/"seconds":0/' out
		cat err
		exit "$(cat status)"
	)
}
