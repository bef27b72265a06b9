# ecs.jq: records of `tailcalld --output json` as documents of the Elastic Common Schema, one per line.
# docs/json/README.md has the table. Run as: jq -c -f ecs.jq

# Removes what is not known.
def known: with_entries(select(.value != null and .value != {} and .value != []));

# Category and type of a syscall.
def sort_of($exec; $path; $socket):
  if $exec then [["process"], ["start"]]
  elif $socket then [["network"], ["connection"]]
  elif $path then [["file"], ["access"]]
  else [["process"], ["info"]]
  end;

def outcome:
  if .errno != null then "failure"
  elif .result != null then "success"
  else "unknown"
  end;

# Programs that are executed are the process from then on; before, it is the one that calls.
def executable($exec): if $exec then (.paths[0] // .args.filename) else .exe end;

def process($exec):
  {
    pid, name: .comm, entity_id: .process, executable: executable($exec),
    args: .argv, args_count: .args.argc, working_directory: .cwd, env_vars: .env,
    thread: ({ id: .tid } | known),
    parent: ({ pid: .ppid, entity_id: .parent } | known),
    hash: ({ sha256: .exe_sha256 } | known)
  } | known;

def user:
  {
    id: (.uid | if . == null then null else tostring end),
    effective: ({ id: (.euid | if . == null then null else tostring end) } | known),
    group: ({ id: (.gid | if . == null then null else tostring end) } | known)
  } | known;

# Everything else, under the keys of docs/events.md: nothing is lost.
def rest($exec):
  del(.message, .time, .pid, .tid, .ppid, .uid, .euid, .gid, .comm, .cwd, .argv, .env, .process, .parent,
      .exe_sha256, .container_id, .errno, .duration_ns, .record)
  | if $exec then . else del(.exe) end;

. as $record
| (.syscall // "" | . == "execve" or . == "execveat") as $exec
| ((.call // .syscall // "") | IN("connect", "bind", "accept", "accept4", "listen")) as $socket
| sort_of($exec; (.paths // []) != []; $socket) as [$category, $type]
| {
    "@timestamp": .time,
    ecs: { version: "8.11.0" },
    message,
    event: ({
      kind: "event",
      module: "tailcalld",
      dataset: ("tailcalld." + .record),
      provider: (if .record == "syscall" then .handler else null end),
      action: (.call // .syscall // .record),
      category: (if .record == "syscall" then $category else ["host"] end),
      type: (if .record == "syscall" then $type else ["info"] end),
      outcome: (if .record == "syscall" then outcome else null end),
      duration: .duration_ns
    } | known),
    log: { syslog: { severity: { code: .priority } } },
    process: process($exec),
    user: user,
    file: (if $exec or $socket then {} else { path: .paths[0] } | known end),
    error: ({ code: .errno } | known),
    container: ({ id: .container_id } | known),
    service: ({ name: .unit } | known),
    tailcalld: ($record | rest($exec))
  }
| known
