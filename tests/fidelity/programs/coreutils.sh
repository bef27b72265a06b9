# Files made, listed, copied, moved, changed and removed.
set -e
mkdir -p a/b/c
seq 1 5000 >numbers
cp numbers a/one; cp -a a copy; mv a/one a/two; ln a/two hard; ln -s a/two soft
sort -rn numbers | uniq -c | head -n 3 | tail -n 1
shuf -n 10 numbers | sort -R >/dev/null
ls -la . a; ls -l --color=always / >/dev/null; ls /nowhere || true
stat numbers soft; stat -f .; stat -L soft
df -h . >/dev/null; du -sh a; 
dd if=/dev/zero of=zeroes bs=64k count=4 conv=fsync status=none
truncate -s 1M sparse; shred -n 1 sparse
touch -d '2020-02-03 04:05:06 UTC' old; touch -r old new; touch -a new
chmod 640 new; chmod u+s new; chown 1:2 new; chgrp 3 new
cat numbers zeroes | md5sum; sha256sum numbers; cksum numbers; wc numbers
tee copied <numbers >/dev/null; cmp copied numbers; split -n 3 numbers part.
readlink -f soft; realpath soft; basename /x/y; dirname /x/y; pwd -P
mkfifo pipe; (cat pipe >/dev/null) & echo through >pipe; wait
mknod null c 1 3 || true
id; whoami; uname -a; date -u; hostname || true; nproc; tty || true; uptime || true
timeout 0.1 sleep 5 || true
nice -n 5 true; nohup true; env -i true; sync numbers
find . -type f -size +1k -newer old -print0 | xargs -0 ls -ln
grep -r 4999 . ; sed -i 's/1/2/' copied; awk 'END { print NR }' numbers
tar -cf all.tar a copy; tar -tf all.tar >/dev/null; gzip -k numbers; gzip -t numbers.gz
mktemp -d ./tmp.XXXXXX; install -m 600 numbers installed; rmdir a/b/c; rm -rf a copy part.*
