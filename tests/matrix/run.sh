#!/bin/sh
# run.sh [arm64-]VERSION...: boots Debian's kernels of these versions in QEMU, runs the tests in each and
# prints a table. If a test failed, it keeps results and consoles and prints their directory. Called
# by `make matrix`.
#
#	CLANGS="clang-14 clang-19"	compilers of the BPF object; default: all that are installed
#	CPUS=8				processors of each guest; default: 2
#	TESTS="rings:: wake::"		only these of the kernel tests
#	SHARE=1				attaches to functions only, and makes each kernel test in one of the guests, attacks in none;
#					the verifier, the daemon and the service are tested in all. A guest of arm64 attaches to a
#					tracepoint and makes a fourth of the kernel tests, and those of the daemon
#	ACCEPT=1			records the current cost of verification in tests/matrix/verifier.tsv
set -eu
# The daemon refuses a configuration in a directory that a group can write.
umask 022
here=$(dirname "$0")

work=$(mktemp -d)
trap 'rm -rf "$work"/tree-* "$work"/disk-* "$work/disks" "$work"/service-tree-* "$work"/service-disk-*' EXIT
mkdir "$work/disks" "$work/results" "$work/service-results" "$work/consoles" "$work/begun"

# Prints every installed clang.
clangs() {
	for directory in $(echo "$PATH" | tr : ' '); do
		ls "$directory"
	done 2>/dev/null | grep -E '^clang-(1[4-9]|[2-9][0-9])$' | sort -Vu
}

build() {
	sh "$here/cross.sh" ${CLANGS:-$(clangs)}
	for architecture in $(architectures); do
		build_disk "$architecture"
		build_service_disk "$architecture"
	done
}

# build_disk ARCHITECTURE: makes the disk of its guests.
build_disk() {
	tree=$work/tree-$1
	mkdir "$tree"
	sh "$here/build.sh" "$1" "$tree" ${CLANGS:-$(clangs)}
	{
		echo 'export TAILCALLD_TEST_DIVISOR=4'
		echo "${ACCEPT:+export TAILCALLD_ACCEPT=1}"
		echo "export TESTS='${TESTS:-}'"
	} >"$tree/environment"
	disk "$tree" >"$work/disk-$1"
}

# build_service_disk ARCHITECTURE: makes the disk with systemd.
build_service_disk() {
	if [ "$(id -u)" -eq 0 ]; then
		sh "$here/service-tree.sh" "$1" "$work/service-tree-$1"
		disk "$work/service-tree-$1" >"$work/service-disk-$1"
	else
		echo 'SKIPPED: only root can create the Debian tree for the test of the service' >&2
		[ "${CI:-}" != true ]
	fi
}

# Prints the architectures of the kernels.
architectures() {
	sed 's/.*-//' "$work/kernels" | sort -u
}

# disk TREE: prints an initial RAM disk.
disk() {
	(cd "$1" && find . | cpio --quiet -o -H newc -R 0:0)
}

# disk_of NAME IMAGE: makes the disk of a kernel, which has a module of its own, and prints its path. A kernel reads
# several archives behind one another.
disk_of() {
	mkdir -p "$work/disks/$1/test"
	cp "$2.loop.ko" "$work/disks/$1/test/loop.ko"
	{ cat "$work/disk-${2##*-}" && disk "$work/disks/$1"; } >"$work/disks/$1.cpio"
	echo "$work/disks/$1.cpio"
}

# guest NAME IMAGE [SHARE]: boots a kernel, once for the tests and once for the service. A failure shows in
# its results. The kernel hands SHARE over to init.
guest() {
	! tests_service "$1" || service "$1" "$2"
	APPEND="${3:+share=$3}" sh "$here/qemu.sh" "$2" "$(disk_of "$1" "$2")" "$work/consoles/$1" "$work/results/$1" || true
	rm "$work/disks/$1.cpio"
	! tests_service "$1" || cat "$work/service-results/$1" >>"$work/results/$1"
}

# tests_service NAME: whether the service is tested. Older kernels than 6.12 never require perf events,
# and the container of `make e2e` tests the rest of the service on any kernel.
tests_service() {
	[ "$(id -u)" -eq 0 ] && [ "$(printf '6.12\n%s\n' "${1#arm64-}" | sort -V | head -n 1)" = 6.12 ]
}

# service NAME IMAGE: boots a kernel with systemd and runs service.sh.
service() {
	touch "$work/service-results/$1"
	SECONDS_MAX=1200 APPEND="rdinit=/lib/systemd/systemd systemd.wants=matrix.service" sh "$here/qemu.sh" \
		"$2" "$work/service-disk-${2##*-}" "$work/consoles/$1-service" "$work/service-results/$1" || true
	grep -q '^service ends' "$work/service-results/$1" ||
		echo 'test service: boots and ends ... FAILED' >>"$work/service-results/$1"
}

# Prints failed tests with their output, and the console of a guest that ended early.
print_failures() {
	for results in "$work"/results/*; do
		kernel=$(basename "$results")
		if awk -f "$here/table.awk" "$results" >/dev/null; then
			continue
		fi
		echo "--- Linux $kernel"
		awk -f "$here/failures.awk" "$results" | head -n 200
		grep -q '^guest ends' "$results" || tail -n 20 "$work/consoles/$kernel"
		! grep -q '^test service: boots and ends' "$results" ||
			tail -n 20 "$work/consoles/$kernel-service"
	done
}

accept() {
	{
		grep '^#' "$here/verifier.tsv"
		awk -f "$here/accept.awk" "$here/verifier.tsv" "$work"/results/* | LC_ALL=C sort -V
	} >"$work/figures"
	cp "$work/figures" "$here/verifier.tsv"
}

# guests: boots each kernel that no other processor of this machine has begun, one after the other. More guests at once
# would take no less time, and in each the clock would run away from its processors.
guests() {
	while read -r name share image; do
		mkdir "$work/begun/$name" 2>/dev/null || continue
		echo "Linux $name" >&2
		guest "$name" "$image" ${SHARE:+$share}
	done <"$work/kernels"
}

# kernels VERSION...: writes name, share and image of each kernel to $work/kernels.
kernels() {
	for version in "$@"; do
		sh "$here/kernel.sh" "$version"
	done >"$work/releases"
	awk '{
		release = $1
		sub(/-cloud.*/, "", release)
		of[NR] = $1 ~ /arm64$/ ? "arm64-" : ""
		name[NR] = of[NR] release
		share[NR] = guests[of[NR]]++
		image[NR] = $2
	}
	END {
		for (n = 1; n <= NR; n++)
			print name[n], share[n] "/" (of[n] == "" ? guests[""] : 4), image[n]
	}' "$work/releases" >"$work/kernels"
}

kernels "$@"
build
for _ in $(seq "$(nproc)"); do
	guests &
done
wait
[ -z "${ACCEPT:-}" ] || accept
if awk -f "$here/table.awk" "$work"/results/*; then
	rm -rf "$work"
else
	print_failures
	echo "results and consoles of all guests: $work" >&2
	exit 1
fi
