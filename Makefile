# SPDX-License-Identifier: GPL-2.0-or-later
# sipwarden: see `make help`.

PREFIX ?= /usr
SYSCONFDIR ?= /etc
DESTDIR ?=
VERSION := 0.1.0

# Tests leave nothing behind in the tree.
export PYTHONDONTWRITEBYTECODE := 1

# BUILD is a flavour: release, asan (ASan and UBSan), and fuzz (clang, libFuzzer).
BUILD ?= release
O := build/$(BUILD)

PKGS := libsystemd libpcre2-8 libhs inih libmnl libnftnl sqlite3 libcap-ng libseccomp jansson libcares libmaxminddb
# Only what reads logs of the past.
PAST_LIBS := -lz -lm
# Only what reads the configuration of gateways and the ruleset, and asks their TLS listeners.
AUDIT_LIBS := -lexpat -lssl -lcrypto -lnftables
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARNINGS := -Wall -Wextra -Werror -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wundef -Wvla -Wwrite-strings
CPPFLAGS += -D_GNU_SOURCE -Iagentd -DSIPWARDEN_VERSION='"$(VERSION)"' \
	-DSIPWARDEN_CONFIG_PATH='"$(SYSCONFDIR)/sipwarden/sipwarden.conf"' \
	-DSIPWARDEN_FILTER_DIRS='"$(SYSCONFDIR)/sipwarden/filters:$(PREFIX)/share/sipwarden/filters"' $(CPPFLAGS_$(BUILD))
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# Sanitizers need system calls that the sandbox refuses.
CPPFLAGS_asan := -DSIPWARDEN_SANITIZED
LDFLAGS_asan := -fsanitize=address,undefined
CPPFLAGS_fuzz := -DSIPWARDEN_SANITIZED
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS_fuzz := -fsanitize=address,undefined
ifeq ($(BUILD),fuzz)
CC := clang
endif
ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(CFLAGS_$(BUILD)) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := $(LDFLAGS_$(BUILD)) $(LDFLAGS)

DAEMON_SRC := $(sort $(wildcard agentd/*.c))
LIB_SRC := $(sort $(wildcard agentd/*/*.c))
CTL_SRC := $(sort $(wildcard ctl/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/bench_*.c))

LIB := $(O)/libsipwarden.a
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(O)/tests/%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(O)/fuzz/%)
BENCH_BIN := $(BENCH_SRC:tests/bench/%.c=$(O)/bench/%)
obj = $(1:%.c=$(O)/%.o)

all: $(O)/sipwardend $(O)/sipwarden

$(LIB): $(call obj,$(LIB_SRC))
	@rm -f $@
	ar rcs $@ $^

$(O)/sipwardend: $(call obj,$(DAEMON_SRC)) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/sipwarden: $(call obj,$(CTL_SRC)) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(PAST_LIBS) $(AUDIT_LIBS)

$(O)/tests/%: $(O)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS) $(PAST_LIBS)

$(O)/fuzz/%: $(O)/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(LIB) $(PKG_LIBS) $(FUZZ_LIBS)

# The readers of fail2ban's filters and of gateways' configurations are part of the command.
$(O)/fuzz/fuzz_f2b: $(call obj,$(wildcard ctl/f2b_*.c))
$(O)/fuzz/fuzz_audit: $(call obj,$(wildcard ctl/audit_*.c) ctl/output.c ctl/html.c ctl/replace.c ctl/wait.c)
$(O)/fuzz/fuzz_audit: FUZZ_LIBS := $(AUDIT_LIBS)

$(O)/fuzz/fuzz_records: $(call obj,$(wildcard ctl/report_*.c) ctl/output.c ctl/html.c ctl/moment.c)
$(O)/fuzz/fuzz_records: FUZZ_LIBS := $(PAST_LIBS)
$(O)/fuzz/fuzz_rates: $(call obj,ctl/report_rates.c ctl/report_csv.c)

