# SPDX-License-Identifier: MIT OR Apache-2.0
#
#	sudo make run       installs missing packages, builds, traces in the foreground until Ctrl-C
#	make test           runs all tests; those that load BPF programs need root
#	make lint           checks format, clippy and the house rules
#	sudo make msrv      compiles everything with the oldest Rust that is permitted, that of Debian 13
#	make matrix         runs the kernel tests on other kernels, emulated (KERNELS="5.10 arm64-6.12")
#	sudo make e2e       tests the service and the packages on a real systemd, in a container (SUITE=trixie)
#	sudo make bench     measures the costs, side by side with other tools; writes docs/benchmarks.md
#	sudo make soak      runs load and faults for half an hour, compares all counts (MINUTES=5)
#	make fuzz           runs the fuzz targets, a minute each (SECONDS_EACH=1800, TARGETS="config json")
#	sudo make install   installs binary, unit, configuration, catalog, manual pages, completions and the header for handlers
#	make tarball        makes a tarball of a static binary, with checksums, in target/packages
#	make deb, make rpm  the same as packages: the service, and the header for handlers

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BINDIR = $(PREFIX)/bin
UNITDIR = $(PREFIX)/lib/systemd/system
CATALOGDIR = $(PREFIX)/lib/systemd/catalog
MANDIR = $(PREFIX)/share/man
DATADIR = $(PREFIX)/share/tailcalld
INCLUDEDIR = $(PREFIX)/include
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d

