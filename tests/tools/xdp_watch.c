// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The live input alone, driven by lines on standard input, for the network tests.
 * sources: user/input/xdp*.c user/base/addr.c user/base/log.c user/base/table.c
 *
 *   xdp_watch [OPTION] ... IFACE[=lan|wan] ...
 *     -a MODE   auto, native, tc, generic      -c  clsact instead of tcx
 *     -p PROF   gateway, edge                  -s KIND  ip, mac, vlan, pppoe
 *     -b ADDR:PORT  a TCP and UDP backend (IPv4 or [IPv6]), endpoint ids from 1 on
 *     -n check only   -d remove what a killed instance left   -q print what hangs on IFACE
 *     -x leave another's empty native XDP program on IFACE   -i SECONDS between drains   -v
 *   Commands: status, maps, memory, counters, drain, neighbours, own, quit.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/log.h"
#include "input/xdp.h"

#define BACKENDS_MAX 16

struct watch {
	struct xdp_config config;
	bool check, detach, query, foreign;
	struct addr backends[BACKENDS_MAX];
	uint16_t ports[BACKENDS_MAX];
	size_t backend_count;
	struct event_base *base;
	struct xdp_input *input;
	struct counts counts;
};

static const char *const counter_names[COUNTER_KERNEL_COUNT] = {
#define COUNTER_NAME(name, text) [COUNTER_##name] = text,
	COUNTERS_KERNEL(COUNTER_NAME)
};

static int word_index(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(word, words[i]))
			return i;
	fprintf(stderr, "xdp_watch: unknown word %s\n", word);
	exit(2);
}

static void backend_read(struct watch *w, char *text)
{
	char *colon = strrchr(text, ':');

	if (!colon || w->backend_count == BACKENDS_MAX) {
		fprintf(stderr, "xdp_watch: %s: not a backend\n", text);
		exit(2);
	}
	*colon = '\0';
	w->ports[w->backend_count] = (uint16_t)atoi(colon + 1);
	if (*text == '[') {
		text++;
		text[strcspn(text, "]")] = '\0';
	}
	if (addr_parse(text, &w->backends[w->backend_count++]))
		exit(2);
}

static void point_read(struct watch *w, char *text)
{
	struct xdp_point *p = &w->config.points[w->config.point_count++];
	char *role = strchr(text, '=');

	if (role) {
		*role++ = '\0';
		p->role = strcmp(role, "wan") ? ROLE_LAN : ROLE_WAN;
	}
	snprintf(p->ifname, sizeof(p->ifname), "%s", text);
}

static void options_read(struct watch *w, int argc, char **argv)
{
	static const char *const modes[] = {"auto", "native", "tc", "generic"};
	static const char *const profiles[] = {"gateway", "edge"};
	static const char *const kinds[] = {"ip", "mac", "vlan", "pppoe"};
	int c;

	w->config.sample = 1;
	w->config.interval_s = 3600;
	w->config.subject = SUBJECT_MAC;
	while ((c = getopt(argc, argv, "a:cp:s:b:ndqxvi:")) != -1) {
		switch (c) {
		case 'a':
			w->config.attach = (enum attach_mode)word_index(optarg, modes, 4);
			break;
		case 'c':
			w->config.clsact = true;
			break;
		case 'p':
			w->config.profile = (enum profile)word_index(optarg, profiles, 2);
			break;
		case 's':
			w->config.subject = (enum subject_kind)word_index(optarg, kinds, 4);
			break;
		case 'b':
			backend_read(w, optarg);
			break;
		case 'n':
			w->check = true;
			break;
		case 'd':
			w->detach = true;
			break;
		case 'q':
			w->query = true;
			break;
		case 'x':
			w->foreign = true;
			break;
		case 'v':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'i':
			w->config.interval_s = (uint32_t)atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	for (; optind < argc && w->config.point_count < XDP_POINTS_MAX; optind++)
		point_read(w, argv[optind]);
}

static bool endpoint_find(void *ctx, uint32_t endpoint, struct flow *flow)
{
	const struct watch *w = ctx;

	if (!endpoint || endpoint > w->backend_count)
		return false;
	flow->remote = w->backends[endpoint - 1];
	return true;
}

static void flow_print(void *ctx, const struct flow *f)
{
	char subject[SUBJECT_TEXT_MAX], local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];

	(void)ctx;
	printf("flow %s %s %s %u %u packets %llu bytes %llu directions %u\n",
	       subject_text(&f->subject, subject), addr_text(&f->local, local),
	       addr_text(&f->remote, remote), f->port, f->ip_proto, (unsigned long long)f->packets,
	       (unsigned long long)f->bytes, f->directions);
}

static void frame_print(void *ctx, const struct frame *f)
{
	(void)ctx;
	printf("frame ifindex %u role %s link %u bytes %u of %u\n", f->ifindex,
	       f->role == ROLE_LAN ? "lan" : "wan", f->link, f->cap_len, f->wire_len);
}

static void command_status(struct watch *w)
{
	struct xdp_status rows[XDP_POINTS_MAX * 3];
	size_t n = xdp_status(w->input, rows, XDP_POINTS_MAX * 3);

	for (size_t i = 0; i < n; i++)
		printf("%s %s %s %s%s[%s]\n", rows[i].ifname,
		       rows[i].role == ROLE_LAN ? "lan" : "wan", rows[i].mode,
		       rows[i].present ? "" : "gone ", rows[i].bridge_port ? "port " : "",
		       rows[i].reason);
}

static void command_maps(struct watch *w)
{
	struct xdp_map_status rows[32];
	size_t n = xdp_maps(w->input, rows, 32);
	unsigned long long total = 0;

	for (size_t i = 0; i < n; i++) {
		printf("%s %llu of %llu, %llu bytes\n", rows[i].name,
		       (unsigned long long)rows[i].used, (unsigned long long)rows[i].max,
		       (unsigned long long)rows[i].bytes);
		total += rows[i].bytes;
	}
	printf("total %llu bytes\n", total);
}

static void command_memory(struct watch *w)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	(void)w;
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmRSS", 5) || !strncmp(line, "Rss", 3))
			fputs(line, stdout);
	if (f)
		fclose(f);
}

