# numbers.sh: numbered calls while something else happens, and whether each was recorded once. For sourcing. The chapter
# `adopt` of tests/e2e does the same through kills, at higher rates.

# start_numbers FIRST RATE: begins to make calls with numbers from FIRST on.
start_numbers() {
	rm -f /run/enough /run/calls
	first=$1
	since=$(date +%s.%6N)
	systemd-run --quiet --unit=numbered.service --service-type=exec /bin/bash /e2e/numbered.sh "$@"
}

# Ends the calls, and waits until the last one is recorded.
finish_numbers() {
	local micros
	touch /run/enough
	while systemctl is-active --quiet numbered.service; do
		sleep 0.05
	done
	read -r calls micros </run/calls
	for _ in {1..200}; do
		[ "$(count "SYSCALL_ARG=pid=$((first + calls - 1))")" -gt 0 ] && break
		sleep 0.1
	done
	values SYSCALL_ARG=pid SYSCALL_NAME=kill --since="@$since" |
		awk -v first="$first" -v calls="$calls" '$1 >= first && $1 < first + calls' | sort -n >/run/numbers
	echo "$calls calls in $((micros / 1000)) ms"
}

# Asserts that each of these calls has one record, and that the counters account for all.
check_numbers() {
	is 'made calls meanwhile' 1 "$((calls > 1000))"
	is 'each call is recorded' "$calls" "$(uniq /run/numbers | wc -l)"
	is 'no call is recorded twice' "$calls" "$(wc -l </run/numbers)"
	is 'no loss is reported' 0 "$(count $LOST --since="@$since")"
	like 'stats --check accounts for every call' '0 every call is accounted for: *' \
		"$(outcome tailcalld stats --check)"
}
