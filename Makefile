# SPDX-License-Identifier: GPL-2.0-or-later
# Hayrake: `make help` lists the targets. One file, no recursion.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build
VERSION := $(shell cat VERSION)

CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
WERROR ?= $(if $(CI),-Werror)
# V=1 shows whole commands.
Q := $(if $(V),,@)
say = $(if $(V),:,@printf '  %-6s %s\n' $(1) $@)

WARN := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wpointer-arith \
	-Wwrite-strings -Wvla -Wundef -Wformat=2 $(WERROR)
CPPFLAGS += -Iuser -I$(BUILD) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DHAYRAKE_VERSION='"$(VERSION)"' -DHAYRAKE_SIGNATURES='"$(PREFIX)/share/hayrake/signatures"'
CFLAGS ?= -O2 -g
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
# For the program only: nothing unwinds it, and the linker drops and inlines across files.
SMALL := -flto=auto -fno-asynchronous-unwind-tables
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARN)
LIBS := -lbpf -lelf -lz -levent_core -levent_extra -ljson-c -lpcap -lpsl
LDFLAGS += -Wl,-z,relro,-z,now -Wl,--as-needed
# Relocations in a few bytes, where linker and C library know how.
PACKED_RELOCS := $(shell echo 'int main(void){return 0;}' | \
	$(CC) -Wl,-z,pack-relative-relocs -Wl,--fatal-warnings -xc - -o /dev/null 2>/dev/null && \
	echo -Wl,-z,pack-relative-relocs)
