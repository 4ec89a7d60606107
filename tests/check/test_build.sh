#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tree builds without a warning in a directory of its own, the kernel object in both byte
# orders; `make install` puts everything where it belongs; scripts are sound.
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/net/tap.sh
. tests/net/tap.sh
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
unset CI MAKEFLAGS MAKELEVEL

quiet_make() {
	make -s -j2 BUILD="$dir/build" CFLAGS=-O1 WERROR=-Werror "$@"
}

# EI_DATA, the sixth byte: 1 is little endian, 2 is big.
byte_order() { # FILE WANT
	is "$(od -An -tu1 -j5 -N1 "$1" | tr -d ' ')" "$2"
}

installs() {
	quiet_make install DESTDIR="$dir/root" PREFIX=/usr || return 1
	local root=$dir/root/usr
	"$root/sbin/hayrake" --version &&
		is "$(ls "$root/share/hayrake/signatures")" \
			"$(cd signatures && printf '%s\n' *.json)" &&
		is "$(ls "$root/share/man/man8")" "$(cd docs && printf '%s\n' *.8)"
}

# A stripped program has no .symtab.
is_stripped() {
	! readelf -SW "$dir/root/usr/sbin/hayrake" | grep -F .symtab
}

# Compiled for 32 bits as far as warnings go, with the headers of this machine.
sources_fit_32() {
	local file
	mkdir -p "$dir/32/gnu" && : >"$dir/32/gnu/stubs-32.h"
	for file in user/*.c user/*/*.c; do
		gcc -m32 -fsyntax-only -std=gnu11 -Wall -Wextra -Wformat=2 -Werror -Iuser \
			-I"$dir/build" -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
			-DHAYRAKE_VERSION='""' -DHAYRAKE_SIGNATURES='""' -I"$dir/32" \
			-idirafter /usr/include/x86_64-linux-gnu "$file" || return
	done
}

# What would be built into the program, by a compiler for big-endian machines.
embeds_big() {
	printf '#!/bin/sh\n[ "$1" != -dM ] || exec echo "%s"\nexec gcc "$@"\n' \
		'#define __BYTE_ORDER__ __ORDER_BIG_ENDIAN__' >"$dir/cc"
	chmod +x "$dir/cc"
	make -n V=1 BUILD="$dir/big" CC="$dir/cc" "$dir/big/hayrake.packed.h" >"$dir/commands" &&
		has "$dir/commands" 'gen skeleton .*bpfeb' &&
		has "$dir/commands" 'gzip .*bpfeb' && hasnt "$dir/commands" bpfel
}

help_complete() {
	local target missing=
	for target in all demo check bench fuzz vmtest deps install clean help; do
		make -s help | grep -q "^$target " || missing="$missing $target"
	done
	is "$missing" ""
}

# Every tracked file that is a script: "PATH SHELL".
scripts() {
	git ls-files | while read -r file; do
		[ -f "$file" ] && printf '%s ' "$file" && head -n 1 "$file" | tr -d '\0'
		echo
	done | sed -nE 's,^([^ ]+) #!/bin/(ba)?sh.*,\1 \2sh,p'
}

scripts_parse() {
	local file shell bad=
	while read -r file shell; do
		"$shell" -n "$file" || bad="$bad $file"
	done < <(scripts)
	is "$bad" ""
}

scripts_lint() {
	scripts | cut -d' ' -f1 | xargs shellcheck -x --severity=warning
}

tap "the program builds without a warning" quiet_make "$dir/build/hayrake"
tap "the kernel object, little endian" quiet_make "$dir/build/hayrake.bpfel.o"
tap "it is" byte_order "$dir/build/hayrake.bpfel.o" 1
tap "the kernel object, big endian" quiet_make "$dir/build/hayrake.bpfeb.o"
tap "it is" byte_order "$dir/build/hayrake.bpfeb.o" 2
tap "a program for big-endian machines gets that one" embeds_big
if [ "$(gcc -dumpmachine)" = x86_64-linux-gnu ]; then
	tap "the program fits 32-bit machines" sources_fit_32
else
	tap_skip "the program fits 32-bit machines" "needs the headers of x86-64"
fi
tap "make install installs program, signatures and pages" installs
tap "what is installed is stripped" is_stripped
tap "make help lists every target" help_complete
tap "every script parses" scripts_parse
if command -v shellcheck >/dev/null; then
	tap "shellcheck finds no fault in any script" scripts_lint
else
	tap_skip "shellcheck finds no fault in any script" "shellcheck is not installed"
fi
tap_end
