chapter recipes

# Some recipes have a unit of this name, for which another program stands in.
systemctl stop nginx
mv /lib/systemd/system/nginx.service /run/nginx.unit
mv /etc/init.d/nginx /run/nginx.init # of which systemd would make a unit
systemctl daemon-reload

# block LANGUAGE HEADING: prints the blocks of a language below a heading of docs/recipes.md.
block() {
	awk -v heading="## $2" -v fence='```'"$1" '
		/^## / { is_here = $0 == heading }
		is_inside && /^```$/ { is_inside = 0 }
		is_here && is_inside
		is_here && $0 == fence { is_inside = 1 }' /e2e-recipes.md
}

# ask HEADING: prints the answer of the recipe, as its command has it.
ask() {
	journalctl --sync
	bash -c "$(block sh "$1")"
}

# recipe HEADING ACTION: loads the routes of the recipe, runs the action, and keeps in `answer` the lines that its
# command prints beyond those that it printed before.
recipe() {
	local before routes
	recipes+=("## $1")
	routes=$(block toml "$1")
	[ -z "$routes" ] || configure "$routes"
	before=$(ask "$1")
	$2
	settle
	answer=$(diff <(echo "$before") <(ask "$1") | sed -n 's/^> //p')
	restore_configuration
}
recipes=()

# answers PATTERN...: asserts that the answer has as many lines as there are patterns, and each matches its own.
answers() {
	local lines line=0
	mapfile -t lines < <([ -z "$answer" ] || echo "$answer")
	is "${recipes[-1]#\#\# } prints one line for each call" $# ${#lines[@]}
	for pattern; do
		like "${recipes[-1]#\#\# } has the call" "$pattern" "${lines[line++]-}"
	done
}

read_shadow() {
	run_unit absolute.service /bin/cat /etc/shadow
	run_unit relative.service --working-directory=/etc /bin/cat shadow
	run_unit dots.service --working-directory=/etc/default /bin/cat ../shadow
	cp /etc/hostname /tmp/shadow
	run_unit other.service --working-directory=/tmp /bin/cat shadow
	rm /tmp/shadow
}
recipe 'Who read /etc/shadow?' read_shadow
answers 'openat(AT_FDCWD, "/etc/shadow"*) by cat (pid *, uid 0) in absolute.service' \
	'openat(AT_FDCWD, "/etc/shadow"*) by cat (pid *, uid 0) in relative.service' \
	'openat(AT_FDCWD, "/etc/shadow"*) by cat (pid *, uid 0) in dots.service'

change_etc() {
	run_unit changer.service --working-directory=/etc /bin/sh -c 'echo >recipe-a; mkdir recipe-d; mv recipe-a recipe-d/recipe-b;
		chmod 600 recipe-d/recipe-b; cat recipe-d/recipe-b; rm -r recipe-d; cd /tmp; echo >recipe-x; rm recipe-x'
}
recipe 'Who changed /etc?' change_etc
# Others may change /etc, and a call whose path is not in memory at its entry is recorded.
answer=$(grep -F '"/etc/recipe-' <<<"$answer")
answers 'openat(AT_FDCWD, "/etc/recipe-a", O_WRONLY*) by sh (pid *, uid 0) in changer.service = *' \
	'mkdir("/etc/recipe-d"*) by mkdir (pid *, uid 0) in changer.service = 0' \
	'rename*"/etc/recipe-a"*"/etc/recipe-d/recipe-b"*) by mv (pid *, uid 0) in changer.service = 0' \
	'fchmodat*"/etc/recipe-d/recipe-b"*) by chmod (pid *, uid 0) in changer.service = 0' \
	'unlinkat(*"/etc/recipe-d/recipe-b"*) by rm (pid *, uid 0) in changer.service = 0' \
	'unlinkat(*"/etc/recipe-d"*) by rm (pid *, uid 0) in changer.service = 0'

serve() {
	run_unit nginx.service --working-directory=/etc /bin/cat hostname /etc/hostname machine-id
}
recipe 'Which files does a service open?' serve
like 'Which files does a service open? counts each path' '*1 /etc/machine-id' \
	"$(grep -F /etc/machine-id <<<"$answer")"
like 'Which files does a service open? counts a path from any directory' '*2 /etc/hostname' \
	"$(grep -F /etc/hostname <<<"$answer")"

connect_to_nobody() {
	run_unit refused.service -p SuccessExitStatus=1 /bin/bash -c 'exec 3<>/dev/tcp/127.0.0.1/9'
}
recipe 'Who connected where?' connect_to_nobody
answer=$(grep -F 'sa_family=AF_INET,' <<<"$answer")
answers 'connect(*sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")*) by bash (pid *, uid 0) in refused.service = -1 ECONNREFUSED'

run_as_two() {
	run_unit root.service /bin/echo recipe-of-root
	run_unit other.service -p User=nobody /bin/echo recipe-of-nobody
}
recipe 'Who ran what as root?' run_as_two
answer=$(grep -F ' by "(echo)" ' <<<"$answer")
answers 'Executing a program: */bin/echo \["/bin/echo", "recipe-of-root"\] by "(echo)" (pid *, uid 0) in root.service = 0'

run_below_sshd() {
	cp /bin/sh /tmp/sshd
	run_unit login.service /tmp/sshd -c '/bin/sh -c "/bin/echo recipe; true"; true'
	run_unit no-login.service /bin/echo recipe
	rm /tmp/sshd
}
recipe 'What was started below a program?' run_below_sshd
answers '\["/bin/sh", "-c", "/bin/echo recipe; true"\]' '\["/bin/echo", "recipe"\]'

kill_processes() {
	run_unit killer.service /bin/sh -c 'sleep 10 & kill -0 $!; kill -KILL $!; true'
	run_unit milder.service /bin/sh -c 'sleep 10 & kill -TERM $!; true'
}
recipe 'Who killed a process?' kill_processes
answers 'kill(*, SIGKILL) by sh (pid *, uid 0) in killer.service'

delete_files() {
	mkdir -p /srv
	touch /srv/report.txt /srv/other.txt
	run_unit keeper.service /bin/rm /srv/other.txt
	run_unit deleter.service --working-directory=/srv /bin/rm report.txt
}
recipe 'Who deleted a file?' delete_files
answers 'unlinkat(*report.txt"*) by rm (pid *, uid 0) in deleter.service = 0'

refuse() {
	run_unit nginx.service -p User=nobody -p SuccessExitStatus=1 /bin/cat /etc/shadow /nonexistent
}
recipe 'What is a service refused?' refuse
answer=$(grep -F ' by cat ' <<<"$answer")
answers 'openat(*"/etc/shadow"*) by cat (pid *, uid *) in nginx.service = -1 EACCES'

# The routes are those of the daemon's start, which makes the black boxes.
crash() {
	systemctl restart tailcalld
	printf '%s\n' '[Unit]' "$(sed -n 's/^    OnFailure=/OnFailure=/p' /e2e-recipes.md)" '[Service]' \
		'ExecStart=/bin/sh -c "cat /etc/hostname /nowhere; kill -9 $$$$"' >/run/systemd/system/failing.service
	systemctl daemon-reload
	systemctl start failing.service
	soon 'the failure is dumped' 1 count "TAILCALLD_REASON=$(reason_of_dump)" OBJECT_SYSTEMD_UNIT=failing.service
}
recipes+=('## What did a service do before it failed?')
mkdir -p /etc/tailcalld.d
block toml 'What did a service do before it failed?' >/etc/tailcalld.d/chapter.toml
crash
answer=$(ask 'What did a service do before it failed?')
answers '*failing.service*' '*failing.service*' '*by sh (pid *) in failing.service*' "Dumped * calls of failing.service ($(reason_of_dump))*"
systemctl reset-failed
rm -r /etc/tailcalld.d
systemctl restart tailcalld

mount_something() {
	run_unit mounts.service /bin/mount -t tmpfs recipe /mnt
	umount /mnt
}
recipe 'Who mounted a file system, who loaded a kernel module?' mount_something
like 'Who mounted a file system, who loaded a kernel module? has the mount' \
	'*by mount (pid *, uid 0) in mounts.service = 0*' "$answer"
like 'Who mounted a file system, who loaded a kernel module? has the end of the mount' \
	'*umount2("/mnt", *) by umount (pid *) in e2e.service = 0*' "$answer"

is 'every recipe is tried' "$(grep '^## ' /e2e-recipes.md)" "$(printf '%s\n' "${recipes[@]}")"

mv /run/nginx.init /etc/init.d/nginx
mv /run/nginx.unit /lib/systemd/system/nginx.service
systemctl daemon-reload
