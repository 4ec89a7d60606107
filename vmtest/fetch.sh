#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fetch.sh DIR ARCH SUITE EXTRA PACKAGE: puts the newest kernel whose package name matches the
# regular expression PACKAGE into DIR and prints where it is: a directory with kver (its release),
# kernel (what QEMU boots) and lib/modules. A kernel that cannot be had: one sentence on stderr,
# exit 77.
set -eu
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$1"
dir=$(readlink -f "$1") arch=$2 suite=$3 extra=${4#-} package=$5
place=$suite${extra:+,$extra}-$arch
root=$dir/apt/$place
log=$root/log
kernels=$dir/kernels/$place
TRIES=5 # names to try, newest first: a list can be ahead of its pool

skip() {
	echo "$*" >&2
	exit 77
}

# The base address of a suite, from this machine's own sources: security suites have their own.
# shellcheck disable=SC2016 # apt fills these in
base_of() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sort -u |
		awk -v want="$1" '($2 ~ /-security/) == (want ~ /-security/) { print $1; exit }'
}

source_add() {
	base=$(base_of "$1")
	[ -n "$base" ] || return 0
	cat <<EOF
Types: deb
URIs: $base
Suites: $1
Components: main
Architectures: $arch
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

EOF
}

# A private apt root: the machine's own lists and packages are neither read nor changed. Old suites
# are no longer re-signed, so their dates are not held against them.
root_make() {
	mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/sources" "$root/debs"
	: >"$root/status"
	source_add "$suite" >"$root/sources/vmtest.sources"
	[ -z "$extra" ] || source_add "$extra" >>"$root/sources/vmtest.sources"
	cat >"$root/apt.conf" <<EOF
Dir::State "$root";
Dir::State::Lists "$root/lists";
Dir::State::status "$root/status";
Dir::Cache "$root/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$root/sources";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
EOF
}

lists_update() {
	apt-get update >"$log" 2>&1 || return 1
	touch "$root/updated"
}

lists_fresh() {
	[ -n "$(find "$root/updated" -mmin -1440 2>/dev/null)" ]
}

names() {
	apt-cache --names-only search "^$package\$" | awk '{ print $1 }' | sort -rV |
		head -n "$TRIES"
}

# The packages that make up a kernel: from 7.0 on the image is empty and names the others.
parts() {
	release=${1#linux-image-}
	echo "$1"
	for part in binary modules; do
		apt-cache show "linux-$part-$release" >/dev/null 2>&1 && echo "linux-$part-$release"
	done
	return 0
}

deb_fetch() {
	set -- "$1" "$root/debs/$1"_*.deb
	[ -e "$2" ] || (cd "$root/debs" && apt-get download "$1" >>"$log" 2>&1)
}

# The .debs have no modules.dep, and since 7.0 keep everything below usr/.
kernel_prepare() {
	[ -e "$1/lib" ] || ln -s usr/lib "$1/lib"
	release=$(basename "$1"/lib/modules/*)
	image=$(find "$1/boot" "$1/lib/modules/$release/" -maxdepth 1 -name 'vmlinu[xz]*' \
		2>/dev/null | head -n 1)
	depmod -b "$1" "$release"
	case $arch in
	amd64) "$here/vmlinux.sh" "$image" "$1/kernel" ;;
	*) ln -sfn "$image" "$1/kernel" ;;
	esac
	echo "$release" >"$1/kver"
}

# kver is written last: with it, a directory is whole.
kernel_unpack() {
	to=$kernels/$1
	rm -rf "$to.new" "$to"
	mkdir -p "$to.new"
	for part in $(parts "$1"); do
		deb_fetch "$part" && dpkg -x "$root/debs/$part"_*.deb "$to.new" || return 1
	done
	kernel_prepare "$to.new" >>"$log" 2>&1 && mv "$to.new" "$to"
}

kernel_get() {
	for name in $(names); do
		if [ -e "$kernels/$name/kver" ] || kernel_unpack "$name"; then
			echo "$kernels/$name"
			return 0
		fi
	done
	return 1
}

# What an earlier run left, when nothing can be fetched.
kernel_cached() {
	find "$kernels" -mindepth 2 -maxdepth 2 -name kver 2>/dev/null | sed 's,/kver$,,' |
		grep -E "/$package\$" | sort -rV | head -n 1 | grep .
}

for tool in apt-get dpkg depmod xz lz4 zstd; do
	command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null ||
		skip "$tool is not installed"
done
PATH=$PATH:/usr/sbin:/sbin
root_make
export APT_CONFIG="$root/apt.conf"
if lists_fresh && kernel_get; then
	exit 0
fi
if ! lists_update; then
	kernel_cached && exit 0
	why=$(grep '^E:' "$log" | head -n 1 | sed 's,[a-z]*://[^/ ]*,,')
	skip "the package list of $suite $arch cannot be had: $why"
fi
[ -n "$(names)" ] || skip "$suite $arch has no package $package"
kernel_get || kernel_cached || skip "no package $package of $suite $arch can be had: see $log"
