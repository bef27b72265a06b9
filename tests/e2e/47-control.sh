chapter control

socket=/run/tailcalld/io.tailcalld
is 'only root may use the socket' 'srw------- root:root' "$(stat -c '%A %U:%G' $socket)"
like 'another user gets permission denied' "77 tailcalld: permission denied on the control socket $socket: *" \
	"$(outcome runuser -u nobody -- tailcalld status)"
like 'stats --check accounts for every call' '0 every call is accounted for: *' \
	"$(outcome tailcalld stats --check)"
like 'status prints the table' "*$(table | sed 's/ routes,.*//') routes, generation *" \
	"$(outcome tailcalld status)"
like 'routes prints the origin of each route' '*execve *exec *info *>= 0 */etc/tailcalld.toml:*' \
	"$(outcome tailcalld routes)"
like 'reload prints the generation' '0 generation *, no route changed' "$(outcome tailcalld reload)"

# A route for a while.
like 'route add prints number, end and change' '0 1  until 20*Z  getpgrp = "args"*generation *added  getpgrp*' \
	"$(outcome tailcalld route add 'getpgrp = "args"' --for 10min)"
like 'routes prints the file of a temporary route' '*getpgrp *args */run/tailcalld/route-1-*.toml:2*' \
	"$(outcome tailcalld routes)"
like 'route remove changes the table back' '0 generation *removed  getpgrp*' \
	"$(outcome tailcalld route remove 1)"
is 'no file of a temporary route is left' '' "$(find /run/tailcalld -name 'route-*')"

# The calls of one command, within the interval that is counted.
number=$(tailcalld route add 'kill = { handler = "args", comm = "e2e-top" }' --for 10min | sed -n '1s/ .*//p')
tailcalld top --once --view commands --interval 6 >/run/top.txt &
top=$!
sleep 2
/bin/bash -c 'printf e2e-top >/proc/$$/comm; for ((i = 0; i < 123; i++)); do kill -0 99999999; done' 2>/dev/null
wait $top
is 'top --once has the exact number of calls' 'e2e-top 123' \
	"$(awk '$1 == "e2e-top" { print $1, $2 }' /run/top.txt)"
is 'top --once has a line for the time' 1 "$(grep -c 'counted for 6\.' /run/top.txt)"
tailcalld route remove "$number" >/dev/null

# varlinkctl is part of systemd from 255 on.
if command -v varlinkctl >/dev/null; then
	like 'varlinkctl info prints vendor and interface' '0 *tailcalld*io.tailcalld*' \
		"$(outcome varlinkctl info $socket)"
	like 'varlinkctl introspect prints the interface' '0 *method Stats*error ReloadRefused*' \
		"$(outcome varlinkctl introspect $socket io.tailcalld)"
	like 'varlinkctl call prints the reply' '0 *"attached"*"generation"*' \
		"$(outcome varlinkctl call $socket io.tailcalld.Status '{}')"
	like 'varlinkctl call prints the error' '1 *InvalidParameter*' \
		"$(outcome varlinkctl call $socket io.tailcalld.Stats '{"consistent": 1}')"
fi
