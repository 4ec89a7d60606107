#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Passive DNS and certificates in replay: what they teach, what they make shared, and that wrong
# lines, poisoned records and floods make no device.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
hayrake=$(realpath "${HAYRAKE:-build/hayrake}")
state_tool=${REPLAYSTATE:-build/tests/tools/replaystate}
signatures=tests/golden/signatures
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

# Nobody asks for a name: a plug and a computer contact two addresses on 2026-01-01.
cat >"$tmp/quiet.scn" <<'END_SCN'
host plug 02:00:00:00:00:0a 192.168.1.10
host pc 02:00:00:00:00:0b 192.168.1.11
10 tcp plug 198.51.100.1:443
+1 tcp pc 198.51.100.2:443
END_SCN
tests/tools/mkcap.py "$tmp/quiet.scn" "$tmp/quiet.pcap" || exit 1
midnight=1767225600

# record NAME TYPE DATA [FIRST LAST]: one line, times in seconds from midnight.
record() {
	printf '{"rrname":"%s","rrtype":"%s","rdata":["%s"],"time_first":%d,"time_last":%d}\n' \
		"$1" "$2" "$3" $((midnight + ${4:--100})) $((midnight + ${5:-86500}))
}
# certificate ADDRESS PORT NAMES [TIME]
certificate() {
	printf '{"address":"%s","port":%d,"names":[%s],"time":%d}\n' "$1" "$2" "$3" \
		$((midnight + ${4:-100}))
}
replay() {
	"$hayrake" replay --json --signatures "$signatures" "$@" "$tmp/quiet.pcap" \
		>"$tmp/out" 2>"$tmp/err" </dev/null
}
# detects WHAT: "MAC RULE ..." of every detection, sorted.
detects() {
	sed -n 's/.*"event":"detection".*"subject":"mac:\([^"]*\)".*"rule":"\([^"]*\)".*/\1 \2/p' \
		"$tmp/out" | sort >"$tmp/have"
	is "$(cat "$tmp/have")" "$1" || { cat "$tmp/err"; return 1; }
}
counter() { has "$tmp/out" "\"$1\":$2[,}]"; }
refused() { # TEXT ARGUMENT...
	local text=$1
	shift
	! replay "$@" && has "$tmp/err" "$text" && is "$(wc -l <"$tmp/err")" 1
}

replay
tap "without a file nothing is known" detects ""

record plug.bolt.example. A 198.51.100.1 >"$tmp/plain"
replay --passive-dns "$tmp/plain"
tap "passive DNS teaches" detects "02:00:00:00:00:0a bolt-plug"

{
	record www.shop.example A 198.51.100.1
	record plug.bolt.example. A 198.51.100.1
} >"$tmp/shared"
replay --passive-dns "$tmp/shared"
tap "another domain there makes it shared, whatever comes first" detects ""
replay --passive-dns "$tmp/plain" --passive-dns "$tmp/shared"
tap "in another file too" detects ""

{
	record lb2.cdn.example A 198.51.100.1
	record lb1.cdn.example CNAME lb2.cdn.example.
	record Plug.Bolt.Example CNAME lb1.cdn.example
} >"$tmp/chain"
replay --passive-dns "$tmp/chain"
tap "a chain over three lines" detects "02:00:00:00:00:0a bolt-plug"
record shop.example CNAME lb1.cdn.example >>"$tmp/chain"
replay --passive-dns "$tmp/chain"
tap "that another domain joins" detects ""

record plug.bolt.example A 198.51.100.1 -100 -1 >"$tmp/old"
replay --passive-dns "$tmp/old"
tap "a record of yesterday says nothing" detects ""
tap "and is counted" counter facts_other_day 1
record plug.bolt.example A 198.51.100.1 -100 0 >"$tmp/old"
replay --passive-dns "$tmp/old"
tap "one that touches the day does" detects "02:00:00:00:00:0a bolt-plug"

