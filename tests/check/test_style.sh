#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of the house that a script can see: who includes what, licence lines, lengths.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
style=tests/check/style.py

tap "each folder includes only what it may" $style includes
tap "every source file has its licence line" $style licences
tap "no line is longer than 100 columns" $style widths
tap "no blanks at the end of a line" $style blanks
tap "no function is longer than 80 lines" $style functions
tap "no .c file of the program is longer than 600 lines" $style files
tap "nothing is left to do" $style words
tap_end
