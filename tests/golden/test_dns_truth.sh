#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# DNS answers in real captures, as tshark decodes them.
cd "$(dirname "$0")/../.." || exit 2
data=../shared/data
if [ ! -r $data/truth/dns.tsv ]; then
	echo "no captures: $data is absent"
	exit 77
fi
exec tests/golden/dns_truth.py build/tests/tools/dnsanswers $data
