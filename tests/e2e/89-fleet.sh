# The journal of this host on another one, as docs/fleet.md has it: by TLS, into a network namespace with a log host.
chapter fleet

# fleet_block LINE: prints the block of docs/fleet.md that begins with this line, without it.
fleet_block() {
	awk -v first="$1" '
		is_inside && /^```$/ { is_inside = 0 }
		is_inside
		$0 == first { is_inside = 1 }' /e2e-fleet.md
}

# fleet_file PATH: creates the file that the document has.
fleet_file() {
	mkdir -p "${1%/*}"
	fleet_block "# $1" >"$1"
}

# A host with an address of its own.
ip netns add loghost
ip link add to-loghost type veth peer name eth0 netns loghost
ip addr add 10.77.0.1/24 dev to-loghost
ip link set to-loghost up
ip -n loghost addr add 10.77.0.2/24 dev eth0
ip -n loghost link set eth0 up
ip -n loghost link set lo up
hosts=$(cat /etc/hosts 2>/dev/null || true)
printf '%s\n' "$hosts" '10.77.0.2 loghost' >/etc/hosts

mkdir -p /etc/ssl/fleet
is 'the certificates are made' 0 "$(cd /etc/ssl/fleet && fleet_block '# certificates: authority, log host, host' |
	bash -e >/run/openssl 2>&1 && echo 0 || cat /run/openssl)"
chgrp systemd-journal /etc/ssl/fleet/web1.key
chmod 640 /etc/ssl/fleet/web1.key
fleet_file /etc/stunnel/fleet.conf
fleet_file /etc/systemd/system/systemd-journal-remote.service.d/fleet.conf
fleet_file /etc/systemd/journal-upload.conf.d/fleet.conf

# A socket of systemd is in no namespace, so the service listens by itself.
remote=/etc/systemd/system/systemd-journal-remote.service
sed -e '/^Requires=/d; /^PrivateNetwork=/d' -e 's|^\[Service\]|&\nNetworkNamespacePath=/run/netns/loghost|' \
	/lib/systemd/system/systemd-journal-remote.service >$remote
sed -i 's|--listen-http=-3|--listen-http=127.0.0.1:19533|' $remote.d/fleet.conf
fleet_file /etc/systemd/system/systemd-journal-remote.socket.d/fleet.conf
systemctl daemon-reload
is 'the socket is that of the document' 'Listen=127.0.0.1:19533 (Stream)' \
	"$(systemctl show --property=Listen systemd-journal-remote.socket)"
is 'the log host starts' 0 "$(outcome systemctl start systemd-journal-remote)"
is 'the relay starts' 0 "$(outcome systemd-run --quiet --unit=relay \
	--property=NetworkNamespacePath=/run/netns/loghost stunnel /etc/stunnel/fleet.conf)"
is 'the upload starts' 0 "$(outcome systemctl start systemd-journal-upload)"

configure '[routes]' 'chdir = { handler = "args", result = true }'
run_unit fleet.service /bin/sh -c 'for i in 1 2 3 4 5 6 7 8; do cd /usr; cd /nonexistent-$i; done; true'
run_unit fleet-end.service /bin/sh -c 'cd /etc/ssl/fleet'
settle

# there ARGUMENT...: runs journalctl on the log host.
there() {
	journalctl -D /var/log/journal/remote --no-pager --quiet -t tailcalld "$@" 2>/dev/null
}
# of_fleet COMMAND...: prints the fields of the records of the unit, in order, without those that a journal file makes.
of_fleet() {
	"$@" -o export OBJECT_SYSTEMD_UNIT=fleet.service | grep -av '^__' | sort | md5sum
}
number_there() {
	there -o cat --output-fields=SYSCALL_NAME OBJECT_SYSTEMD_UNIT=fleet.service SYSCALL_NAME=chdir SYSCALL_COMM=sh | wc -l
}
soon 'the log host has each call of the unit' 16 number_there
is 'all fields arrive as they were written' "$(of_fleet journalctl --no-pager --quiet -t tailcalld)" \
	"$(of_fleet there)"
is 'the files of the log host have the address of the relay' remote-127.0.0.1 \
	"$(ls /var/log/journal/remote | sed 's/@.*//; s/\.journal$//' | sort -u)"
is 'no call of upload and log host is recorded' '' \
	"$(values SYSCALL_NAME SYSCALL_COMM=systemd-journal SYSCALL_NAME=chdir)"

# send CERTIFICATE: sends an entry as a host with this certificate, and prints the status of HTTP, 000 for none.
send() {
	printf '__REALTIME_TIMESTAMP=1796064551954749\n_BOOT_ID=%032d\nMESSAGE=by hand\n\n' 1 |
		curl --silent --output /dev/null --write-out '%{http_code}' --cacert /etc/ssl/fleet/ca.pem \
			--cert "$1.pem" --key "$1.key" --header 'Content-Type: application/vnd.fdo.journal' \
			--data-binary @- https://loghost:19532/upload || true
}
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=stranger -keyout /run/stranger.key -out /run/stranger.pem 2>/dev/null
is 'an entry with a certificate is accepted' 202 "$(send /etc/ssl/fleet/web1)"
is 'an entry of a stranger is refused' 000 "$(send /run/stranger)"

systemctl stop systemd-journal-upload relay systemd-journal-remote
ip netns delete loghost
if [ -n "$hosts" ]; then echo "$hosts" >/etc/hosts; else rm /etc/hosts; fi
rm -r $remote $remote.d ${remote%.service}.socket.d /etc/ssl/fleet /etc/stunnel/fleet.conf /etc/systemd/journal-upload.conf.d /var/log/journal/remote /run/stranger.* /run/openssl
systemctl daemon-reload
