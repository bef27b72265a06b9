# Pipes, jobs, traps, here-documents and redirections of the plain shell.
set -eu
trap 'echo hangup >&2' HUP
trap 'rm -f left' EXIT
kill -HUP $$
printf '%s\n' c a b | sort | tr a-z A-Z >upper
while read -r word; do echo "<$word>"; done <upper
cat <<END >text
one
two
END
sleep 0.1 &
sleep 5 &
kill $!
wait || true
(cd / && pwd && umask 077 && umask)
: >left 2>&1
cat /nowhere 2>/dev/null || true
[ -e text ] && [ -x /bin/sh ] && [ ! -d text ]
exec 3<text
read -r line <&3
exec 3<&-
echo "$line $(wc -l <text)"
