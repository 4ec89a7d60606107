#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every fuzz target for a short while: FUZZ_CHECK_SECONDS (30) each.
cd "$(dirname "$0")/../.." || exit 2
exec tests/fuzz/run.sh "${FUZZ_CHECK_SECONDS:-30}" build/tests/fuzz/fuzz_*