$(O)/bench/%: $(O)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/%.o: %.c $(O)/settings
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What is compiled in; another PREFIX or compiler builds anew.
SETTINGS := $(CC) $(CPPFLAGS) $(ALL_CFLAGS)
$(O)/settings: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(SETTINGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(SETTINGS))' > $@

-include $(shell find $(O) -name '*.d' 2>/dev/null)

units: $(UNIT_BIN)
fuzzers: $(FUZZ_BIN)
benches: $(BENCH_BIN)

.PHONY: all units fuzzers benches FORCE
FORCE:

# Everything that builds, runs and tests sipwarden on Debian 12.
DEPS_BUILD := gcc make pkg-config libsystemd-dev libpcre2-dev libvectorscan-dev libinih-dev libmnl-dev \
	libnftnl-dev libsqlite3-dev libcap-ng-dev libseccomp-dev libjansson-dev libc-ares-dev libmaxminddb-dev zlib1g-dev libexpat1-dev libssl-dev \
	libnftables-dev
DEPS_CHECK := libcmocka-dev clang clang-tidy libclang-rt-14-dev nftables iproute2 procps psmisc util-linux python3 \
	kamailio kamailio-extra-modules kamailio-tls-modules openssl sipvicious sip-tester mandoc debootstrap \
	systemd-container fail2ban zsh prometheus iptables ufw firewalld dbus sslscan gnutls-bin libnss3-tools chromium \
	python3-phonenumbers lua5.2
DEPS_DEMO := nftables iproute2 procps util-linux python3 kamailio kamailio-extra-modules sipvicious sip-tester
DEPS_DEB := build-essential debhelper lintian dpkg-dev
DEPS_BENCH := fail2ban nftables iproute2 python3

install-debs = missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	[ -z "$$missing" ] || { tests/quiet-install $$missing; }

deps-build:
	@$(call install-debs,$(DEPS_BUILD))
deps-deb:
	@$(call install-debs,$(DEPS_BUILD) $(DEPS_DEB))
deps:
	@$(call install-debs,$(DEPS_BUILD) $(DEPS_CHECK) $(DEPS_DEB))

# The second make sees what the first installed.
check: deps
	$(MAKE) all units benches
	tests/run $(O)

check-asan: deps
	$(MAKE) BUILD=asan all units
	tests/run build/asan --units

FUZZ_SECONDS ?= 10
check-fuzz: deps
	$(MAKE) BUILD=fuzz fuzzers
	tests/fuzz/run build/fuzz $(FUZZ_SECONDS)

check-system: deps
	$(MAKE) all
	tests/run $(O) --system

# The long form of tests/e2e/test_torture.py.
ROUNDS ?= 200
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
torture: deps
	$(MAKE) all
	SIPWARDEN_BUILD=$(CURDIR)/$(O) /usr/bin/python3 tests/e2e/test_torture.py --rounds $(ROUNDS) --seed $(SEED)

lint: deps
	tests/lint

demo: deps-build
	@$(call install-debs,$(DEPS_DEMO))
	@$(MAKE) --no-print-directory -s all
	@tests/demo/run $(O)

bench: deps-build
	@$(call install-debs,$(DEPS_BENCH) sqlite3)
	@$(MAKE) --no-print-directory -s all benches
	@tests/bench/run $(O)
	@/usr/bin/python3 tests/bench/report $(O)

bench-filters: deps-build
	@$(call install-debs,$(DEPS_BENCH))
	@$(MAKE) --no-print-directory -s all benches
	@/usr/bin/python3 tests/bench/benign.py $(O)

bench-attacks: deps-build
	@$(call install-debs,$(DEPS_BENCH))
	@$(MAKE) --no-print-directory -s all
	@/usr/bin/python3 tests/bench/attacks $(O)

bench-durability: deps-build
	@$(call install-debs,$(DEPS_BENCH) systemd)
	@$(MAKE) --no-print-directory -s all benches
	@tests/bench/durability $(O)

