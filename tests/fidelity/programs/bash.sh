# What bash has beyond that: arrays, process substitution, coprocesses, job control.
set -m
mapfile -t lines < <(seq 1 20)
coproc cat
echo "${#lines[@]}" >&"${COPROC[1]}"
read -r -t 5 -u "${COPROC[0]}" answer
exec {COPROC[1]}>&-
sleep 3 & kill -STOP %% ; kill -CONT %% ; kill -TERM %% ; wait
diff <(echo a) <(echo b)
trap 'echo usr1' USR1
kill -USR1 $$
for n in {1..5}; do (( n % 2 )) && echo "$n" >>"file $n"; done
shopt -s nullglob
echo file*
ulimit -n 100; ulimit -c 0
[[ -r /etc/passwd && "$answer" == 20 ]]
printf '\303\244\n' >'ä'
cat 'ä' | read -r -N 1 letter
exit 0
