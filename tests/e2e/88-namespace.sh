chapter 'a journal of its own'

install -D -m 644 /usr/local/share/tailcalld/log-namespace.conf \
	/etc/systemd/system/tailcalld.service.d/log-namespace.conf
install -D -m 644 /usr/local/share/tailcalld/journald@tailcalld.conf \
	/etc/systemd/journald@tailcalld.conf
systemctl daemon-reload
is 'starts with the drop-in' 0 "$(outcome systemctl restart tailcalld)"
run_unit namespace.service /bin/true of-namespace
# of_namespace [OPTION]: prints the unit of each record of the call.
of_namespace() {
	journalctl --quiet --no-pager -o cat --output-fields=OBJECT_SYSTEMD_UNIT "$@" \
		_SYSTEMD_UNIT=tailcalld.service "$(cmdline /bin/true of-namespace)"
}
soon 'the journal of the namespace has the call' namespace.service \
	of_namespace --namespace=tailcalld
is 'the journal of the system does not have it' '' "$(of_namespace)"
is 'both can be read in one sequence' namespace.service "$(of_namespace --namespace=+tailcalld)"
is 'no call of its journald is recorded' '' "$(journalctl --quiet --no-pager -o cat \
	--namespace=tailcalld --output-fields=SYSCALL_NAME SYSCALL_COMM=systemd-journal)"
is 'the limit of the configuration holds' SystemMaxUse=1G \
	"$(systemd-analyze cat-config systemd/journald@tailcalld.conf | grep '^SystemMaxUse')"

rm -r /etc/systemd/system/tailcalld.service.d /etc/systemd/journald@tailcalld.conf
systemctl daemon-reload
is 'starts without the drop-in' 0 "$(outcome systemctl restart tailcalld)"
systemctl stop systemd-journald@tailcalld.socket systemd-journald-varlink@tailcalld.socket \
	systemd-journald@tailcalld.service
rm -rf /var/log/journal/*.tailcalld /run/log/journal/*.tailcalld
