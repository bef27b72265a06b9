# table.awk RESULTS...: prints a table of tests and kernels from the results of guests, one file per
# kernel. Fails if a test failed, if a guest ended early, or if there is no test at all. Called by
# run.sh.

FNR == 1 {
	kernel = FILENAME
	sub(/.*\//, "", kernel)
	kernels[++columns] = kernel
}

# Lines of libtest: "test NAME ... ok".
/^test .* \.\.\. / {
	name = $0
	sub(/^test /, "", name)
	sub(/ \.\.\. .*/, "", name)
	if (!(name in known)) {
		known[name]
		tests[++rows] = name
	}
	result[name, kernel] = $NF
	failed += $NF != "ok"
}

/^guest ends: / { ended[kernel] = $3 " s" }
/^service ends: / { booted[kernel] = $3 " s" }

END {
	line("", 0)
	for (row = 1; row <= rows; row++)
		line(tests[row], row)
	line("run time of the guest", -1)
	line("run time of the guest with systemd", -2)
	exit failed || !rows
}

# Prints one row: 0 is the heading, -1 the run time of the guests, -2 of those with systemd.
function line(name, row,    column, cell) {
	printf "%-76s", name
	for (column = 1; column <= columns; column++) {
		kernel = kernels[column]
		cell = row > 0 ? result[name, kernel] : kernel
		if (row < 0)
			cell = row == -1 ? ended[kernel] : booted[kernel]
		if (cell == "")
			cell = row == -1 ? "ENDED EARLY" : "-"
		failed += cell == "ENDED EARLY"
		printf "  %9s", cell
	}
	print ""
}
