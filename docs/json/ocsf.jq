# ocsf.jq: records of system calls of `tailcalld --output json` as events of the Open Cybersecurity Schema Framework, one
# per line. docs/json/README.md has the table. Run as: HOSTNAME=$(hostname) jq -c -f ocsf.jq

# Removes what is not known.
def known: with_entries(select(.value != null and .value != {} and .value != []));

# Milliseconds since 1970 of 2026-01-02T03:04:05.006007008Z.
def milliseconds:
  capture("^(?<seconds>[^.]*)[.](?<ms>[0-9]{3})") | (.seconds + "Z" | fromdate) * 1000 + (.ms | tonumber);

def file($path): if $path == null then null else { path: $path, name: ($path | split("/") | last), type_id: 1 } end;

def with_hash($sha256):
  if . == null or $sha256 == null then .
  else . + { hashes: [{ algorithm_id: 3, algorithm: "SHA-256", value: $sha256 }] }
  end;

def user: { uid: (.uid | tostring), type_id: (if .uid == 0 then 2 else 1 end) };

def parent: { pid: .ppid, uid: .parent } | known;

# Process that makes the call.
def caller:
  {
    pid, tid, uid: .process, name: .comm, file: file(.exe), user: user, parent_process: parent,
    session: ({ uid: (.session | if . == null then null else tostring end), terminal: .tty } | known),
    container: ({ uid: .container_id } | known)
  } | known;

# Process that a call has executed: the same process with another program.
def executed:
  .exe_sha256 as $sha256
  | {
    pid, tid, uid: .process, name: .comm, user: user, parent_process: parent,
    file: (file(.paths[0] // .args.filename) | with_hash($sha256)),
    cmd_line: (if .argv == null then null else .argv | map(. // "?") | join(" ") end)
  } | known;

select(.record == "syscall")
| (.syscall == "execve" or .syscall == "execveat") as $exec
| (if $exec then { class_uid: 1007, activity_id: 1, process: executed, launch_type_id: 3 }
   else { class_uid: 1003, activity_id: 4,
          kernel: { name: (.call // .syscall // "#\(.nr)"), type_id: 2, type: "System Call" } }
   end) as $class
| {
    metadata: {
      version: "1.4.0",
      product: { name: "tailcalld", vendor_name: "tailcalld" },
      log_provider: .handler
    },
    time: (.time | milliseconds),
    category_uid: 1,
    type_uid: ($class.class_uid * 100 + $class.activity_id),
    severity_id: ([null, null, null, 4, 3, 2, 1, 1][.priority] // 0),
    status_id: (if .errno != null then 2 elif .result != null then 1 else 0 end),
    status_code: .errno,
    duration: (if .duration_ns == null then null else .duration_ns / 1000000 | floor end),
    message,
    device: { hostname: ($ENV.HOSTNAME // "unknown"), type_id: 0 },
    actor: { process: caller },
    unmapped: (del(.message, .time, .pid, .tid, .ppid, .uid, .comm, .exe, .process, .parent, .argv, .exe_sha256,
                   .container_id, .errno, .session, .tty) | known)
  } + $class
| known
