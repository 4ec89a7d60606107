#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vmlinux.sh BZIMAGE OUT: the ELF kernel inside an x86 bzImage. QEMU boots it by PVH, which spares
# the guest the unpacking. Offsets: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
set -eu
SETUP_SECTS=$((0x1f1)) PAYLOAD_OFFSET=$((0x248)) PAYLOAD_LENGTH=$((0x24c))

field() { # FILE OFFSET BYTES
	od --endian=little -An -tu"$3" -j"$2" -N"$3" "$1" | tr -d ' '
}

sects=$(field "$1" $SETUP_SECTS 1)
start=$(((${sects:-4} + 1) * 512 + $(field "$1" $PAYLOAD_OFFSET 4)))
length=$(($(field "$1" $PAYLOAD_LENGTH 4) - 4)) # the last 4 bytes say the size unpacked

payload() {
	tail -c +$((start + 1)) "$1" | head -c "$length"
}

case $(od -An -tx1 -j"$start" -N4 "$1" | tr -d ' ') in
28b52ffd) payload "$1" | zstd -qdc >"$2" ;;
fd377a58) payload "$1" | xz -dc --single-stream >"$2" ;;
02214c18) payload "$1" | lz4 -qdc >"$2" ;;
1f8b*) payload "$1" | gzip -dc >"$2" ;;
7f454c46) payload "$1" >"$2" ;;
*)
	echo "$1: the kernel is packed in a way not known here" >&2
	exit 1
	;;
esac
[ "$(od -An -tx1 -N4 "$2" | tr -d ' ')" = 7f454c46 ]
