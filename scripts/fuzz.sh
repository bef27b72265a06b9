#!/bin/sh
# fuzz.sh [TARGET...]: runs the fuzz targets, all by default, each for SECONDS_EACH seconds (60). Needs a nightly
# compiler and cargo-fuzz (`cargo install cargo-fuzz`). Called by `make fuzz`.
set -eu
cd "$(dirname "$0")/../fuzz"
[ $# -gt 0 ] || set -- config decode journal json varlink

for target; do
	case $target in
	config) seeds='seeds/config ../config ../tests/fixtures' length=4096 ;;
	varlink) seeds=seeds/varlink length=4096 ;;
	*) seeds=seeds/event length=8192 ;;
	esac
	mkdir -p "corpus/$target"
	echo "--- $target"
	# Our code is safe Rust but for src/bpf, which no target enters: checks of overflows instead of a sanitizer.
	# shellcheck disable=SC2086 # a list of folders
	cargo +nightly fuzz run -O -a -s none "$target" "corpus/$target" $seeds -- \
		-max_total_time="${SECONDS_EACH:-60}" -max_len="$length" -timeout=10 -print_final_stats=1
done
