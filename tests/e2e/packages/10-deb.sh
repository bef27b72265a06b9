chapter deb

# install_package VERSION: installs both packages of a version, without questions.
install_package() {
	dpkg --install --force-confold /shared/packages/"$1"/*.deb
}

before=$(left_behind)
is 'installs' 0 "$(install_package old >/run/output 2>&1; echo $?)"
is 'has these files' "$(cat /e2e/packages/deb.txt)" "$(dpkg --listfiles tailcalld tailcalld-dev |
	while read -r file; do [ -z "$file" ] || [ -d "$file" ] || echo "$file"; done | grep -v '^/usr/share/doc/' | sort)"
is 'the files are as in the packages' '' "$(dpkg --verify tailcalld tailcalld-dev | grep -v /usr/share/)"
like 'the configuration is a conffile' ' /etc/tailcalld.toml *' "$(dpkg-query -W -f '${Conffiles}' tailcalld | grep .)"
is 'the catalog has all kinds of records' 22 "$(journalctl --list-catalog | grep -c ' tailcalld: ')"
is 'is enabled' enabled "$(systemctl is-enabled tailcalld)"
check_running deb

chapter 'upgrade of the deb'
check_upgrade new
like 'has the new version' '*+next-1' "$(dpkg-query -W -f '${Version}' tailcalld)"
check_running deb-new
systemctl reset-failed tailcalld

chapter 'removal of the deb'
is 'is removed' 0 "$(dpkg --remove tailcalld tailcalld-dev >/run/output 2>&1; echo $?)"
check_removed
is 'only configuration and state are left' "$(printf '%s\n' /etc/tailcalld.toml /var/lib/tailcalld)" \
	"$(comm -13 <(echo "$before") <(left_behind) | grep -vE '^/var/lib/(dpkg/info/|systemd/deb-systemd-helper|systemd/catalog)|^/etc/systemd/system/')"
is 'installs again' 0 "$(install_package old >/run/output 2>&1; echo $?)"
check_running deb-again

chapter 'purge of the deb'
is 'is purged' 0 "$(dpkg --purge tailcalld tailcalld-dev >/run/output 2>&1; echo $?)"
check_removed
is 'nothing is left' '' "$(comm -13 <(echo "$before") <(left_behind))"
