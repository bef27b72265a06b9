chapter control

socket=/run/tailcalld/io.tailcalld
is 'the socket is for root alone' 'srw------- root:root' "$(stat -c '%A %U:%G' $socket)"
like 'others are told so' "77 tailcalld: permission denied on the control socket $socket: *" \
	"$(told runuser -u nobody -- tailcalld status)"
like 'every call is accounted for' '0 every call is accounted for: *' "$(told tailcalld stats --check)"
like 'the status tells the table' "*$(table | sed 's/ routes,.*//') routes, generation *" \
	"$(told tailcalld status)"
like 'the live table has its origins' '*execve *exec *info *false */etc/tailcalld.toml:*' \
	"$(told tailcalld routes)"
like 'a reload tells the generation' '0 generation *, no route changed' "$(told tailcalld reload)"

# From systemd 255 on.
if command -v varlinkctl >/dev/null; then
	like 'varlinkctl knows who it is' '0 *tailcalld*io.tailcalld*' "$(told varlinkctl info $socket)"
	like 'it reads the interface' '0 *method Stats*error ReloadRefused*' \
		"$(told varlinkctl introspect $socket io.tailcalld)"
	like 'it calls a method' '0 *"attached"*"generation"*' \
		"$(told varlinkctl call $socket io.tailcalld.Status '{}')"
	like 'it is told what is wrong' '1 *InvalidParameter*' \
		"$(told varlinkctl call $socket io.tailcalld.Stats '{"consistent": 1}')"
fi
