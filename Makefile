# SPDX-License-Identifier: GPL-2.0-or-later
# sipwarden: see `make help`.

PREFIX ?= /usr
SYSCONFDIR ?= /etc
DESTDIR ?=
VERSION := 0.1.0

# BUILD is a flavour: release, asan (ASan and UBSan), and fuzz (clang, libFuzzer).
BUILD ?= release
O := build/$(BUILD)

PKGS := libsystemd libpcre2-8 libhs inih libmnl libnftnl sqlite3 libcap-ng jansson
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARNINGS := -Wall -Wextra -Werror -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wundef -Wvla -Wwrite-strings
CPPFLAGS += -D_GNU_SOURCE -Iagentd -DSIPWARDEN_VERSION='"$(VERSION)"' \
	-DSIPWARDEN_CONFIG_PATH='"$(SYSCONFDIR)/sipwarden/sipwarden.conf"' \
	-DSIPWARDEN_FILTER_DIRS='"$(SYSCONFDIR)/sipwarden/filters:$(PREFIX)/share/sipwarden/filters"'
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined
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
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/tests/%: $(O)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

$(O)/fuzz/%: $(O)/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

$(O)/bench/%: $(O)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(O) -name '*.d' 2>/dev/null)

units: $(UNIT_BIN)
fuzzers: $(FUZZ_BIN)
benches: $(BENCH_BIN)

.PHONY: all units fuzzers benches