bench-firewall: deps-build
	@$(call install-debs,$(DEPS_BENCH) kamailio kamailio-extra-modules sip-tester systemd)
	@$(MAKE) --no-print-directory -s all benches
	@/usr/bin/python3 tests/bench/sipfirewall $(O)

bench-report: deps-build
	@$(call install-debs,sqlite3 python3)
	@$(MAKE) --no-print-directory -s all benches
	@/usr/bin/python3 tests/bench/report $(O)

SBIN := $(DESTDIR)$(PREFIX)/sbin
BIN := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share
LIBDIR := $(DESTDIR)$(PREFIX)/lib
UNITDIR ?= $(PREFIX)/lib/systemd/system
# Where zsh of Debian looks, for packages and for what is local.
ZSHDIR := $(SHARE)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
CONF := $(DESTDIR)$(SYSCONFDIR)/sipwarden
MAN5 := sipwarden.conf.5 sipwarden-filter.5
MAN8 := sipwarden.8 sipwardend.8
UNITS := sipwardend.service sipwarden-firewall.service sipwarden-firewall.socket sipwarden-fraud.path \
	sipwarden-fraud.service sipwarden-fraud@.service sipwarden-audit.service \
	sipwarden-audit.timer sipwarden-report.service sipwarden-report.timer