certificate 198.51.100.1 443 '"plug.bolt.example","bolt.example"' >"$tmp/cert"
replay --certificates "$tmp/cert"
tap "a certificate teaches" detects "02:00:00:00:00:0a bolt-plug"
certificate 198.51.100.1 8443 '"plug.bolt.example"' >"$tmp/cert"
replay --certificates "$tmp/cert"
tap "not on another port" detects ""
certificate 198.51.100.1 443 '"plug.bolt.example","*.shop.example"' >"$tmp/cert"
replay --certificates "$tmp/cert"
tap "not with another domain's names" detects ""
certificate 198.51.100.1 443 '"plug.bolt.example"' 86400 >"$tmp/cert"
replay --certificates "$tmp/cert"
tap "not of another day" detects ""
certificate 198.51.100.1 443 '"*.bolt.example"' >"$tmp/cert"
replay --certificates "$tmp/cert"
tap "a wildcard over one domain of the signatures" detects "02:00:00:00:00:0a bolt-plug"
certificate 198.51.100.1 443 '"*.acme.example"' >"$tmp/cert"
replay --certificates "$tmp/cert"
tap "not one over many" detects ""
tap "which is counted" counter facts_ambiguous 1
certificate 198.51.100.1 443 '"www.shop.example"' >"$tmp/cert"
replay --certificates "$tmp/cert" --passive-dns "$tmp/plain"
tap "a certificate of somebody else makes it shared" detects ""
record stick.cast.example A 198.51.100.1 >"$tmp/cast"
replay --passive-dns "$tmp/cast"
tap "no file makes up for a client's own answer" detects ""

# Poison: the plug's name on an address that a popular name has, and a thousand others.
{
	record plug.bolt.example A 198.51.100.2
	for i in $(seq 1000); do record "www.pop$i.example" A 198.51.100.2; done
	echo '{"rrname":"plug.bolt.example","rrtype":"A","rdata":"198.51.100.300"}'
	for i in $(seq 10); do echo "plug.bolt.example,A,198.51.100.$i"; done
} >"$tmp/poison"
replay --passive-dns "$tmp/poison"
tap "a popular address is nobody's" detects ""
tap "wrong lines are counted" counter facts_lines_bad 11
tap "told with file and line" has "$tmp/err" "$tmp/poison:1002: the line has data that does not fit"
tap "the first few" is "$(wc -l <"$tmp/err")" 6
tap "then their number" has "$tmp/err" "poison: 6 more lines are wrong"

tap "a file that is not there" refused "/nowhere: No such file" --passive-dns /nowhere
tap "one that cannot be read twice" refused "is no regular file" --certificates /dev/null
tap "-n checks them" refused "/nowhere: No such file" -n --certificates /nowhere

# show backends: whose it is, since when, how it is known.
{
	record plug.bolt.example A 198.51.100.1
	record lock.cast.example CNAME ec2-198-51-100-2.eu-west-1.compute.amazonaws.com
	record ec2-198-51-100-2.eu-west-1.compute.amazonaws.com A 198.51.100.2
	record cloud.acme.example A 198.51.100.3
	record www.shop.example A 198.51.100.3
} >"$tmp/show"
certificate 198.51.100.1 443 '"plug.bolt.example"' >"$tmp/cert"
"$state_tool" "$signatures" "$tmp/quiet.pcap" "$tmp/state" 1 1 "$tmp/show" "$tmp/cert" || exit 1
show() {
	"$hayrake" show backends --state "$tmp/state" --signatures "$signatures" "$@" >"$tmp/out"
}
tap "show backends" show --json
tap "follows the schema" tests/check/rows.py show <"$tmp/out"
tap "dedicated, since the first packet" has "$tmp/out" \
	'"198.51.100.1","state":"dedicated".*"since":"2026-01-01T00:00:10'
tap "by both files" has "$tmp/out" '"passive-dns","certificate","saved-state"'
tap "cloud" has "$tmp/out" '"198.51.100.2","state":"cloud".*"cloud":"compute.amazonaws.com"'
tap "shared, and with whom" has "$tmp/out" \
	'"198.51.100.3","state":"shared".*"shared_with":"shop.example"'

# A cloud's address goes to somebody else: what follows is no evidence for its old tenant.
cat >"$tmp/quiet.scn" <<'END_SCN'
host plug 02:00:00:00:00:0a 192.168.1.10
host pc 02:00:00:00:00:0b 192.168.1.11
10 dns plug plug.bolt.example cname ec2-198-51-100-1.eu-west-1.compute.amazonaws.com 198.51.100.1
+9 dns pc www.shop.example 198.51.100.1
+1 tcp pc 198.51.100.1:443
+1 tcp plug 198.51.100.1:443
END_SCN
tests/tools/mkcap.py "$tmp/quiet.scn" "$tmp/quiet.pcap" || exit 1
replay
tap "a tenant that has gone is nobody's evidence" detects ""
tap "and counted" counter backend_tenant_changes 1
tap_end