LDFLAGS += $(PACKED_RELOCS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g

# Packages, by what needs them (Debian names).
BUILD_PACKAGES := gcc libc6-dev make pkg-config clang llvm libbpf-dev libelf-dev zlib1g-dev bpftool \
	linux-libc-dev libevent-dev libjson-c-dev libpcap-dev libpsl-dev
DEMO_PACKAGES := iproute2 dnsmasq-base procps
CHECK_PACKAGES := libcmocka-dev libclang-rt-dev iproute2 dnsmasq-base bind9-dnsutils procps python3 \
	python3-jsonschema tcpdump ethtool man-db
BENCH_PACKAGES := tcpdump libndpi-bin
VMTEST_PACKAGES := qemu-system-x86 seabios busybox-static kmod cpio xz-utils zstd lz4 python3

SRC := $(sort $(wildcard user/*.c user/*/*.c))
OBJ := $(SRC:user/%.c=$(BUILD)/user/%.o)
HDR := $(wildcard headers/*.h user/*.h user/*/*.h)
BPF_HDR := $(wildcard headers/*.h bpf/*.h)

.PHONY: all demo check bench study fuzz vmtest deps install clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/hayrake $(BUILD)/hayrake.bpfel.o $(BUILD)/hayrake.bpfeb.o ## build the program and the kernel objects
	@ln -sfn $(BUILD)/hayrake hayrake

## --- kernel objects -----------------------------------------------------------------------------

# The multiarch directory has the asm/ headers. Big endian needs a big-endian target's own.
BPF_CFLAGS := -g -O2 -mcpu=v3 -Wall -Wextra -Wpadded $(WERROR) -Iheaders -std=gnu11
# .BTF stays (libbpf reads the maps from it), line numbers and local labels go.
BPF_STRIP := llvm-objcopy --strip-unneeded --discard-all --remove-section=.BTF.ext \
	--remove-section=.rel.BTF.ext --remove-section=.llvm_addrsig
BPF_INC := -idirafter /usr/include/$(shell $(CC) -print-multiarch)

$(BUILD)/hayrake.bpfel.o: bpf/hayrake.bpf.c $(BPF_HDR)
	@mkdir -p $(@D)
	$(call say,CLANG)
	$(Q)$(CLANG) -target bpfel $(BPF_CFLAGS) $(BPF_INC) -c $< -o $@
	$(Q)$(BPF_STRIP) $@

$(BUILD)/hayrake.bpfeb.o: bpf/hayrake.bpf.c $(BPF_HDR)
	@mkdir -p $(@D)
	$(call say,CLANG)
	$(Q)$(CLANG) -target bpfeb $(BPF_CFLAGS) $(BPF_INC) -c $< -o $@
	$(Q)$(BPF_STRIP) $@

# $(call source_lines,FILE): the sources a test names in its line "sources: a.c b/*.c".
source_lines = $(foreach f,$(shell sed -n 's/ *\*\/ *$$//; s/^.*sources: *//p' $(1) | head -1),$(or $(wildcard $f),$f))

# Inside the program is the object in the byte order of what CC builds for.
BYTE_ORDER := $(shell $(CC) -dM -E -x c /dev/null | grep -q '__BYTE_ORDER__ __ORDER_BIG' && echo eb || echo el)
BPF_NATIVE := $(BUILD)/hayrake.bpf$(BYTE_ORDER).o

$(BUILD)/hayrake.skel.h: $(BPF_NATIVE)
	$(call say,GEN)
	$(Q)$(BPFTOOL) gen skeleton $< name hayrake_bpf > $@

# The same without the object's bytes, and those packed: a fifth of the size.
$(BUILD)/hayrake.packed.h: $(BUILD)/hayrake.skel.h
	$(call say,GEN)
	$(Q)sed '/^static inline const void \*hayrake_bpf__elf_bytes(size_t \*sz)$$/,/^}/d' $< > $@
	$(Q)printf 'static const unsigned char hayrake_bpf__packed[] = {\n' >> $@
	$(Q)gzip -9nc $(BPF_NATIVE) | od -An -v -tu1 | sed 's/ *\([0-9]\{1,\}\)/\1,/g' >> $@
	$(Q)printf '};\n' >> $@

## --- the program --------------------------------------------------------------------------------

$(filter $(BUILD)/user/input/xdp%,$(OBJ)): $(BUILD)/hayrake.packed.h
# What runs for each packet, name or flow; in all else small goes before fast.
HOT := base/name base/table dns/backend dns/backend_client dns/backend_endpoint dns/backend_share \
	dns/name dns/observer dns/observer_message dns/observer_query dns/slots evidence/evidence \
	evidence/pool infer/hits infer/infer infer/usage input/pcap input/pcap_link input/pcap_stream \
	input/pcapng input/xdp_drain matcher pipeline rules/names rules/rules
$(filter-out $(HOT:%=$(BUILD)/user/%.o),$(OBJ)): SMALL += -Os
$(BUILD)/user/%.o: user/%.c $(HDR) VERSION
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(HARDEN) $(SMALL) -c $< -o $@

$(BUILD)/hayrake: $(OBJ)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(SMALL) -pie $(LDFLAGS) $^ $(LIBS) -o $@

## --- tests --------------------------------------------------------------------------------------

UNIT := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
PROG := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/prog/test_*.c))
FUZZ := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/bench_*.c))
TEST_SCRIPTS := $(sort $(wildcard tests/*/test_*.sh))

.SECONDEXPANSION:
$(BUILD)/tests/unit/%: tests/unit/%.c $(HDR) $$(call source_lines,tests/unit/%.c)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(SANITIZE) $< $(call source_lines,$<) $(LIBS) -lcmocka -o $@

$(BUILD)/tests/prog/%: tests/prog/%.c $(HDR) $(wildcard tests/prog/*.h) $(BUILD)/hayrake.packed.h $$(call source_lines,tests/prog/%.c)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< $(call source_lines,$<) $(LIBS) -lcmocka -o $@

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(HDR) $$(call source_lines,tests/fuzz/%.c)
	@mkdir -p $(@D)
	$(call say,CLANG)
	$(Q)$(CLANG) $(CPPFLAGS) -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		$< $(call source_lines,$<) $(LIBS) -o $@

$(BUILD)/tests/bench/%: tests/bench/%.c $(HDR) $(BUILD)/hayrake.packed.h $$(call source_lines,tests/bench/%.c)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< $(call source_lines,$<) $(LIBS) -lresolv -o $@

# Helper programs of the tests: tests/tools/NAME.c.
TOOLS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/tools/*.c))
$(BUILD)/tests/tools/%: tests/tools/%.c $(HDR) $(BUILD)/hayrake.packed.h $$(call source_lines,tests/tools/%.c)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $< $(call source_lines,$<) $(LIBS) -o $@

check: deps-check ## install what is needed, build, run every test this machine can run
	$(MAKE) --no-print-directory -j$$(nproc) check-build
	tests/run $(UNIT) $(PROG) $(TEST_SCRIPTS)

.PHONY: check-build deps-check deps-build deps-demo deps-bench deps-vmtest
check-build: all $(UNIT) $(PROG) $(FUZZ) $(BENCH) $(TOOLS)

demo: deps-demo ## a small home in network namespaces: watch its devices being named
	$(MAKE) --no-print-directory -j$$(nproc) all $(TOOLS)
	tests/net/demo.sh

bench: deps-bench ## every figure as one line: name, value, unit, baseline, ratio, goal, ok or SHORT
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BENCH) $(TOOLS) >/dev/null
	@tests/bench/run.sh

study: deps-bench ## what sampling costs: replay at 1:1 to 1:1000, idle and active devices simulated
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BUILD)/tests/tools/replaystate >/dev/null
	@tests/accuracy/study.py

FUZZ_SECONDS ?= 600
fuzz: deps-check $(FUZZ) ## fuzz every decoder for FUZZ_SECONDS (600) each
	tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ)

vmtest: deps-vmtest ## boot other kernels under QEMU and run the kernel-facing tests in them
	$(MAKE) --no-print-directory -j$$(nproc) all $(TOOLS)
	vmtest/run.sh

## --- packages -----------------------------------------------------------------------------------

deps: ## install all Debian packages (root), or name the missing ones
	@tests/deps.sh $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(CHECK_PACKAGES) $(BENCH_PACKAGES)
deps-build:
	@tests/deps.sh $(BUILD_PACKAGES)
deps-demo:
	@tests/deps.sh $(BUILD_PACKAGES) $(DEMO_PACKAGES)
deps-check:
	@tests/deps.sh $(BUILD_PACKAGES) $(CHECK_PACKAGES)
deps-bench:
	@tests/deps.sh $(BUILD_PACKAGES) $(BENCH_PACKAGES)
deps-vmtest:
	@tests/deps.sh $(BUILD_PACKAGES) $(VMTEST_PACKAGES)

## --- the rest -----------------------------------------------------------------------------------

MAN := $(wildcard docs/*.1 docs/*.8)

install: $(BUILD)/hayrake ## install below $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/hayrake $(DESTDIR)$(PREFIX)/sbin/hayrake
	strip $(DESTDIR)$(PREFIX)/sbin/hayrake
	install -d $(DESTDIR)$(PREFIX)/share/hayrake/signatures $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 signatures/*.json $(DESTDIR)$(PREFIX)/share/hayrake/signatures
	install -m 644 $(MAN) $(DESTDIR)$(PREFIX)/share/man/man8

clean: ## remove what was built
	rm -rf $(BUILD) hayrake

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10
