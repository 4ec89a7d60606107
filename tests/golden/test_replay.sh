#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `hayrake replay` as a command: what it reads, what it says of bad input, its exit status.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
hayrake=${HAYRAKE:-build/hayrake}
signatures=tests/golden/signatures
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

# exits STATUS FILE...: replays; leaves its output in $tmp/out and $tmp/err.
exits() {
	local want=$1 got
	shift
	"$hayrake" replay --json --signatures "$signatures" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	is "exit $got" "exit $want" || { cat "$tmp/out" "$tmp/err"; return 1; }
}

said_once() { has "$tmp/err" "$1" && is "$(wc -l <"$tmp/err")" 1; }
from_stdin() {
	"$hayrake" replay --json --signatures "$signatures" - <"$tmp/plug.pcap" >"$tmp/out" &&
		has "$tmp/out" '"rule":"bolt-plug"'
}
from_pipe() {
	# shellcheck disable=SC2002 # a pipe it shall be
	cat "$tmp/plug.pcap" |
		"$hayrake" replay --json --signatures "$signatures" - >"$tmp/out" &&
		has "$tmp/out" '"rule":"bolt-plug"'
}
as_text() {
	"$hayrake" replay --signatures "$signatures" "$tmp/plug.pcap" >"$tmp/out" &&
		has "$tmp/out" 'Bolt plug' && hasnt "$tmp/out" $'\033' && hasnt "$tmp/out" '^{'
}
on_tty() {
	script -qec "$hayrake replay --signatures $signatures $tmp/plug.pcap" /dev/null \
		</dev/null >"$tmp/out" && has "$tmp/out" '#+ +100 %'
}

# The plug's DNS and its flow in one file, and in one each.
{
	echo 'host plug 02:00:00:00:00:0a 192.168.1.10'
	echo '0 dns plug plug.bolt.example 198.51.100.1'
	echo '5 tcp plug 198.51.100.1:443'
} >"$tmp/plug.scn"
sed '/ tcp /d' "$tmp/plug.scn" >"$tmp/first.scn"
sed '/ dns /d' "$tmp/plug.scn" >"$tmp/second.scn"
for name in plug first second; do
	tests/tools/mkcap.py "$tmp/$name.scn" "$tmp/$name.pcap" || exit 1
done
: >"$tmp/empty.pcap"
head -c 10 "$tmp/plug.pcap" >"$tmp/short.pcap"
gzip -k "$tmp/plug.pcap"

tap "a good file" exits 0 "$tmp/plug.pcap"
tap "ends with a summary" \
	has "$tmp/out" '^\{"event":"summary",.*"packets":8,.*"detections":1,'
tap "nothing on stderr" is "$(cat "$tmp/err")" ""
tap "from standard input" from_stdin
tap "from a pipe" from_pipe
tap "a table for people" as_text
tap "a progress bar on a terminal" on_tty
tap "two files" exits 0 "$tmp/first.pcap" "$tmp/second.pcap"
tap "what one says of names counts in the next" has "$tmp/out" '"rule":"bolt-plug"'
tap "no capture" exits 1 LICENSE
tap "is named" said_once '^hayrake: error: LICENSE: not a capture file$'
tap "an empty file" exits 1 "$tmp/empty.pcap"
tap "is no capture" said_once 'empty.pcap: not a capture file$'
tap "half a header" exits 1 "$tmp/short.pcap"
tap "is no capture either" said_once 'short.pcap: not a capture file$'
tap "a compressed file" exits 1 "$tmp/plug.pcap.gz"
tap "is not read" said_once 'plug.pcap.gz: not a capture file$'
tap "no such file" exits 1 "$tmp/none.pcap"
tap "is said" said_once 'cannot open .*/none.pcap: No such file or directory$'
tap "a folder" exits 1 "$tmp"
tap "cannot be read" said_once "cannot read $tmp: Is a directory\$"
tap "a bad file between good ones" \
	exits 1 "$tmp/first.pcap" "$tmp/short.pcap" "$tmp/second.pcap"
tap "does not stop the others" has "$tmp/out" '"rule":"bolt-plug"'
tap "no file is wrong usage" exits 2
tap "an unknown option is wrong usage" exits 2 --frobnicate "$tmp/plug.pcap"
tap "a threshold above 1 is wrong usage" exits 2 --threshold 1.5 "$tmp/plug.pcap"
tap "-n reads no file" exits 0 -n "$tmp/plug.pcap"
tap "and says nothing" is "$(cat "$tmp/out" "$tmp/err")" ""
tap "-n finds a file that is not there" exits 1 -n "$tmp/none.pcap"
tap_end
