#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# initrd.sh KERNEL BUILD OUT: an uncompressed cpio with busybox, the kernel's modules that the tests
# need, the programs that make built and the shared libraries of each. The guest's /hayrake is laid
# out like the source tree.
set -eu
here=$(dirname "$(readlink -f "$0")")
source=$(dirname "$here")
kernel=$1 build=$2 out=$3
PATH=$PATH:/usr/sbin:/sbin
MODULES="veth sch_ingress cls_bpf bridge 8021q"
HOST_TOOLS="ip tc bpftool dnsmasq" # busybox knows no netns, no tc filters and no resolver

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# Gives a file the same place in the guest as here, or the place named.
file_add() {
	to=$tree${2:-$1}
	[ -e "$to" ] || install -D -m 755 "$1" "$to"
}

program_add() {
	file_add "$1" "${2:-$1}"
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
		file_add "$library"
	done
}

# In the order in which insmod must load them; a module that is built in needs nothing.
modules_add() {
	release=$(cat "$kernel/kver")
	mkdir "$tree/modules"
	for module in $MODULES; do
		modprobe -C /dev/null -d "$kernel" -S "$release" --show-depends "$module" ||
			echo "no-module $module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
		name=$(basename "$path" | sed 's/\.ko.*//').ko
		case $path in
		*.xz) xz -dc "$path" >"$tree/modules/$name" ;;
		*.zst) zstd -qdc "$path" >"$tree/modules/$name" ;;
		*) cp "$path" "$tree/modules/$name" ;;
		esac
		echo "$name" >>"$tree/modules/order"
	done
}

mkdir -p "$tree/usr/lib" "$tree/usr/lib64" "$tree/usr/bin" "$tree/usr/sbin" "$tree/dev" \
	"$tree/proc" \
	"$tree/sys" "$tree/tmp" "$tree/run" "$tree/etc" "$tree/var/lib/misc" "$tree/hayrake"
ln -s usr/lib usr/lib64 usr/bin usr/sbin "$tree"
ln -s ../run "$tree/var/run"
echo root:x:0:0::/:/bin/sh >"$tree/etc/passwd"
echo root:x:0: >"$tree/etc/group"
file_add /bin/busybox /usr/bin/busybox
program_add /bin/sh /usr/bin/sh # busybox's own would run its ip, whatever PATH says
modules_add
for tool in $HOST_TOOLS; do
	program_add "$(command -v "$tool")" "/usr/sbin/$tool"
done
for program in "$build"/hayrake "$build"/tests/prog/test_* "$build"/tests/tools/*; do
	case $program in
	*'*' | *.o) ;;
	*) program_add "$program" "/hayrake/build/${program#"$build"/}" ;;
	esac
done
for path in signatures vmtest/guest; do
	cp -rp "$source/$path" "$tree/hayrake/$(basename "$path")"
done
cp "$here/guest/init" "$tree/init"
(cd "$tree" && find . | cpio -o -H newc -R 0:0 --quiet) >"$out"
