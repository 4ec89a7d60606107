#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The captures of real homes and of other projects' test suites beside this repository, against
# what is known to be in them.
cd "$(dirname "$0")/../.." || exit 2
check=../shared/tools/check_truth.py
if [ ! -x $check ] || [ ! -d ../shared/data/captures ]; then
	echo "no captures in ../shared/data"
	exit 77
fi
if said=$($check "${HAYRAKE:-build/hayrake}" 2>&1); then
	echo "ok 1 - $said"
else
	echo "not ok 1 - captures with known devices"
	echo "$said" | sed 's/^/# /'
fi
echo 1..1
