# The rpm of the host in a Debian tree: its database is empty, so dependencies are not checked.
chapter rpm

# rpm ARGUMENT...: runs rpm with the libraries that came with it.
rpm() {
	RPM_CONFIGDIR=/opt/rpm/config /opt/rpm/ld.so --library-path /opt/rpm/lib /opt/rpm/rpm "$@"
}

# install_package VERSION: installs both packages of a version.
install_package() {
	rpm --upgrade --nodeps /shared/packages/"$1"/*.rpm
}

before=$(left_behind)
is 'installs' 0 "$(install_package old >/run/output 2>&1; echo $?)"
is 'has these files' "$(cat /e2e/packages/rpm.txt)" "$(rpm --query --list tailcalld tailcalld-devel |
	while read -r file; do [ -d "$file" ] || echo "$file"; done | grep -v '^/usr/share/doc/' | sort)"
is 'the files are as in the packages' '' "$(rpm --verify --nodeps tailcalld tailcalld-devel 2>&1)"
is 'the catalog has all kinds of records' 22 "$(journalctl --list-catalog | grep -c ' tailcalld: ')"
is 'follows the presets: enabled, not started' 'enabled inactive' \
	"$(systemctl is-enabled tailcalld) $(systemctl is-active tailcalld)"
is 'starts' 0 "$(outcome systemctl start tailcalld)"
check_running rpm

chapter 'upgrade of the rpm'
check_upgrade new
like 'has the new version' '*+next' "$(rpm --query --queryformat '%{VERSION}' tailcalld)"
check_running rpm-new

chapter 'removal of the rpm'
systemctl reset-failed tailcalld
is 'is removed' 0 "$(rpm --erase tailcalld tailcalld-devel >/run/output 2>&1; echo $?)"
check_removed
is 'only the edited configuration is left, renamed' /etc/tailcalld.toml.rpmsave \
	"$(comm -13 <(echo "$before") <(left_behind))"
rm /etc/tailcalld.toml.rpmsave
is 'installs again' 0 "$(install_package old >/run/output 2>&1; echo $?)"
systemctl start tailcalld
is 'is removed again' 0 "$(rpm --erase tailcalld tailcalld-devel >/run/output 2>&1; echo $?)"
is 'nothing is left' '' "$(comm -13 <(echo "$before") <(left_behind))"
