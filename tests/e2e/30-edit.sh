chapter edit

pid=$(property MainPID)
generation=$(generation)
run_unit before.service /bin/sync
settle
is 'a call without a route is not recorded' 0 \
	"$(count SYSCALL_NAME=sync OBJECT_SYSTEMD_UNIT=before.service)"

# sed replaces the file by a new one, as editors do.
sed -i 's/^execveat .*/&\nsync = { handler = "args", priority = "notice" }/' /etc/tailcalld.toml
soon 'saving the file reloads it' "Reloaded, generation $((generation + 1)): added sync=args" \
	last MESSAGE $RELOADED
soon 'the status shows the new table' "18 routes, generation $((generation + 1))" table
run_unit after.service /bin/sync
settle
is 'a call with a route is recorded' 1 "$(count SYSCALL_NAME=sync OBJECT_SYSTEMD_UNIT=after.service)"
is 'with the priority of the route' 5 \
	"$(values PRIORITY SYSCALL_NAME=sync OBJECT_SYSTEMD_UNIT=after.service)"
is 'and the new generation' $((generation + 1)) \
	"$(values SYSCALL_GENERATION SYSCALL_NAME=sync OBJECT_SYSTEMD_UNIT=after.service)"
is 'the daemon was not restarted' "$pid" "$(property MainPID)"
