# failures.awk RESULTS: prints each test of a guest that did not end with "ok", the lines between it and the
# next test (the output of daemon.sh, or what split libtest's line), and libtest's own sections "failures:".
# Long lines, such as records, are cut. Called by run.sh.

/^test / { shown = / \.\.\. / && $NF != "ok" }
/^failures:$/ { shown = 1 }
/^test .*result: FAILED/ { shown = 0 }
shown { print substr($0, 1, 500) }
