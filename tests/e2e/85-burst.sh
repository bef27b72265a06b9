chapter burst

# More events than journald's default rate limit accepts from a service: 10,000 entries in 30 s, and
# up to seven times as many on a large disk. They also exceed the defaults of per_uid and max_bytes_per_second.
configure '[routes]' 'kill = { handler = "args", priority = "debug" }' '[limits]' 'per_uid = "none"' \
	'[journal]' 'max_bytes_per_second = 0'
since=$(date +%s.%6N)
run_unit burst.service /bin/bash -c 'for ((i = 0; i < 80000; i++)); do kill -0 $BASHPID; done'
settle
soon 'each call is recorded or declared lost' 0 \
	unexplained "$since" 80000 SYSCALL_NAME=kill OBJECT_SYSTEMD_UNIT=burst.service
like 'stats --check accounts for every call' '0 every call is accounted for: *' \
	"$(outcome tailcalld stats --check)"
