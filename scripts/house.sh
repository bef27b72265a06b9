#!/bin/sh
# house.sh [summaries | types]: lists doc summaries that cannot stand alone and type names that a
# crate defines more than once. Fails if there are any except those in scripts/house.txt, which has
# the reason for each. Called by `make lint`.
#
# A summary is the first line of a doc comment. An index shows it beside the item's name, so it
# begins with a noun or a verb and never with a relative pronoun or a preposition.
set -eu
cd "$(dirname "$0")/.."

files() {
	git ls-files -co --exclude-standard 'src/*.rs' 'crates/*/src/*.rs' 'benches/*.rs' 'tests/*.rs'
}

summaries() {
	files | xargs awk '
		FNR == 1 { inside = 0 }
		/^[ \t]*\/\/[\/!]/ {
			text = $0
			sub(/^[ \t]*\/\/[\/!] ?/, "", text)
			if (!inside && text ~ /^(Who|Whose|Whom|What|Whatever|Which|Of|Those|That|Where|When|How|Whether|Its|Their|As|And|If|Why|There|Then|Here|So|Not|Also|The same|All\.|Both\.|None\.)([ ,;.:]|$)/)
				print FILENAME ":" FNR ": " text
			inside = 1
			next
		}
		{ inside = 0 }'
}

# Tests are excluded: each file may have a fixture of the same name.
types() {
	files | grep -E '^(src|crates/[^/]*/src)/' | grep -vE '(^|/)tests(/|\.rs$)' | xargs awk '
		FNR == 1 { test = 0; split(FILENAME, part, "/"); crate = part[1] == "crates" ? part[2] : "tailcalld" }
		/^#\[cfg\(test\)\]/ { test = 1 }
		test { next }
		match($0, /^[ \t]*(pub(\([a-z]+\))? )?(struct|enum|trait|type|union) [A-Z][A-Za-z0-9]*/) {
			if ($0 ~ /^[ \t]+type /) next # associated types
			name = substr($0, RSTART, RLENGTH)
			sub(/.* /, "", name)
			places[crate " " name] = places[crate " " name] " " FILENAME ":" FNR
			count[crate " " name]++
		}
		END { for (key in count) if (count[key] > 1) print key ":" places[key] }' | sort
}

left() {
	# The first column of house.txt is a text that the finding contains.
	grep -v '^#' scripts/house.txt | sed -n 's/^\([^\t]*\)\t.*/\1/p' >"$exceptions"
	grep -vFf "$exceptions" || true
}

exceptions=$(mktemp)
trap 'rm -f "$exceptions"' EXIT
found=$(
	case ${1:-all} in summaries) summaries ;; types) types ;; *) summaries; types ;; esac | left
)
[ -z "$found" ] || {
	printf '%s\n' "$found"
	printf '%s\n' "$(printf '%s\n' "$found" | wc -l) findings: see CONTRIBUTING.md" >&2
	exit 1
}