CARGO = sh scripts/cargo.sh
BINARY = target/release/tailcalld
CONFIG = $(DESTDIR)$(SYSCONFDIR)/tailcalld.toml
SHIPPED = $(DESTDIR)$(DATADIR)/tailcalld.toml
EXAMPLES = $(wildcard examples/handlers/*.c)
C_FILES = $(wildcard bpf/*.[ch] bpf/handlers/*.c bpf/objects/*.c sdk/tailcalld/*.h examples/handlers/*.c tests/support/*.c)

.PHONY: all build setup setup-test setup-e2e setup-bench setup-matrix setup-static setup-deb setup-rpm run test matrix e2e \
	e2e-packages msrv bench soak fuzz lint format install install-files uninstall clean static tarball deb rpm

all: build

setup:
	@sh scripts/setup.sh

setup-test:
	@sh scripts/setup.sh test

setup-e2e:
	@sh scripts/setup.sh e2e

setup-bench:
	@sh scripts/setup.sh bench

setup-matrix:
	@sh scripts/setup.sh matrix

setup-static:
	@sh scripts/setup.sh static

setup-deb setup-rpm:
	@sh scripts/setup.sh $(@:setup-%=%)

build: setup
	$(CARGO) build --release --locked

run: build
	$(BINARY) --config config/tailcalld.toml --output text

test: setup-test
	sh scripts/test.sh

# ACCEPT=1 records the current cost of verification; CLANGS="clang-14" uses only these compilers.
KERNELS ?= 5.10 6.1 6.12 7 arm64-6.12
matrix: setup-matrix
	sh tests/matrix/run.sh $(KERNELS)

# SUITE=trixie boots Debian 13, SUITE=bullseye Debian 11.
SUITE ?= bookworm
e2e: setup-e2e setup-deb setup-rpm static
	bash scripts/e2e.sh $(SUITE)
	bash scripts/e2e-packages.sh $(SUITE)

# The packages alone.
e2e-packages: setup-e2e setup-deb setup-rpm static
	bash scripts/e2e-packages.sh $(SUITE)

# The oldest Rust.
msrv: setup-e2e
	sh scripts/msrv.sh

# SECTIONS="a b" measures these only; FULL=1 measures longer; ROUNDS=3 is faster and less precise.
bench: setup-bench
	sh scripts/bench.sh

# MINUTES=5 is shorter.
soak: setup-test
	sh scripts/soak.sh

# Needs a nightly compiler and cargo-fuzz.
fuzz: setup-test
	sh scripts/fuzz.sh $(TARGETS)

lint: setup-test
	$(CARGO) fmt --all --check
	rustfmt --check --edition 2024 examples/handlers/rust/src/lib.rs
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	sh scripts/house.sh
	clang-format --dry-run --Werror $(C_FILES)

format:
	$(CARGO) fmt --all
	clang-format -i $(C_FILES)

# Never overwrites the configuration. The shipped one is installed to $(DATADIR) for comparison.
install: build
	@$(MAKE) --no-print-directory install-files
	$(if $(DESTDIR),,sh scripts/refresh.sh)
	@echo 'next: sudo systemctl enable --now tailcalld; journalctl -u tailcalld -f'

# Installs BINARY, which is there already. Packages are made of this.
install-files:
	install -D -m 755 $(BINARY) $(DESTDIR)$(BINDIR)/tailcalld
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|@BINDIR@|$(BINDIR)|' systemd/tailcalld.service > $(DESTDIR)$(UNITDIR)/tailcalld.service
	chmod 644 $(DESTDIR)$(UNITDIR)/tailcalld.service
	sed 's|@BINDIR@|$(BINDIR)|' systemd/tailcalld-dump@.service > $(DESTDIR)$(UNITDIR)/tailcalld-dump@.service
	chmod 644 $(DESTDIR)$(UNITDIR)/tailcalld-dump@.service
	install -D -m 644 systemd/tailcalld.catalog $(DESTDIR)$(CATALOGDIR)/tailcalld.catalog
	install -D -m 644 docs/man/tailcalld.7 $(DESTDIR)$(MANDIR)/man7/tailcalld.7
	install -D -m 644 docs/man/tailcalld.8 $(DESTDIR)$(MANDIR)/man8/tailcalld.8
	install -D -m 644 docs/man/tailcalld.toml.5 $(DESTDIR)$(MANDIR)/man5/tailcalld.toml.5
	install -D -m 644 completions/tailcalld.bash $(DESTDIR)$(BASHDIR)/tailcalld
	install -D -m 644 completions/_tailcalld $(DESTDIR)$(ZSHDIR)/_tailcalld
	install -D -m 644 completions/tailcalld.fish $(DESTDIR)$(FISHDIR)/tailcalld.fish
	install -D -m 644 config/tailcalld.toml $(SHIPPED)
	install -D -m 644 systemd/log-namespace.conf $(DESTDIR)$(DATADIR)/log-namespace.conf
	install -D -m 644 systemd/journald@tailcalld.conf $(DESTDIR)$(DATADIR)/journald@tailcalld.conf
	install -d $(DESTDIR)$(INCLUDEDIR)/tailcalld $(DESTDIR)$(DATADIR)/handlers/rust/src
	install -m 644 sdk/tailcalld/*.h $(DESTDIR)$(INCLUDEDIR)/tailcalld
	install -m 644 $(EXAMPLES) $(DESTDIR)$(DATADIR)/handlers
	sed 's|^SDK ?= .*|SDK ?= $(INCLUDEDIR)|' examples/handlers/Makefile > $(DESTDIR)$(DATADIR)/handlers/Makefile
	chmod 644 $(DESTDIR)$(DATADIR)/handlers/Makefile
	install -m 644 examples/handlers/rust/Cargo.* $(DESTDIR)$(DATADIR)/handlers/rust
	install -m 644 examples/handlers/rust/src/*.rs $(DESTDIR)$(DATADIR)/handlers/rust/src
	[ -e $(CONFIG) ] || install -D -m 644 config/tailcalld.toml $(CONFIG)

# Stops the service first. Keeps a configuration that was edited.
uninstall:
	$(if $(DESTDIR),,sh scripts/refresh.sh stop)
	if cmp -s $(CONFIG) $(SHIPPED); then rm -f $(CONFIG); fi
	rm -f $(DESTDIR)$(BINDIR)/tailcalld $(DESTDIR)$(UNITDIR)/tailcalld.service $(DESTDIR)$(UNITDIR)/tailcalld-dump@.service
	rm -f $(DESTDIR)$(CATALOGDIR)/tailcalld.catalog
	rm -f $(DESTDIR)$(MANDIR)/man7/tailcalld.7 $(DESTDIR)$(MANDIR)/man8/tailcalld.8 $(DESTDIR)$(MANDIR)/man5/tailcalld.toml.5
	rm -f $(DESTDIR)$(BASHDIR)/tailcalld $(DESTDIR)$(ZSHDIR)/_tailcalld $(DESTDIR)$(FISHDIR)/tailcalld.fish
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(INCLUDEDIR)/tailcalld
	$(if $(DESTDIR),,sh scripts/refresh.sh)

# A binary that needs no library: scripts/static.sh.
static: setup-static
	sh scripts/static.sh

deb: setup-deb
rpm: setup-rpm
tarball deb rpm: static
	sh scripts/package.sh $@

clean:
	$(CARGO) clean
