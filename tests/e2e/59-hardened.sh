chapter 'profiles of four services'

# Learned under one load, watched and applied under another, and a call that is new.
postgres=postgresql@$(ls /etc/postgresql)-main.service
services="nginx.service ssh.service cron.service $postgres"

# in_units TEXT NAME: writes the text into a drop-in of that name of each service, or removes that without a text.
in_units() {
	local unit
	for unit in $services; do
		mkdir -p "/run/systemd/system/$unit.d"
		if [ "$1" ]; then
			printf '%s\n' "$1" >"/run/systemd/system/$unit.d/$2"
		else
			rm -f "/run/systemd/system/$unit.d/$2"
		fi
	done
	systemctl daemon-reload
}

# apply FILTER: writes what `profile` prints for each service, through the filter, into a drop-in.
apply() {
	local unit
	for unit in $services; do
		eval "$1" <"/run/profile.$unit" >"/run/systemd/system/$unit.d/profile.conf"
	done
	systemctl daemon-reload
}

# load WORD: starts the services, gives each something to do, and stops them; prints what failed.
load() {
	# Cron runs these jobs once a boot.
	rm -f /run/crond.reboot /run/cron.done
	# shellcheck disable=SC2086 # several units
	systemctl start $services || echo start
	"load_$1" 2>&1
	for _ in {1..100}; do [ -e /run/cron.done ] && break; sleep 0.05; done
	cat /run/cron.done
	# shellcheck disable=SC2086
	systemctl is-active --quiet $services || echo not active
	# shellcheck disable=SC2086
	systemctl stop $services
	settle
}

sql() {
	runuser -u postgres -- psql -qAtX "$@"
}

remote() {
	ssh -q -i /run/e2e-key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes root@127.0.0.1 "$@"
}

load_one() {
	curl -s http://127.0.0.1/ | grep -q 'Welcome to nginx' || echo nginx
	curl -s http://127.0.0.1/none http://127.0.0.1/ >/dev/null
	systemctl reload nginx
	remote 'ls -l / | sort >/dev/null; cat /etc/passwd >/dev/null' || echo ssh
	sql -c 'create table one (a int)' -c 'insert into one select generate_series(1, 1000)' \
		-c 'select count(*) from one' -c 'drop table one' -c checkpoint | grep -vx 1000
}

load_two() {
	curl -s -d a=b http://127.0.0.1/ -o /dev/null
	curl -sI http://127.0.0.1/index.nginx-debian.html | grep -q '200 OK' || echo nginx
	curl -s "http://127.0.0.1/none?[1-50]" -o /dev/null
	remote 'grep root /etc/group | head -n 1 >/dev/null; ls /etc >/dev/null' || echo ssh
	sql -c 'create table two (b text)' -c "insert into two select 'x' || i from generate_series(1, 5000) i" \
		-c 'create index on two (b)' -c 'select min(b) from two' -c 'vacuum two' -c 'drop table two' | grep -vx x1
}

# watch: begins to watch the services, with the drop-ins of what they have done.
watch() {
	local unit
	watchers=()
	for unit in $services; do
		tailcalld profile "$unit" --watch >"/run/watch.$unit" 2>"/run/watching.$unit" &
		watchers+=($!)
	done
	for unit in $services; do
		soon "$unit is watched" 1 grep -c '^watching' "/run/watching.$unit"
	done
}

# watched: ends that, and prints the lines.
watched() {
	local unit
	kill -INT "${watchers[@]}"
	wait "${watchers[@]}" 2>/dev/null
	for unit in $services; do cat "/run/watch.$unit"; done
}

rm -f /run/e2e-key*
ssh-keygen -q -t ed25519 -N '' -f /run/e2e-key
mkdir -p -m 700 /root/.ssh
cp /run/e2e-key.pub /root/.ssh/authorized_keys
# With PAM, a session leaves the unit, but keeps its filter.
echo 'UsePAM no' >/etc/ssh/sshd_config.d/e2e.conf
echo '@reboot root id -u >/dev/null; : >/run/cron.done' >/etc/cron.d/e2e
in_units '[Service]
Restart=no
ExecStartPost=/bin/sh -c "[ ! -e /run/new-call ] || mount --bind /mnt /mnt"' new-call.conf

quoted=$(printf '"%s", ' $services)
learn="unit = [${quoted%, }], exe = \"!/usr/lib/systemd/systemd*\", novel = \"unit\""
configure '[routes]' "\"@known\" = { handler = \"args\", $learn }" \
	"socket = { handler = \"args\", $learn, by = \"family\" }" \
	"socketpair = { handler = \"args\", $learn, by = \"family\" }"
is 'one load runs' '' "$(load one)"
for unit in $services; do
	tailcalld profile "$unit" >"/run/profile.$unit"
	is "$unit has a profile" yes \
		"$([ "$(grep -c '^SystemCallFilter=@' "/run/profile.$unit")" -ge 1 ] && echo yes)"
done

watch
is 'another load runs' '' "$(load two)"
is 'it has nothing that would be denied' '' "$(watched)"

# A call that is denied ends its process.
apply "grep -v SystemCallErrorNumber"
is 'systemd has the filter' yes "$(systemctl show -P SystemCallFilter nginx.service | grep -qw openat && echo yes)"
is 'the other load runs with the filters' '' "$(load two)"
is 'no process was ended by a filter' '' \
	"$(grep -rls 'signal 31' /var/log/nginx /var/log/postgresql; journal -b _PID=1 -g 'status=31' -o cat)"

# The same with a call that no load makes.
in_units '' profile.conf
touch /run/new-call
watch
# shellcheck disable=SC2086
systemctl start $services
# shellcheck disable=SC2086
systemctl stop $services
while umount /mnt 2>/dev/null; do :; done
settle
is 'the new call of each service is predicted' 4 \
	"$(watched | grep -E 'line [0-9]+: SystemCallFilter= would deny (mount|open_tree|mount_setattr|move_mount|fsopen)\(' |
		grep -o 'in [^ ]*.service' | sort -u | wc -l)"
apply cat
for unit in $services; do
	like "$unit has it denied" '1 Job for*' "$(outcome systemctl start "$unit")"
	like 'with the error of the filter' '*mount: *' "$(journal -u "$unit" -b -g 'mount: ' -o cat | tail -n 1)"
done
is 'nothing is mounted' '' "$(grep ' /mnt ' /proc/self/mountinfo)"

in_units '' profile.conf
in_units '' new-call.conf
# shellcheck disable=SC2086
systemctl reset-failed $services
rm -rf /run/new-call /etc/ssh/sshd_config.d/e2e.conf /etc/cron.d/e2e /root/.ssh/authorized_keys /run/e2e-key* \
	/run/profile.* /run/watch.* /run/watching.*
