#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who asks over encrypted DNS is said to, in every view; who only seems to is not.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
hayrake=${HAYRAKE:-build/hayrake}
signatures=tests/golden/signatures
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT

ask() { "$hayrake" "$@" --json --signatures $signatures --state "$tmp/state"; }
subject() { grep "\"subject\":\"mac:02:00:00:00:00:$1\"" "$tmp/subjects"; }
asks() { has <(subject "$1") "\"dns\":$2,"; }
is_no_subject() { is "$(subject "$1")" ''; }
explained() { has <(ask explain "mac:02:00:00:00:00:$1") "\"dns\":\"$2\""; }

tests/tools/mkcap.py tests/golden/encrypted_dns.scn "$tmp/pcap" || exit 1
build/tests/tools/replaystate $signatures "$tmp/pcap" "$tmp/state" || exit 1
ask show subjects >"$tmp/subjects"
tap "DNS over TLS, with any server" asks 0a '"encrypted"'
tap "DNS over HTTPS, at a published address" asks 0b '"encrypted"'
tap "DNS over QUIC" asks 0c '"encrypted"'
tap "DNS over HTTPS, at an address that was asked for" asks 0d '"encrypted"'
tap "a bare SYN is nothing" is_no_subject 0e
tap "plain DNS with a public resolver is nothing" is_no_subject 0f
tap "small datagrams from port 853 are nothing" is_no_subject 10
tap "plain DNS" asks 11 '"plain"'
tap "plain and encrypted: some names are not seen" asks 12 '"encrypted"'
tap "the plain answer is still told" hasnt <(subject 12) '"dns_plain":null'
tap "explain says it of a detected device" explained 12 encrypted
tap "explain says it of an unknown one" explained 0a encrypted
tap "text for people" has <("$hayrake" explain mac:02:00:00:00:00:12 --signatures $signatures \
	--state "$tmp/state") 'encrypted DNS'
tap "resolvers are nobody's backends" hasnt <(ask show backends) '9\.9\.9\.9|dns\.quad9\.net'
tap "they are not counted either" has <(ask show stats) '"backends":1,'
tap "how many use it" has <(ask show stats) '"dns_plain":1,"dns_encrypted":5'
tap_end
