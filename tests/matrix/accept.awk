# The recorded figures and then the results of guests in; out, unsorted: what was measured, and what
# was recorded of kernels that were not. Of several measurements the highest counts.

BEGIN { FS = OFS = "\t" }

NF == 3 && $1 ~ /^[0-9]+\.[0-9]+$/ {
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
