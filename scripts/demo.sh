#!/bin/bash
# demo.sh: runs tailcalld as in README.md on this machine and writes what a terminal shows to docs/demo.svg. Needs root,
# a built binary (BINARY=FILE; default: target/release/tailcalld) and no daemon that runs.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${BINARY:-target/release/tailcalld}")
picture=$PWD/docs/demo.svg
cd /
[ ! -e /run/tailcalld ] || { echo 'demo: /run/tailcalld exists, stop the daemon first' >&2; exit 69; }
[ "$(id -u)" -eq 0 ] || { echo 'demo: records system calls, so it needs root' >&2; exit 77; }

work=$(mktemp -d)
daemon=
clean_up() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
	wait
	rm -rf "$work" /run/tailcalld
}
trap clean_up EXIT
mkdir "$work/bin"
ln -s "$binary" "$work/bin/tailcalld"
export PATH=$work/bin:$PATH TZ=UTC LC_ALL=C

cat >"$work/tailcalld.toml" <<'END'
[routes]
execve = { handler = "exec", result = ">= 0" }
unlinkat = { handler = "args", path = "/etc/**", result = true }
END

# Shows a command as it is typed, and what it prints.
show() {
	printf '$ %s\n' "$*"
	bash -c "${*//sudo /}" 2>&1 || true
	echo
}

# Waits until the daemon has written a line that matches.
seen() {
	until grep -q "$1" "$work/lines"; do sleep 0.05; done
}

touch "$work/lines"
tailcalld --config "$work/tailcalld.toml" --output text >"$work/lines" 2>/dev/null &
daemon=$!
seen Started
{
	show "sudo tailcalld trace openat read -- cat /etc/hostname"
	show "sudo tailcalld route add 'mkdir = \"args\"' --for 10min"
	show "sudo tailcalld explain mkdir --pid $$"
	show 'mkdir /etc/demo; rmdir /etc/demo; rm -f /etc/nothing'
	seen nothing
	printf '$ sudo tailcalld --output text    # or, as a service: journalctl -u tailcalld\n'
	grep -E 'Started|Reloaded|/etc/(demo|nothing)' "$work/lines" | grep -v '"grep"\|"-c"' | sed -E 's/(Linux [0-9.]+)-[^ ,]*/\1/'
} >"$work/screen"

# Lines of a terminal as text of an image.
awk -v columns=118 '
	function escaped(text) {
		gsub(/&/, "\\&amp;", text)
		gsub(/</, "\\&lt;", text)
		return text
	}
	{
		do {
			line[++count] = substr($0, 1, columns)
			is_typed[count] = /^\$ /
			$0 = substr($0, columns + 1)
		} while ($0 != "")
	}
	END {
		width = columns * 8 + 32
		height = count * 18 + 28
		printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height
		print "<title>tailcalld in a terminal</title>"
		print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1b1f24\"/>"
		print "<g font-family=\"monospace\" font-size=\"13\" fill=\"#d0d7de\" xml:space=\"preserve\">"
		for (i = 1; i <= count; i++)
			printf "<text x=\"16\" y=\"%d\"%s textLength=\"%d\">%s</text>\n", i * 18 + 10,
				is_typed[i] ? " fill=\"#7ee787\"" : "", length(line[i]) * 8, escaped(line[i])
		print "</g>"
		print "</svg>"
	}' "$work/screen" >"$picture"
cat "$work/screen"