static void command_counters(struct watch *w)
{
	xdp_counters(w->input, &w->counts);
	for (int i = 0; i < COUNTER_KERNEL_COUNT; i++)
		if (w->counts.n[i])
			printf("%s %llu\n", counter_names[i],
			       (unsigned long long)w->counts.n[i]);
}

static void command_drain(struct watch *w)
{
	printf("drained %d\n", xdp_drain(w->input));
}

static void neighbour_print(void *ctx, const uint8_t mac[6], const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	(void)ctx;
	printf("neighbour %02x:%02x:%02x:%02x:%02x:%02x %s\n", mac[0], mac[1], mac[2], mac[3],
	       mac[4], mac[5], addr_text(a, text));
}

static void command_neighbours(struct watch *w)
{
	xdp_neighbours(w->input, neighbour_print, NULL);
}

static void command_quit(struct watch *w)
{
	event_base_loopbreak(w->base);
}

static const struct {
	const char *name;
	void (*run)(struct watch *w);
} commands[] = {
	{"status", command_status},     {"maps", command_maps},
	{"memory", command_memory},     {"counters", command_counters},
	{"drain", command_drain},       {"neighbours", command_neighbours},
	{"quit", command_quit},
};

/* "own ADDRESS": is it this machine's? */
static void command_own(struct watch *w, const char *text)
{
	struct addr a;

	printf("own %d\n", !addr_parse(text, &a) && xdp_is_own(w->input, &a));
}

static void on_line(evutil_socket_t fd, short what, void *ctx)
{
	struct watch *w = ctx;
	char line[128];
	size_t i;

	(void)fd;
	(void)what;
	if (!fgets(line, sizeof(line), stdin)) {
		command_quit(w);
		return;
	}
	line[strcspn(line, "\n")] = '\0';
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(line, commands[i].name))
			commands[i].run(w);
	if (!strncmp(line, "own ", 4))
		command_own(w, line + 4);
	puts(".");
}

static int backends_put(struct watch *w)
{
	int rc = 0;

	for (size_t i = 0; i < w->backend_count && !rc; i++) {
		struct backend_value v = {.endpoint = (uint32_t)i + 1,
					  .count = 1,
					  .port_lo[0] = w->ports[i],
					  .port_hi[0] = w->ports[i],
					  .protos[0] = PORT_TCP | PORT_UDP};

		rc = xdp_backend_put(w->input, &w->backends[i], &v);
	}
	return rc;
}

static int watch_run(struct watch *w, char error[static 256])
{
	struct input_sink sink = {.ctx = w, .frame = frame_print, .flow = flow_print,
				  .counts = &w->counts};
	struct event *line;
	int rc = xdp_open(&w->input, &w->config, w->base, &sink, error);

	if (rc)
		return rc;
	xdp_set_endpoint_lookup(w->input, endpoint_find, w);
	line = event_new(w->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line, w);
	rc = backends_put(w);
	if (!line || rc || event_add(line, NULL)) {
		snprintf(error, 256, "cannot start: %s", strerror(-rc));
		rc = -EIO;
	} else {
		puts("ready");
		event_base_dispatch(w->base);
	}
	xdp_close(w->input);
	event_free(line);
	puts("closed");
	return rc;
}

/* Programs on one hook: BPF_XDP, or the tcx hooks by their numbers. */
static unsigned int hook_count(unsigned int ifindex, int type)
{
	uint32_t ids[16] = {0}, count = 16, flags = 0;

	if (bpf_prog_query((int)ifindex, (enum bpf_attach_type)type, 0, &flags, ids, &count))
		return 0;
	return count;
}

static unsigned int xdp_count(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	return !bpf_xdp_query((int)ifindex, 0, &opts) && opts.attach_mode != XDP_ATTACHED_NONE;
}

static void hooks_print(const struct watch *w)
{
	for (size_t i = 0; i < w->config.point_count; i++) {
		unsigned int ifindex = if_nametoindex(w->config.points[i].ifname);

		printf("%s xdp %u tcx-in %u tcx-out %u\n", w->config.points[i].ifname,
		       xdp_count(ifindex), hook_count(ifindex, 46), hook_count(ifindex, 47));
	}
}

static int foreign_attach(const struct watch *w)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, 2, NULL), rc = fd < 0;

	for (size_t i = 0; i < w->config.point_count && !rc; i++)
		rc = bpf_xdp_attach((int)if_nametoindex(w->config.points[i].ifname), fd,
				    XDP_FLAGS_DRV_MODE, NULL);
	return rc;
}

int main(int argc, char **argv)
{
	static struct watch w;
	struct event_config *config;
	char error[256] = "";
	int rc;

	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	options_read(&w, argc, argv);
	if (w.query) {
		hooks_print(&w);
		return 0;
	}
	if (w.foreign)
		return foreign_attach(&w) != 0;
	config = event_config_new();
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_avoid_method(config, "epoll"); /* standard input may be a file */
	w.base = event_base_new_with_config(config);
	event_config_free(config);
	if (w.check)
		rc = xdp_check(&w.config, error);
	else if (w.detach)
		rc = xdp_detach_left(&w.config, error);
	else
		rc = watch_run(&w, error);
	if (rc < 0)
		log_error("%s", error);
	else if (w.detach)
		printf("removed %d\n", rc);
	event_base_free(w.base);
	return rc < 0;
}
