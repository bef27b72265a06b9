# Calls by the 32-bit table, from a program that needs no 32-bit tool chain.
set -e
cc -O1 -w -o compat "$1/compat.c"
./compat
