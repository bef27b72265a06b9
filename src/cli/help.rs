//! Text below the options of `--help`: what is written where, and examples.

/// Text of `profile`.
pub(super) const PROFILE: &str = "\
The drop-in goes to standard output, with the evidence for each line as comments. Nothing is changed before
it is installed:
  tailcalld profile nginx.service > nginx.conf
  tailcalld profile nginx.service --check nginx.conf
  tailcalld profile nginx.service --check nginx.conf --watch --for 1h
  install -D -m 644 nginx.conf /etc/systemd/system/nginx.service.d/50-profile.conf
  systemctl daemon-reload
  systemctl restart nginx.service

Examples:
  tailcalld profile nginx.service
  tailcalld profile nginx.service --watch --for 10min

What a unit does is learned by a route with novel = \"unit\": see profile in tailcalld(8).";

/// Text of `explain`.
pub(super) const EXPLAIN: &str = "\
Examples:
  tailcalld explain openat
  tailcalld explain openat --unit nginx.service
  tailcalld explain 59 --pid 1234

The rate is that of a second in which the command waits; see explain in tailcalld(8).";

/// Text of `route add`.
pub(super) const ROUTE_ADD: &str = "\
Examples:
  tailcalld route add 'openat = { handler = \"args\", unit = \"nginx.service\" }' --for 10min
  tailcalld route add '\"@network-io\" = { handler = \"args\", result = \"failed\" }' --for 1h

The number of the route and its end go to standard output; tailcalld route remove NUMBER ends it earlier. Its records go
where the daemon writes all others: journalctl -u tailcalld -f prints them.";

/// Text of `reload`.
pub(super) const RELOAD: &str = "\
Examples:
  tailcalld reload --dry-run
  tailcalld reload --confirm 60s /etc/tailcalld.new.toml
  cp /etc/tailcalld.new.toml /etc/tailcalld.toml

The last one keeps what the second one tries. A daemon reads its files as soon as they are saved: reload is needed only to see
the changes, or every fault, on the terminal. With a fault nothing changes, and the exit code is 78.";

/// Text of `dump`.
pub(super) const DUMP: &str = "\
Examples:
  tailcalld dump
  tailcalld dump web.service

The calls go to the journal, where journalctl -u web.service has them as well; their number, and the query for this dump
alone, go to standard output. A unit has a black box if a route with keep = \"blackbox\" matches its calls.";

/// Text of `metrics`.
pub(super) const METRICS: &str = "\
Examples:
  tailcalld metrics
  tailcalld metrics --output /var/lib/prometheus/node-exporter/tailcalld.prom

The text goes to standard output, or with --output to a file that everybody can read. The daemon writes such a file by itself
with [metrics] textfile: see tailcalld.toml(5).";

/// Text of `cost`.
pub(super) const COST: &str = "\
Examples:
  tailcalld cost --if 'read = \"args\"'
  tailcalld cost --if 'openat = { handler = \"args\", unit = \"nginx.service\" }' --for 30s
  tailcalld cost

Nothing is written to the journal. The calls are recorded by a table and a ring of their own, so a daemon that runs is not
disturbed; the limits of the configuration apply.";

/// Text of `trace`.
pub(super) const TRACE: &str = "\
Examples:
  tailcalld trace -- ls -l
  tailcalld trace openat --path '/etc/**'
  tailcalld trace @network-io --unit nginx.service
  tailcalld trace --pid 1234 --failed
  tailcalld trace -c -- make

The trace has a table and a ring of its own: a daemon that runs is not disturbed. It ends with the command, or with
Ctrl-C. With a command, the exit code is that of the command.";

/// Text of `tailcalld`.
pub(super) const TAILCALLD: &str = "\
Besides syscalls, [probes] of the configuration routes tracepoints of the kernel and its functions;
these need kprobe.multi (Linux 5.19 or newer, with CONFIG_FPROBE).

Exit codes: 0 success, 1 failure, 2 wrong command line, 69 this host lacks a requirement,
77 permission denied, 78 invalid configuration.";
