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
