# Prepares the second boot, for after-boot.sh.
chapter reboot

outcome systemctl enable tailcalld >/dev/null
is 'the service is enabled' enabled "$(systemctl is-enabled tailcalld)"
sed -i 's/^execveat .*/&\nsync = "args"/' /etc/tailcalld.toml
is 'loads the edited configuration' 0 "$(outcome systemctl reload tailcalld)"
