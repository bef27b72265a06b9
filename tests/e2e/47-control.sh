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

# A configuration on trial: gone by itself, gone with a reload, kept by a copy, and a file that the sandbox hides.
cp /etc/tailcalld.toml /etc/trial.toml
sed -i 's/^\[routes\]$/&\ngetpgrp = "args"/' /etc/trial.toml
# routed SYSCALL: prints whether the live table has the syscall.
routed() {
	tailcalld routes | grep -qw "^$1" && echo yes || echo no
}
like 'reload --confirm prints the change and how to keep it' \
	'0 generation *added  getpgrp=args*goes back at 20*Z, unless: cp /etc/trial.toml /etc/tailcalld.toml' \
	"$(outcome tailcalld reload --confirm 3s /etc/trial.toml)"
is 'the configuration is live' yes "$(routed getpgrp)"
like 'the status line says so' '*; on trial until 20*Z: /etc/trial.toml*' "$(property StatusText)"
soon 'it is gone after its time' no routed getpgrp
like 'a record says so' '*no longer on trial: /etc/trial.toml*' "$(last TAILCALLD_DETAIL $RELOADED)"
is 'a second trial' 0 "$(outcome tailcalld reload --confirm 10min /etc/trial.toml | sed 's/ .*//;q')"
is 'ends with a reload' '0 no' "$(outcome systemctl reload tailcalld) $(routed getpgrp)"
tailcalld reload --confirm 2s /etc/trial.toml >/dev/null
cp /etc/trial.toml /etc/tailcalld.toml
sleep 3
is 'what was copied stays' yes "$(routed getpgrp)"
like 'so says the status line' '*routes, generation*' "$(property StatusText | grep -v trial)"
cp /etc/trial.toml /tmp/trial.toml
like 'the sandbox hides a file below /tmp' '78 /tmp/trial.toml: does not exist*' \
	"$(outcome tailcalld reload --confirm 60s /tmp/trial.toml)"
sed -i 's/^getpgrp/getpgrpp/' /etc/trial.toml
like 'a fault changes nothing' '78 /etc/trial.toml:*unknown syscall "getpgrpp"*' \
	"$(outcome tailcalld reload --confirm 60s /etc/trial.toml)"
rm /etc/trial.toml /tmp/trial.toml

# Metrics in a folder of another user, which the sandbox has to permit.
folder=/var/lib/e2e-prom
mkdir $folder
chown nobody $folder
configure '[metrics]' "textfile = \"$folder/a.prom\"" 'every = "1s"'
like 'check says what the service may not' "*chgrp root '$folder'*ReadWritePaths=$folder*ok, *" \
	"$(outcome tailcalld check)"
like 'so does the daemon' "*failed to write the metrics to $folder/a.prom: *ReadWritePaths=$folder*" \
	"$(journal -u tailcalld -g 'failed to write the metrics')"
chgrp root $folder
chmod g+w $folder
mkdir -p /run/systemd/system/tailcalld.service.d
printf '%s\n' '[Service]' "ReadWritePaths=$folder" >/run/systemd/system/tailcalld.service.d/prom.conf
systemctl daemon-reload
systemctl restart tailcalld
# written: prints mode and first line of the file.
written() {
	stat -c %a $folder/a.prom 2>/dev/null && head -n 1 $folder/a.prom
}
soon 'the file is written, for everyone' '644
# TYPE tailcalld_calls_total counter' written
is 'check has no note then' '' "$(tailcalld check 2>&1 >/dev/null | grep metrics)"
systemctl stop tailcalld
is 'a stop removes it' '' "$(ls -A $folder)"
rm -r /run/systemd/system/tailcalld.service.d $folder
systemctl daemon-reload
systemctl start tailcalld
restore_configuration

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
