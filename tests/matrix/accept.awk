# accept.awk VERIFIER.TSV RESULTS...: merges the recorded costs of verification with the results of
# guests. Prints, unsorted, the highest measurement of each program, and the recorded costs of
# kernels that were not measured. Called by run.sh.

BEGIN { FS = OFS = "\t" }

NF == 3 && $1 ~ /^(arm64-)?[0-9]+\.[0-9]+$/ {
	if (FILENAME ~ /\.tsv$/) {
		old[$1, $2] = $0
		kernel[$1, $2] = $1
	} else {
		measured[$1]
		if ($3 > cost[$1 OFS $2])
			cost[$1 OFS $2] = $3 + 0
	}
}

END {
	for (key in old)
		if (!(kernel[key] in measured))
			print old[key]
	for (key in cost)
		print key, cost[key]
}
