#!/bin/sh
# objects.sh FOLDER CLANG: compiles all variants of the handler of the tests, see tests/fixtures/handlers/variants.tsv.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "$1"

# Each macro is one word, whatever it contains.
awk -F '\t' -v quote="'" -v folder="$1" -v clang="$2" '
	/^#/ { next }
	{
		words = ""
		count = split(" " $3, macros, / -D/)
		for (n = 2; n <= count; n++)
			words = words " " quote "-D" macros[n] quote
		printf "%s -w -O2 -g -target bpf -I sdk%s -c %s -o %s/%s.bpf.o\n", clang, words,
			"tests/fixtures/handlers/removed.bpf.c", folder, $1
	}
' tests/fixtures/handlers/variants.tsv >"$1/compile"
sh -e "$1/compile"
rm "$1/compile"
