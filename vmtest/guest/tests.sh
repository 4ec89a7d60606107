#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every test program and script in the guest. Each result becomes one line "VMT_TAP ok - test:
# name", and VMT_COUNT says at the end how many there were, so that a lost line is seen outside.
LIMIT=600 # seconds a test may take
results=/tmp/results
: >$results

# A test that ends badly without saying "not ok" is one failure; one that says nothing is a result
# too.
results_of() { # NAME STATUS OUTPUT
	sed -n "s/^\(ok\|not ok\) *[0-9]* *-* *\(.*\)$/\1 - $1: \2/p" "$3"
	if [ "$2" -eq 77 ] && ! grep -q '^ok\|^not ok' "$3"; then
		echo "ok - $1 # SKIP $(tail -n 1 "$3")"
	elif [ "$2" -ne 0 ] && ! grep -q '^not ok' "$3"; then
		echo "not ok - $1: ended with status $2"
	elif ! grep -q '^ok\|^not ok' "$3"; then
		echo "not ok - $1: gave no result"
	fi
}

test_run() { # NAME COMMAND...
	name=$1
	started=$(date +%s)
	shift
	CMOCKA_MESSAGE_OUTPUT=TAP timeout $LIMIT "$@" >/tmp/output 2>&1 </dev/null
	results_of "$name" $? /tmp/output >/tmp/one
	echo "VMT_TOOK $name $(($(date +%s) - started)) s"
	if grep -q '^not ok' /tmp/one; then
		echo "--- $name"
		cat /tmp/output
		echo "---"
	fi
	cat /tmp/one >>$results
}

for program in build/tests/prog/*; do
	[ -x "$program" ] || continue
	test_run "$(basename "$program")" "$program"
done
for script in guest/test_*.sh; do
	test_run "$(basename "$script" .sh)" /bin/sh "$script"
done
dmesg | grep -E 'BUG:|WARNING:|Oops|RIP:' && echo "not ok - kernel: complained" >>$results
sed 's/^/VMT_TAP /' $results
echo "VMT_COUNT=$(grep -c . $results)"
! grep -q '^not ok' $results
