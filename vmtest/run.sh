#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [KERNEL...]: boots each kernel (a name of the table in vmtest/kernels; default: the oldest
# supported and the newest) under QEMU and runs the kernel-facing tests inside. Speaks TAP and ends
# with "N passed, N failed, N skipped". A kernel passes only by what is said from inside it; one
# that cannot be had is skipped. BUILD names the build directory, VMTEST_TIMEOUT the seconds a boot
# may take.
set -eu
here=$(dirname "$(readlink -f "$0")")
BUILD=${BUILD:-$(dirname "$here")/build}
LIMIT=${VMTEST_TIMEOUT:-1500}
LIMIT_KVM=120 # a KVM inside a virtual machine may start and then hang
DEFAULT="5.10 newest"
work=$BUILD/vmtest
number=0 passed=0 failed=0 skipped=0

result() { # ok|not ok, TEXT
	number=$((number + 1))
	case $1$2 in
	not*) failed=$((failed + 1)) ;;
	*'# SKIP'*) skipped=$((skipped + 1)) ;;
	*) passed=$((passed + 1)) ;;
	esac
	echo "$1 $number - $2"
}

# KVM makes it faster where there is one that this QEMU can start. Without, one thread runs all
# vCPUs: with a thread each, recent kernels crash at times while they patch their own code.
accelerator() { # QEMU...
	if [ -w /dev/kvm ] && echo quit | timeout 20 "$@" -accel kvm -smp 2 -nodefaults -S \
		-display none -monitor stdio >/dev/null 2>&1; then
		echo kvm
	else
		echo tcg,thread=single
	fi
}

# The serial line ends up in LOG. QEMU's own exit status says nothing: it is 0 after a panic too.
boot() { # LOG ACCELERATOR KERNEL CONSOLE QEMU...
	log=$1 accelerator=$2 kernel=$3 console=$4 limit=$LIMIT
	shift 4
	[ "$accelerator" != kvm ] || limit=$LIMIT_KVM
	timeout "$limit" "$@" -accel "$accelerator" -smp 2 -m 768 -nodefaults -no-user-config \
		-no-reboot -display none -serial stdio -kernel "$kernel/kernel" -initrd \
		"$work/initrd.cpio" \
		-append "console=$console panic=-1 quiet" </dev/null 2>&1 | tr -d '\r' >"$log"
}

said() { # LOG: the guest came to its end and said how it went
	grep -q '^VMT_RC=' "$1"
}

# Failed until the guest has said otherwise: its results, as many as it says, and VMT_RC=0.
report() { # NAME LOG
	sed -n 's/^VMT_TAP //p' "$2" >"$work/results"
	while read -r line; do
		case $line in
		not\ ok*) result "not ok" "$1: ${line#not ok - }" ;;
		*) result ok "$1: ${line#ok - }" ;;
		esac
	done <"$work/results"
	count=$(sed -n 's/^VMT_COUNT=//p' "$2")
	if ! said "$2"; then
		result "not ok" "$1: the guest did not come to its end"
	elif [ "${count:-0}" -eq 0 ] || [ "$count" != "$(grep -c . "$work/results")" ]; then
		result "not ok" \
			"$1: ${count:-no} results announced, $(grep -c . "$work/results") arrived"
	elif ! grep -q '^VMT_RC=0$' "$2" && ! grep -q '^not ok' "$work/results"; then
		result "not ok" "$1: $(grep '^VMT_RC=' "$2")"
	else
		result ok "$1: booted, ran and ended"
	fi
}

kernel_run() { # NAME KERNEL CONSOLE QEMU...
	name=$1 log=$work/$1.log before=$failed start=$(date +%s)
	shift
	"$here/initrd.sh" "$1" "$BUILD" "$work/initrd.cpio" 2>"$work/initrd.log" || {
		sed 's/^/# /' "$work/initrd.log"
		result "not ok" "$name: its initrd could not be made"
		return 0
	}
	accelerator=$(shift 2; accelerator "$@")
	boot "$log" "$accelerator" "$@" || :
	if ! said "$log"; then
		cp "$log" "$work/$name.first.log"
		echo "# $name: the first boot did not come to its end" \
			"($work/$name.first.log); tried once more"
		accelerator=tcg,thread=single
		boot "$log" "$accelerator" "$@" || :
	fi
	report "$name" "$log"
	echo "# $name: Linux $(cat "$1/kver"), $accelerator, $(($(date +%s) - start)) s," \
		"$(sed -n 's/^VMT_TOOK //p' "$log" | xargs | sed 's/ s / s, /g')"
	[ "$failed" -eq "$before" ] && return 0
	grep -v '^VMT_TAP' "$log" | tail -n 60 | sed 's/^/# | /'
	echo "# serial log: $log"
	echo "# to repeat: make all && vmtest/run.sh $name"
}

row_run() { # NAME
	row=$(awk -v name="$1" '$1 == name' "$here/kernels")
	if [ -z "$row" ]; then
		echo "$0: no kernel $1; there are:" \
			"$(awk '!/^#/ { print $1 }' "$here/kernels" | xargs)" >&2
		exit 2
	fi
	# shellcheck disable=SC2086 # the columns of the row
	set -f -- $row
	set +f
	name=$1 arch=$2 suite=$3 extra=$4 package=$5 console=$6
	shift 6
	if ! command -v "$1" >/dev/null; then
		result ok "$name # SKIP $1 is not installed"
		return 0
	fi
	status=0
	kernel=$("$here/fetch.sh" "$work" "$arch" "$suite" "$extra" "$package" \
		2>"$work/fetch.log") || status=$?
	case $status in
	0) kernel_run "$name" "$kernel" "$console" "$@" ;;
	77) result ok "$name # SKIP $(tail -n 1 "$work/fetch.log")" ;;
	*) result "not ok" "$name: fetch.sh: $(tail -n 1 "$work/fetch.log")" ;;
	esac
}

[ -x "$BUILD/hayrake" ] || {
	echo "$0: nothing is built in $BUILD; say: make vmtest" >&2
	exit 2
}
mkdir -p "$work"
exec 9>"$work/lock"
flock -n 9 || {
	echo "$0: another run is under way" >&2
	exit 2
}
# shellcheck disable=SC2086 # a list of names
[ $# -gt 0 ] || set -- $DEFAULT
for name in "$@"; do
	row_run "$name"
done
echo "1..$number"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
