# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tailcalld_global_optspecs
    string join \n config= output= attach= socket= pin= v/verbose h/help V/version
end

function __fish_tailcalld_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_tailcalld_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_tailcalld_using_subcommand
    set -l cmd (__fish_tailcalld_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c tailcalld -n "__fish_tailcalld_needs_command" -l config -d 'Configuration file; its drop-ins are *.toml in the directory of the same name with .d' -r -F
complete -c tailcalld -n "__fish_tailcalld_needs_command" -l output -d 'Destination of the records' -r -f -a "auto\t'Journal under systemd, text on a terminal, JSON lines into a pipe or file'
journal\t'Structured journal entries'
text\t'One line of text per record'
json\t'One JSON object per line'
export\t'Entries of the journal for another machine, in the journal export format: for systemd-journal-remote'"
complete -c tailcalld -n "__fish_tailcalld_needs_command" -l attach -d 'Attach point, overriding the configuration' -r -f -a "auto\t'The functions if every routed syscall has one in this kernel, otherwise the tracepoint'
tracepoint\t'The entry of all syscalls'
function\t'The kernel functions of the routed syscalls'"
complete -c tailcalld -n "__fish_tailcalld_needs_command" -l socket -d 'Control socket, for the commands stats, status, route, routes, top, dump and reload' -r -F
complete -c tailcalld -n "__fish_tailcalld_needs_command" -l pin -d 'Directory in a bpf file system where table, ring and links outlive a daemon without systemd' -r -F
complete -c tailcalld -n "__fish_tailcalld_needs_command" -s v -l verbose -d 'Log more about what the daemon itself does'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "run" -d 'Record syscalls until a signal stops the daemon; this is the default command'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "check" -d 'Check a configuration with its drop-ins and print every fault; needs no privileges'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "syscalls" -d 'List all syscalls, sets of syscalls and operations of io_uring, or the members of one set'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "handlers" -d 'List the handlers and the fields that each captures'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "stats" -d 'Print the counters of the running daemon: what became of every call'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "status" -d 'Print the state of the running daemon, where it is attached and why'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "explain" -d 'Print why a syscall is recorded or is not: its line, the rule and option that decide, the rate now'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "route" -d 'Add a route for some time, remove one before it ends, or list them'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "routes" -d 'Print the live table with the counters and the cost of each route'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "profile" -d 'Print a hardening drop-in for a unit, from what routes with novel have recorded of it'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "top" -d 'Show routes, units, commands and users of the running daemon by what they do now, in a terminal'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "trace" -d 'Print system calls as they are made, without a configuration; beside the daemon, too'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "cost" -d 'Measure what routes would record: entries, bytes a day, CPU time; nothing is written'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "dump" -d 'Write the last calls of a unit, which its black box has, to the journal; without a unit list the black boxes'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "metrics" -d 'Print the counters of the running daemon as OpenMetrics text, for Prometheus'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "reload" -d 'Make the daemon read its configuration again; print what changed, or every fault'
complete -c tailcalld -n "__fish_tailcalld_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -l config -d 'Configuration file; its drop-ins are *.toml in the directory of the same name with .d' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -l output -d 'Destination of the records' -r -f -a "auto\t'Journal under systemd, text on a terminal, JSON lines into a pipe or file'
journal\t'Structured journal entries'
text\t'One line of text per record'
json\t'One JSON object per line'
export\t'Entries of the journal for another machine, in the journal export format: for systemd-journal-remote'"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -l attach -d 'Attach point, overriding the configuration' -r -f -a "auto\t'The functions if every routed syscall has one in this kernel, otherwise the tracepoint'
tracepoint\t'The entry of all syscalls'
function\t'The kernel functions of the routed syscalls'"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -l socket -d 'Control socket, for the commands stats, status, route, routes, top, dump and reload' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -l pin -d 'Directory in a bpf file system where table, ring and links outlive a daemon without systemd' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -s v -l verbose -d 'Log more about what the daemon itself does'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand run" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand check" -l config -d 'Configuration file, as for the command run' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand check" -s v -l verbose -d 'Print the resolved table too, with the entry that made each route'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand check" -s q -l quiet -d 'Print faults only'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand check" -l load -d 'Have the kernel verify handlers in objects of their own; needs the privileges of the daemon'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand check" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand check" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand syscalls" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand syscalls" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand handlers" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand handlers" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand stats" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand stats" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand stats" -l per-cpu -d 'Print one line per CPU'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand stats" -l check -d 'Check that every call is accounted for; print the differences and exit with 1 if not'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand stats" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand stats" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand status" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand status" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand status" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand status" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand explain" -s p -l pid -d 'Judge the calls of this process by each rule' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand explain" -s u -l unit -d 'Judge the calls of this unit\'s processes by each rule' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand explain" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand explain" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand explain" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and not __fish_seen_subcommand_from add remove list help" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and not __fish_seen_subcommand_from add remove list help" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and not __fish_seen_subcommand_from add remove list help" -f -a "add" -d 'Add a route that ends by itself, such as: \'openat = { handler = "args", unit = "nginx" }\''
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and not __fish_seen_subcommand_from add remove list help" -f -a "remove" -d 'Remove a temporary route before its time'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and not __fish_seen_subcommand_from add remove list help" -f -a "list" -d 'List the temporary routes and when they end'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and not __fish_seen_subcommand_from add remove list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from add" -l for -d 'Time that the route stays, such as 10min, up to 30 days; also if the daemon is restarted meanwhile' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from add" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from add" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from remove" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from remove" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from list" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from list" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a route that ends by itself, such as: \'openat = { handler = "args", unit = "nginx" }\''
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a temporary route before its time'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the temporary routes and when they end'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand routes" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand routes" -l measure -d 'Measure the run time of calls for so long, such as 5s, up to a minute, and print it' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand routes" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand routes" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand routes" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand profile" -l check -d 'Print what the drop-in FILE would deny of what the unit has done, and exit with 1 if there is anything' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand profile" -l for -d 'Watch for TIME, such as 10min' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand profile" -l watch -d 'Print each call of the unit, as it is made, that the drop-in would deny, until Ctrl-C; exit with 1 if there is any'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand profile" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand profile" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand top" -l view -d 'View to begin with' -r -f -a "routes\t'Routes of the live table'
units\t'Units of systemd'
commands\t'Names of tasks'
users\t'Real users'"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand top" -l sort -d 'Column to sort by, the highest values first' -r -f -a "name\t'Name of the route, unit, command or user'
seen\t'Calls that reached the handler'
events\t'Events that were written, alone or in an aggregate'
bytes\t'Bytes of their records'
errors\t'Events whose call returned an error'
lost\t'Events that were lost'
time\t'Time of a call in the kernel programs'
cpu\t'Share of a CPU that the kernel programs take'"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand top" -l interval -d 'Time between two readings of the counters, from 0.1 to 20' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand top" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand top" -l once -d 'Print one table with the counts of one interval; needs no terminal'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand top" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s p -l pid -d 'Calls of a process, and of those that it starts from now on' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s u -l unit -d 'Calls of services and other units of the system, such as nginx.service' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -l user -d 'Calls of users, by name' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -l comm -d 'Calls of tasks with these names' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -l exe -d 'Calls of programs, by path' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -l path -d 'Calls with an argument that is one of these paths, such as \'/etc/**\'' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -l fd-path -d 'Calls on an open file with one of these paths' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -l with -d 'A further option of a route, as in the configuration: \'container = true\'' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s o -l output -d 'Write to a file; by default to standard output, beside a command to standard error' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s f -l failed -d 'Calls that fail'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s c -l summary -d 'Count calls, errors and time by system call, and print a table at the end'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -l json -d 'Print JSON lines, as the daemon writes them'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand cost" -l if -d 'Line of [routes], or [probes], to measure instead of the routes of the configuration; may be repeated' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand cost" -l config -d 'Configuration file: its routes, or for entries its other options' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand cost" -l for -d 'Time of the measurement, up to a minute' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand cost" -l json -d 'Print one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand cost" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand cost" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand dump" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand dump" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand dump" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand dump" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand metrics" -s o -l output -d 'Write to a file, such as one of the node exporter\'s textfile collector; it is replaced in a single step' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand metrics" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand metrics" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand metrics" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand reload" -l socket -d 'Control socket of the daemon' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand reload" -s n -l dry-run -d 'Print what would change if FILE, or the file as it is now, were loaded; nothing does. The daemon reads FILE, so the sandbox of the unit hides those below /home and /tmp' -r -F
complete -c tailcalld -n "__fish_tailcalld_using_subcommand reload" -l confirm -d 'Make FILE live for TIME, such as 60s, and go back to the configuration then, unless FILE was copied there' -r
complete -c tailcalld -n "__fish_tailcalld_using_subcommand reload" -l json -d 'Print the reply as one JSON object'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand reload" -s h -l help -d 'Print help'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand reload" -s V -l version -d 'Print version'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "run" -d 'Record syscalls until a signal stops the daemon; this is the default command'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "check" -d 'Check a configuration with its drop-ins and print every fault; needs no privileges'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "syscalls" -d 'List all syscalls, sets of syscalls and operations of io_uring, or the members of one set'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "handlers" -d 'List the handlers and the fields that each captures'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "stats" -d 'Print the counters of the running daemon: what became of every call'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "status" -d 'Print the state of the running daemon, where it is attached and why'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "explain" -d 'Print why a syscall is recorded or is not: its line, the rule and option that decide, the rate now'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "route" -d 'Add a route for some time, remove one before it ends, or list them'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "routes" -d 'Print the live table with the counters and the cost of each route'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "profile" -d 'Print a hardening drop-in for a unit, from what routes with novel have recorded of it'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "top" -d 'Show routes, units, commands and users of the running daemon by what they do now, in a terminal'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "trace" -d 'Print system calls as they are made, without a configuration; beside the daemon, too'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "cost" -d 'Measure what routes would record: entries, bytes a day, CPU time; nothing is written'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "dump" -d 'Write the last calls of a unit, which its black box has, to the journal; without a unit list the black boxes'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "metrics" -d 'Print the counters of the running daemon as OpenMetrics text, for Prometheus'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "reload" -d 'Make the daemon read its configuration again; print what changed, or every fault'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and not __fish_seen_subcommand_from run check syscalls handlers stats status explain route routes profile top trace cost dump metrics reload help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and __fish_seen_subcommand_from route" -f -a "add" -d 'Add a route that ends by itself, such as: \'openat = { handler = "args", unit = "nginx" }\''
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and __fish_seen_subcommand_from route" -f -a "remove" -d 'Remove a temporary route before its time'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand help; and __fish_seen_subcommand_from route" -f -a "list" -d 'List the temporary routes and when they end'
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -f -a "(tailcalld complete-names syscalls 2>/dev/null)"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand trace" -s u -l unit -x -a "(tailcalld complete-names units 2>/dev/null)"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand explain" -f -a "(tailcalld complete-names routes 2>/dev/null)"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand explain" -s u -l unit -x -a "(tailcalld complete-names units 2>/dev/null)"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand syscalls" -f -a "(tailcalld complete-names sets 2>/dev/null)"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand profile" -f -a "(tailcalld complete-names units 2>/dev/null)"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand dump" -f -a "(tailcalld complete-names boxes 2>/dev/null)"
complete -c tailcalld -n "__fish_tailcalld_using_subcommand route; and __fish_seen_subcommand_from remove" -f -a "(tailcalld complete-names temporary 2>/dev/null)"