FILTERS := $(notdir $(wildcard filters/*.conf filters/*.list))
# What to set at each gateway, and what its configuration includes.
GATEWAYS := $(notdir $(wildcard docs/gateways/*.md docs/gateways/*.cfg docs/gateways/*.conf docs/gateways/*.lua))

install: all
	install -d $(SBIN) $(BIN) $(SHARE)/sipwarden/filters $(SHARE)/sipwarden/gateways $(SHARE)/man/man5 \
		$(SHARE)/man/man8 $(SHARE)/bash-completion/completions $(ZSHDIR) $(DESTDIR)$(UNITDIR) $(LIBDIR)/sysusers.d \
		$(LIBDIR)/tmpfiles.d $(CONF)/filters
	install -m 755 $(O)/sipwardend $(SBIN)/
	install -m 755 $(O)/sipwarden $(BIN)/
	install -m 644 $(addprefix filters/,$(FILTERS)) $(SHARE)/sipwarden/filters/
	install -m 644 $(addprefix docs/gateways/,$(GATEWAYS)) $(SHARE)/sipwarden/gateways/
	install -m 644 docs/prometheus-alerts.yml $(SHARE)/sipwarden/
	install -m 644 $(addprefix docs/man/,$(MAN5)) $(SHARE)/man/man5/
	install -m 644 $(addprefix docs/man/,$(MAN8)) $(SHARE)/man/man8/
	install -m 644 ctl/completion.bash $(SHARE)/bash-completion/completions/sipwarden
	install -m 644 ctl/completion.zsh $(ZSHDIR)/_sipwarden
	for u in $(UNITS); do sed 's|@PREFIX@|$(PREFIX)|g' systemd/$$u.in > $(DESTDIR)$(UNITDIR)/$$u; done
	install -m 644 systemd/sipwarden.sysusers $(LIBDIR)/sysusers.d/sipwarden.conf
	install -m 644 systemd/sipwarden.tmpfiles $(LIBDIR)/tmpfiles.d/sipwarden.conf
	@# Nothing is started here, so no plan can be shown; the Debian package does that.
	[ -e $(CONF)/sipwarden.conf ] || { install -m 644 docs/sipwarden.conf $(CONF)/sipwarden.conf && { [ -n "$(DESTDIR)" ] || \
		echo "The SIP firewall is off. Once sipwardend runs: sipwarden firewall plan, then sipwarden firewall on"; }; }

# The config in /etc and the database stay; the bans do not, when this is the machine itself.
uninstall:
	[ -n "$(DESTDIR)" ] || systemctl disable --now sipwardend.service sipwarden-audit.timer sipwarden-report.timer \
		sipwarden-fraud.path sipwarden-firewall.socket sipwarden-firewall.service 2>/dev/null || true
	[ -n "$(DESTDIR)" ] || [ ! -x $(SBIN)/sipwardend ] || $(SBIN)/sipwardend --flush || true
	rm -f $(SBIN)/sipwardend $(BIN)/sipwarden $(addprefix $(SHARE)/man/man5/,$(MAN5)) \
		$(addprefix $(SHARE)/man/man8/,$(MAN8)) $(SHARE)/bash-completion/completions/sipwarden $(ZSHDIR)/_sipwarden \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) $(LIBDIR)/sysusers.d/sipwarden.conf \
		$(LIBDIR)/tmpfiles.d/sipwarden.conf $(addprefix $(SHARE)/sipwarden/filters/,$(FILTERS)) \
		$(addprefix $(SHARE)/sipwarden/gateways/,$(GATEWAYS)) $(SHARE)/sipwarden/prometheus-alerts.yml
	rmdir $(SHARE)/sipwarden/filters $(SHARE)/sipwarden/gateways $(SHARE)/sipwarden 2>/dev/null || true

# A package for the Debian that this is, in build/deb. Built in a copy, which keeps debhelper's files out of the tree.
DEB := build/deb
deb: deps-deb
	@for p in $(filter %-dev,$(DEPS_BUILD)); do grep -q "^ $$p,\?$$" debian/control || \
		{ echo "debian/control: Build-Depends has no $$p, DEPS_BUILD of the Makefile has" >&2; exit 1; }; done
	@[ "$$(dpkg-parsechangelog -S Version)" = "$(VERSION)" ] || \
		{ echo "debian/changelog begins with another version than the Makefile's $(VERSION)" >&2; exit 1; }
	rm -rf $(DEB)
	mkdir -p $(DEB)/sipwarden
	tar -c --exclude=./build --exclude=./.git . | tar -x -C $(DEB)/sipwarden
	cd $(DEB)/sipwarden && dpkg-buildpackage --build=binary --no-sign
	cd $(DEB) && lintian --fail-on error,warning *.changes
	@ls $(DEB)/*.deb

clean:
	rm -rf build

help:
	@echo 'sudo make demo     see it work: a real attack, bans in a network namespace'
	@echo 'sudo make check    build, and run all tests on this machine'
	@echo 'sudo make deps-build    install compiler and libraries'
	@echo 'make               build into build/release'
	@echo 'make install       [DESTDIR=] [PREFIX=/usr] [SYSCONFDIR=/etc]'
	@echo 'sudo make deps-deb && make deb   build a Debian package into build/deb'
	@echo 'make uninstall     keeps the config and the database'
	@echo 'sudo make bench    speed, beside fail2ban'
	@echo 'sudo make bench-attacks  who is cut off and who is stopped, beside fail2ban'
	@echo 'sudo make bench-filters  only who is recognised, and who is left alone'
	@echo 'sudo make bench-durability  reboot, floods, bad filters: some minutes'
	@echo 'sudo make bench-firewall  who still registers and calls under a flood: some minutes'
	@echo 'sudo make bench-report  ten million call records, beside SQLite'
	@echo 'sudo make check-system  install, upgrade and remove it in booted systemd containers'
	@echo 'sudo make check-asan    unit tests with ASan and UBSan'
	@echo 'sudo make check-fuzz    each fuzz target for FUZZ_SECONDS=10'
	@echo 'sudo make torture  the agent killed ROUNDS=200 times under an attack; SEED=NUMBER repeats one'
	@echo 'sudo make lint     clang-tidy, both compilers, man pages'
	@echo 'make clean'

.PHONY: deps deps-build deps-deb deb check check-asan check-fuzz check-system torture lint demo bench bench-attacks bench-filters bench-durability bench-firewall bench-report install uninstall clean help
