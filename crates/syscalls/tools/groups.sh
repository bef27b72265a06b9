#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Converts the groups that systemd lists to the form of groups.txt, on standard output:
#
#	systemd-analyze syscall-filter | sh tools/groups.sh tables/groups.txt
#
# The comment at the top and the descriptions are those of the file; a new group gets the description of systemd.
# Put systemd's version (systemd-analyze --version) into the first line.
set -eu
[ $# = 1 ] || { sed -n 's/^#	//p' "$0" >&2; exit 2; }
groups=$1

grep '^#' "$groups"
awk -v groups="$groups" '
	BEGIN {
		while ((getline line < groups) > 0)
			if (line ~ /^@/) {
				name = line
				sub(/:.*/, "", name)
				description[name] = substr(line, length(name) + 3)
			}
	}
	/^@/ { name = $1; names[name]; next }
	/^ *# / { if (!(name in description)) { sub(/^ *# /, ""); description[name] = $0 }; next }
	name && NF { print name "\t" description[name] "\t" $1 }
' | LC_ALL=C sort -u | awk -F '\t' '
	function flush() { if (line != "") print "   " line; line = "" }
	$1 != name { flush(); print ""; print $1 ": " $2; name = $1 }
	length(line) + length($3) + 4 > 100 { flush() }
	{ line = line " " $3 }
	END { flush() }
'
