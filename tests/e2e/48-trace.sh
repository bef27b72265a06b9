# A trace beside the service: of a command, and of a unit.
chapter trace

before="$(property MainPID) $(generation)"
status=0
tailcalld trace chdir -o /run/lines -- sh -c 'cd /usr; cd /nonexistent || exit 5' 2>/run/errors || status=$?
is 'exits with the exit code of the command' 5 $status
is 'has each call of the command' '/usr 0|/nonexistent -1|' \
	"$(sed -n 's/^[0-9:.]* chdir("\([^"]*\)").* = \(-*[0-9]*\)\( .*\|\) <.*/\1 \2/p' /run/lines | tr '\n' '|')"

tailcalld trace chdir --unit traced.service -o /run/lines 2>/run/errors &
trace=$!
for _ in {1..200}; do
	run_unit traced /bin/sh -c 'cd /usr; cd /etc'
	systemctl reset-failed traced 2>/dev/null || true
	grep -q /usr /run/lines && break
	sleep 0.05
done
like 'has the calls of the unit' '* chdir("/usr") by sh (pid *, uid 0 root) in traced.service = 0 <*' \
	"$(grep -m 1 /usr /run/lines)"
kill -INT $trace
status=0
wait $trace || status=$?
is 'ends with an interrupt' 0 $status
is 'leaves no directory' '' "$(ls -d /run/tailcalld-trace.* 2>/dev/null)"
is 'leaves the service alone' "$before" "$(property MainPID) $(generation)"
rm /run/lines /run/errors

# What a route would record, and that nothing of it is recorded.
tailcalld cost --if 'chdir = "args"' --for 10s --json >/run/cost 2>/run/errors &
cost=$!
for _ in {1..200}; do
	tailcalld status --socket /run/tailcalld-trace.$cost/io.tailcalld >/dev/null 2>&1 && break
	sleep 0.05
done
run_unit measured /bin/sh -c 'cd /usr; cd /etc; cd /nonexistent; true'
kill -INT $cost
status=0
wait $cost || status=$?
is 'ends with an interrupt' 0 $status
is 'measures each call of the machine' true \
	"$(grep -q '"syscall":"chdir","abi":"x86_64","handler":"args","calls_per_second":[1-9]' /run/cost && echo true)"
is 'leaves the service alone' "$before" "$(property MainPID) $(generation)"
rm /run/cost /run/errors
