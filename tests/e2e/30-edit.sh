chapter edit

pid=$(property MainPID)
unit before.service /bin/sync
settle
is 'not routed, not recorded' 0 "$(number SYSCALL_NAME=sync)"

# As editors do: a new file takes the place of the old one.
sed -i 's/^execveat .*/&\nsync = { handler = "args", priority = "notice" }/' /etc/tailcalld.toml
soon 'saving the file rewires' 'Reloaded, generation 2: added sync=args' last MESSAGE $RELOADED
soon 'the status tells the new table' '18 routes, generation 2' table
unit after.service /bin/sync
settle
is 'routed, recorded' 1 "$(number SYSCALL_NAME=sync OBJECT_SYSTEMD_UNIT=after.service)"
is 'with the priority of the route' 5 "$(values PRIORITY SYSCALL_NAME=sync)"
is 'and the new generation' 2 "$(values SYSCALL_GENERATION SYSCALL_NAME=sync)"
is 'the daemon is still the same' "$pid" "$(property MainPID)"
