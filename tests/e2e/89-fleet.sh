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
cp /etc/hosts /run/hosts
echo '10.77.0.2 loghost' >>/etc/hosts

mkdir -p /etc/ssl/fleet
is 'the certificates are made' 0 "$(cd /etc/ssl/fleet && fleet_block '# certificates: authority, log host, host' |
	bash -e >/run/openssl 2>&1 && echo 0 || cat /run/openssl)"
chown systemd-journal-remote /etc/ssl/fleet/loghost.key
chgrp systemd-journal /etc/ssl/fleet/web1.key
chmod 640 /etc/ssl/fleet/web1.key
fleet_file /etc/systemd/journal-remote.conf.d/fleet.conf
fleet_file /etc/systemd/journal-upload.conf.d/fleet.conf

# The unit of the distribution without its socket, which is not in the namespace.
remote=/etc/systemd/system/systemd-journal-remote.service
sed -e '/^Requires=/d; /^PrivateNetwork=/d' -e 's|--listen-https=-3|--listen-https=10.77.0.2:19532|' \
	-e 's|^\[Service\]|&\nNetworkNamespacePath=/run/netns/loghost|' \
	/usr/lib/systemd/system/systemd-journal-remote.service >$remote
systemctl daemon-reload
is 'the log host starts' 0 "$(outcome systemctl start systemd-journal-remote)"
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
	there -o cat --output-fields=SYSCALL_NAME OBJECT_SYSTEMD_UNIT=fleet.service SYSCALL_NAME=chdir | wc -l
}
soon 'the log host has each call of the unit' 16 number_there
is 'all fields arrive as they were written' "$(of_fleet journalctl --no-pager --quiet -t tailcalld)" \
	"$(of_fleet there)"
is 'the file is named after the certificate' /var/log/journal/remote/remote-CN=web1.journal \
	"$(ls /var/log/journal/remote/*.journal)"
is 'no call of upload and log host is recorded' '' \
	"$(values SYSCALL_NAME SYSCALL_COMM=systemd-journal SYSCALL_NAME=chdir)"

# Without a certificate of the authority.
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=stranger -keyout /run/stranger.key -out /run/stranger.pem 2>/dev/null
is 'a stranger is refused' refused "$(echo '__REALTIME_TIMESTAMP=1' | openssl s_client -quiet -no_ign_eof \
	-connect 10.77.0.2:19532 -CAfile /etc/ssl/fleet/ca.pem -cert /run/stranger.pem -key /run/stranger.key 2>&1 |
	grep -q '200 OK\|202 ' || echo refused)"

systemctl stop systemd-journal-upload systemd-journal-remote
ip netns delete loghost
cp /run/hosts /etc/hosts
rm -r $remote /etc/ssl/fleet /etc/systemd/journal-*.conf.d /var/log/journal/remote /run/stranger.* /run/hosts /run/openssl
systemctl daemon-reload
