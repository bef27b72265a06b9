# Results of guests in, one file a kernel; a table of tests by kernels out. Fails if a test failed,
# if a guest did not come to its end, or if there was no test at all.

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

END {
	line("", 0)
	for (row = 1; row <= rows; row++)
		line(tests[row], row)
	line("the guest's whole life", -1)
	exit failed || !rows
}

# The heading is row 0, the guests' ends are row -1.
function line(name, row,    column, cell) {
	printf "%-76s", name
	for (column = 1; column <= columns; column++) {
		kernel = kernels[column]
		cell = row > 0 ? result[name, kernel] : row ? ended[kernel] : kernel
		if (cell == "")
			cell = row > 0 ? "-" : "ENDED EARLY"
		failed += cell == "ENDED EARLY"
		printf "  %9s", cell
	}
	print ""
}
