// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/state/state_write.c user/state/state_read.c user/state/state_lock.c user/base/addr.c user/base/timefmt.c */
/* The state file: what goes in comes out, damage is found, half a file is none. */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "state/state.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* --- names ------------------------------------------------------------------------------------ */

static const char *const domain_names[] = {"a.example", "*.b.example", "c.example"};
static const char *const rule_ids[] = {"one", "two"};

static const char *name_domain(void *ctx, domain_id domain)
{
	(void)ctx;
	return domain_names[domain];
}

static const char *name_rule(void *ctx, uint32_t rule)
{
	(void)ctx;
	return rule_ids[rule];
}

static uint32_t find(const char *const *list, size_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(list[i], name))
			return i;
	return UINT32_MAX;
}

static domain_id find_domain(void *ctx, const char *name)
{
	return find(domain_names, ctx ? *(size_t *)ctx : LENGTH(domain_names), name);
}

static uint32_t find_rule(void *ctx, const char *id)
{
	return find(rule_ids, ctx ? 1 : LENGTH(rule_ids), id);
}

static const struct state_names names = {NULL, name_domain, name_rule, find_domain, find_rule};

/* --- a directory for each test ---------------------------------------------------------------- */

struct place {
	char dir[64];
	char path[96];
};

static int place_make(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->dir, "/tmp/hayrake-state-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/state", p->dir);
	*state = p;
	return 0;
}

static size_t place_files(const struct place *p, bool remove)
{
	DIR *dir = opendir(p->dir);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (remove)
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
	return count;
}

static int place_clean(void **state)
{
	struct place *p = *state;

	place_files(p, true);
	rmdir(p->dir);
	free(p);
	return 0;
}

static char *file_read(const char *path, size_t *len)
{
	CLEANUP_FILE FILE *f = fopen(path, "r");
	char *text = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, (1 << 20) - 1, f);
	text[*len] = '\0';
	return text;
}

static void file_write(const char *path, const char *text, size_t len)
{
	CLEANUP_FILE FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
}

/* --- rows ------------------------------------------------------------------------------------- */

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};

static struct evidence evidence_one(void)
{
	return (struct evidence){
		.subject = subject_from_mac(mac),
		.domain = 1,
		.remote = addr_of("2001:db8::1"),
		.port = 65535,
		.ip_proto = IPPROTO_UDP,
		.tcp_flags = 0xff,
		.directions = 3,
		.via = VIA_CLIENT_DNS,
		.sampling = 1000,
		.packets = 1ULL << 40,
		.bytes = INT64_MAX,
		.first_ns = 1764000000123456789LL,
		.last_ns = 1764000001123456789LL,
	};
}

static struct backend_row backend_one(void)
{
	return (struct backend_row){
		.remote = addr_of("198.51.100.7"),
		.state = BACKEND_IS_SHARED,
		.first_ns = 1,
		.last_answer_ns = 2,
		.expires_ns = 3,
		.last_used_ns = 4,
		.shared_until_ns = 5,
		.since_ns = 6,
		.sources = 1 << SOURCE_DNS | 1 << SOURCE_CERTIFICATE | 1 << SOURCE_SAVED,
		.cloud = "compute.amazonaws.com",
		.shared_with = "other\\032.example",
		.domain_count = 2,
		.domains = {0, 2},
	};
}

static struct detection detection_one(void)
{
	struct detection d = {
		.time_ns = 1764000001123456789LL,
		.subject = subject_from_mac(mac),
		.rule = 1,
		.seen = 2,
		.needed = 2,
		.of = 5,
		.sampling = 1,
		.first_ns = 10,
		.last_ns = 20,
		.began_ns = 9,
		.told_ns = 30,
		.evidence_count = 2,
		.evidence_left_out = 7,
	};

	d.evidence[0] = d.evidence[1] = evidence_one();
	d.evidence[1].domain = 0;
	return d;
}

static int write_all(const char *path, bool running)
{
	struct state_header header = {.saved_ns = 77, .running = running, .boot = "boot-id"};
	struct backend_row backend = backend_one();
	struct backend_client_row client = {
		.key = {subject_from_mac(mac), addr_of("198.51.100.7")},
		.last_ns = 6,
		.domain_count = 1,
		.domains = {2},
	};
	struct evidence e = evidence_one();
	struct detection d = detection_one();
	struct addr local = addr_of("192.168.1.10");
	struct state_writer *w = NULL;
	int err = state_create(path, &header, &names, &w);

	if (err)
		return err;
	state_put_backend(w, &backend);
	state_put_client(w, &client);
	state_put_evidence(w, &e);
	state_put_address(w, &e.subject, &local, 8);
	state_put_detection(w, &d);
	return state_commit(w);
}

/* What came back, and how often. */
struct got {
	struct backend_row backend;
	char shared_with[64];
	char cloud[64];
	struct backend_client_row client;
	struct evidence evidence;
	struct subject subject;
	struct addr local;
	int64_t local_ns;
	struct detection detection;
	struct usage_row usage;
	size_t dns, backends, clients, rows, addresses, detections, usages, labels, heard;
	size_t mistakes;
	uint64_t last_mistake;
	int refuse; /* what every put gives */
};

static int got_backend(void *ctx, const struct backend_row *row)
{
	struct got *g = ctx;

	g->backend = *row;
	snprintf(g->shared_with, sizeof(g->shared_with), "%s", row->shared_with);
	snprintf(g->cloud, sizeof(g->cloud), "%s", row->cloud);
	g->backends++;
	return g->refuse;
}

static int got_client(void *ctx, const struct backend_client_row *row)
{
	struct got *g = ctx;

	g->client = *row;
	g->clients++;
	return g->refuse;
}

static int got_evidence(void *ctx, const struct evidence *e)
{
	struct got *g = ctx;

	g->evidence = *e;
	g->rows++;
	return g->refuse;
}

static int got_dns(void *ctx, const struct subject *subject, bool encrypted, int64_t last_ns)
{
	struct got *g = ctx;

	assert_int_equal(subject_kind(subject), SUBJECT_MAC);
	assert_int_equal(last_ns, encrypted ? 71 : 70);
	g->dns++;
	return g->refuse;
}

static int got_address(void *ctx, const struct subject *subject, const struct addr *a,
		       int64_t last_ns)
{
	struct got *g = ctx;

	g->subject = *subject;
	g->local = *a;
	g->local_ns = last_ns;
	g->addresses++;
	return g->refuse;
}

static int got_detection(void *ctx, const struct detection *d)
{
	struct got *g = ctx;

	g->detection = *d;
	g->detections++;
	return g->refuse;
}

static int got_usage(void *ctx, const struct usage_row *row)
{
	struct got *g = ctx;

	g->usage = *row;
	g->usages++;
	return g->refuse;
}

static int got_label(void *ctx, const struct label_row *row)
{
	struct got *g = ctx;

	assert_string_equal(row->text, "x \"y\" \\");
	assert_string_equal(row->nots, "one gone");
	g->labels++;
	return g->refuse;
}

static int got_heard(void *ctx, const struct heard_row *row)
{
	struct got *g = ctx;

	assert_string_equal(row->host, "caf\xc3\xa9 ?");
	assert_string_equal(row->mdns, "");
	assert_int_equal(row->last_ns, 77);
	g->heard++;
	return g->refuse;
}

static void got_mistake(void *ctx, const char *path, uint64_t line, const char *what)
{
	struct got *g = ctx;

	assert_non_null(path);
	assert_non_null(what);
	g->mistakes++;
	g->last_mistake = line;
}

static int read_all(const char *path, const struct state_names *n, struct got *g,
		    struct state_report *report)
{
	struct state_sink sink = {g,       got_backend, got_client,    got_evidence,
				  got_dns, got_address, got_detection, got_usage,
				  got_label, got_heard,
				  got_mistake};

	return state_read(path, n, &sink, report);
}

static void evidence_same(const struct evidence *a, const struct evidence *b)
{
	assert_memory_equal(&a->subject, &b->subject, sizeof(a->subject));
	assert_memory_equal(&a->remote, &b->remote, sizeof(a->remote));
	assert_int_equal(a->domain, b->domain);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->ip_proto, b->ip_proto);
	assert_int_equal(a->tcp_flags, b->tcp_flags);
	assert_int_equal(a->directions, b->directions);
	assert_int_equal(a->via, b->via);
	assert_int_equal(a->sampling, b->sampling);
	assert_int_equal(a->packets, b->packets);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->first_ns, b->first_ns);
	assert_int_equal(a->last_ns, b->last_ns);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_comes_back_as_it_went(void **state)
{
	const struct place *p = *state;
	struct got g = {0};
	struct state_report report;
	struct evidence e = evidence_one();
	struct stat st;

	assert_int_equal(write_all(p->path, true), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(place_files(p, false), 1);
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_int_equal(report.lines, 7);
	assert_int_equal(report.bad + report.unknown + g.mistakes, 0);
	assert_true(report.header.running);
	assert_int_equal(report.header.saved_ns, 77);
	assert_string_equal(report.header.boot, "boot-id");
	assert_int_equal(g.backend.state, BACKEND_IS_SHARED);
	assert_int_equal(g.backend.shared_until_ns, 5);
	assert_int_equal(g.backend.last_used_ns, 4);
	assert_int_equal(g.backend.since_ns, 6);
	assert_int_equal(g.backend.sources, 1 << SOURCE_DNS | 1 << SOURCE_CERTIFICATE);
	assert_string_equal(g.cloud, "compute.amazonaws.com");
	assert_string_equal(g.shared_with, "other\\032.example");
	assert_int_equal(g.backend.domain_count, 2);
	assert_int_equal(g.backend.domains[1], 2);
	assert_int_equal(g.client.last_ns, 6);
	assert_int_equal(g.client.domains[0], 2);
	evidence_same(&g.evidence, &e);
	assert_int_equal(g.local_ns, 8);
	assert_int_equal(g.detection.rule, 1);
	assert_int_equal(g.detection.evidence_count, 2);
	assert_int_equal(g.detection.evidence_left_out, 7);
	assert_int_equal(g.detection.since_ns, g.detection.time_ns);
	assert_int_equal(g.detection.began_ns, 9);
	assert_int_equal(g.detection.told_ns, 30);
	evidence_same(&g.detection.evidence[0], &e);
	assert_int_equal(write_all(p->path, false), 0);
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_false(report.header.running);
}

/* A file of a version that did not save a detection's past. */
static void test_detection_without_a_past(void **state)
{
	static const char past[] = "\"began_ns\":9,\"told_ns\":30,";
	const struct place *p = *state;
	struct got g = {0};
	struct state_report report;
	char *at;
	size_t len;

	assert_int_equal(write_all(p->path, false), 0);
	CLEANUP_FREE char *text = file_read(p->path, &len);

	at = strstr(text, past);
	assert_non_null(at);
	memmove(at, at + strlen(past), strlen(at + strlen(past)) + 1);
	file_write(p->path, text, strlen(text));
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_int_equal(g.detections, 1);
	assert_int_equal(g.detection.began_ns, g.detection.first_ns);
	assert_int_equal(g.detection.told_ns, g.detection.time_ns);
}

/* Cut anywhere, the file is refused as a whole and nothing comes out of it. */
static void test_half_a_file_is_none(void **state)
{
	const struct place *p = *state;
	size_t len;

	assert_int_equal(write_all(p->path, false), 0);
	CLEANUP_FREE char *text = file_read(p->path, &len);

	for (size_t cut = 0; cut + 1 < len; cut++) {
		struct got g = {0};
		struct state_report report;

		file_write(p->path, text, cut);
		assert_int_equal(read_all(p->path, &names, &g, &report), -EBADMSG);
		assert_int_equal(g.backends + g.clients + g.rows + g.addresses + g.detections, 0);
	}
}

/* A line that is gone, or twice there, is as bad as half a file: the end line counts. */
static void test_line_count_is_checked(void **state)
{
	const struct place *p = *state;
	struct got g = {0};
	struct state_report report;
	char *second, *third;
	size_t len;

	assert_int_equal(write_all(p->path, false), 0);
	CLEANUP_FREE char *text = file_read(p->path, &len);

	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	memmove(second, third, strlen(third) + 1);
	file_write(p->path, text, strlen(text));
	assert_int_equal(read_all(p->path, &names, &g, &report), -EBADMSG);
}

/* Any byte changed: the reader survives, and says so unless the line still makes sense. */
static void test_damaged_bytes(void **state)
{
	const struct place *p = *state;
	size_t len, bad = 0;

	assert_int_equal(write_all(p->path, false), 0);
	CLEANUP_FREE char *text = file_read(p->path, &len);

	for (size_t i = 0; i < len; i++) {
		static const char bytes[] = {'"', '\0', '\xff', '-', '9', '\n', '}'};
		struct got g = {0};
		struct state_report report;
		char was = text[i];
		int err;

		text[i] = bytes[i % sizeof(bytes)];
		file_write(p->path, text, len);
		err = read_all(p->path, &names, &g, &report);
		assert_true(!err || err == -EBADMSG);
		assert_int_equal(err ? 0 : report.bad, g.mistakes);
		bad += !err && report.bad == 1;
		text[i] = was;
	}
	assert_true(bad > 100);
}

static void test_bad_lines_are_named(void **state)
{
	static const char *const lines[] = {
		"",
		"no json",
		"{}",
		"[1]",
		"{\"event\":\"what\"}",
		"{\"event\":\"label\",\"subject\":\"ip:1.2.3.4\",\"text\":\"x\"}",
		"{\"event\":\"dns\",\"subject\":\"ip:1.2.3.4\",\"encrypted\":1,\"last_ns\":1}",
		"{\"event\":\"dns\",\"subject\":\"ip:1.2.3.4\",\"encrypted\":true}",
		"{\"event\":\"heard\",\"subject\":\"ip:1.2.3.4\",\"host\":\"x\",\"mdns\":7,"
		"\"last_ns\":1}",
		"{\"event\":\"label\",\"subject\":\"ip:1.2.3\",\"text\":\"x\",\"not\":\"\"}",
		"{\"event\":7}",
		"{\"event\":\"backend\"}",
		"{\"event\":\"address\",\"subject\":\"mac:02:00:00:00:00:09\",\"address\":\"1.2."
		"3\","
		"\"last_ns\":1}",
		"{\"event\":\"address\",\"subject\":\"nobody\",\"address\":\"1.2.3.4\",\"last_"
		"ns\":1}",
		"{\"event\":\"address\",\"subject\":\"ip:1.2.3.4\",\"address\":\"1.2.3.4\","
		"\"last_ns\":-1}",
		"{\"event\":\"address\",\"subject\":\"ip:1.2.3.4\",\"address\":\"1.2.3.4\","
		"\"last_ns\":9223372036854775807}",
		"{\"event\":\"address\",\"subject\":\"ip:1.2.3.4\",\"address\":\"1.2.3.4\","
		"\"last_ns\":1} x",
		"{\"event\":\"client\",\"subject\":\"ip:1.2.3.4\",\"address\":\"1.2.3.4\","
		"\"last_ns\":1,\"domains\":[1]}",
		"{\"event\":\"detection\",\"subject\":\"ip:1.2.3.4\",\"rule\":\"one\","
		"\"evidence\":"
		"[[[[[[]]]]]]}",
	};
	static const char head[] = "{\"event\":\"state\",\"version\":1,\"saved_ns\":1,\"running\":"
				   "false,\"boot\":\"\"}";
	const struct place *p = *state;

	for (size_t i = 0; i < LENGTH(lines); i++) {
		struct got g = {0};
		struct state_report report;
		char text[1024];

		snprintf(text, sizeof(text), "%s\n%s\n{\"event\":\"end\",\"lines\":3}\n", head,
			 lines[i]);
		file_write(p->path, text, strlen(text));
		assert_int_equal(read_all(p->path, &names, &g, &report), 0);
		assert_int_equal(report.bad, 1);
		assert_int_equal(g.last_mistake, 2);
	}
}

static void test_foreign_files(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"hello\n",
		"{\"event\":\"end\",\"lines\":1}\n",
		"{\"event\":\"state\",\"version\":2,\"saved_ns\":1,\"running\":false,\"boot\":"
		"\"\"}\n"
		"{\"event\":\"end\",\"lines\":2}\n",
		"{\"event\":\"state\",\"version\":1,\"saved_ns\":1,\"running\":false,\"boot\":"
		"\"a boot id of more than forty characters, "
		"so\"}\n{\"event\":\"end\",\"lines\":2}\n",
	};
	const struct place *p = *state;
	struct got g = {0};
	struct state_report report;
	CLEANUP_FREE char *big = malloc(STATE_LINE_MAX * 2);

	assert_int_equal(read_all(p->path, &names, &g, &report), -ENOENT);
	assert_int_equal(read_all(p->dir, &names, &g, &report), -EISDIR);
	for (size_t i = 0; i < LENGTH(texts); i++) {
		file_write(p->path, texts[i], strlen(texts[i]));
		assert_int_equal(read_all(p->path, &names, &g, &report), -EBADMSG);
	}
	assert_non_null(big);
	memset(big, 'x', STATE_LINE_MAX * 2);
	file_write(p->path, big, STATE_LINE_MAX * 2);
	assert_int_equal(read_all(p->path, &names, &g, &report), -EBADMSG);
}

/* A line longer than any we write is bad, and only that line. */
static void test_long_line_is_bad(void **state)
{
	const struct place *p = *state;
	struct got g = {0};
	struct state_report report;
	CLEANUP_FREE char *text = malloc(STATE_LINE_MAX * 2);
	size_t at;

	assert_non_null(text);
	at = (size_t)sprintf(text, "{\"event\":\"state\",\"version\":1,\"saved_ns\":1,"
				   "\"running\":false,\"boot\":\"\"}\n");
	memset(text + at, 'x', STATE_LINE_MAX);
	at += STATE_LINE_MAX;
	at += (size_t)sprintf(text + at, "\n{\"event\":\"end\",\"lines\":3}\n");
	file_write(p->path, text, at);
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_int_equal(report.bad, 1);
	assert_int_equal(g.last_mistake, 2);
}

/* Other signatures: rows of names they do not have are left out and counted, not bad. */
static void test_unknown_names_are_skipped(void **state)
{
	const struct place *p = *state;
	size_t known = 1; /* a.example; rule "one" only */
	struct state_names fewer = {&known, name_domain, name_rule, find_domain, find_rule};
	struct got g = {0};
	struct state_report report;

	assert_int_equal(write_all(p->path, false), 0);
	assert_int_equal(read_all(p->path, &fewer, &g, &report), 0);
	assert_int_equal(report.bad, 0);
	assert_int_equal(g.backends, 1);
	assert_int_equal(g.backend.domain_count, 1);
	assert_int_equal(g.clients + g.rows + g.detections, 0);
	assert_int_equal(g.addresses, 1);
	/* backend's c.example, client's, evidence's, one of the detection's, its rule */
	assert_int_equal(report.unknown, 5);
}

static void test_refused_rows_are_bad(void **state)
{
	const struct place *p = *state;
	struct got g = {.refuse = -ENOSPC};
	struct state_report report;

	assert_int_equal(write_all(p->path, false), 0);
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_int_equal(report.bad, 5);
}

/* --- failed writes ---------------------------------------------------------------------------- */

/* The disk fills up while writing: the old file stays, and no temporary one. */
static void test_failed_write_leaves_the_old(void **state)
{
	const struct place *p = *state;
	struct rlimit old, tight;
	size_t len, again_len;

	assert_int_equal(write_all(p->path, false), 0);
	CLEANUP_FREE char *text = file_read(p->path, &len);
	CLEANUP_FREE char *again = NULL;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (rlim_t max = 0; max < len; max += 200) {
		tight = (struct rlimit){max, old.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
		assert_int_equal(write_all(p->path, true), -EFBIG);
		assert_int_equal(place_files(p, false), 1);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	again = file_read(p->path, &again_len);
	assert_int_equal(len, again_len);
	assert_memory_equal(text, again, len);
}

static void test_directory_is_missing(void **state)
{
	const struct place *p = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/none/state", p->dir);
	assert_int_equal(write_all(path, false), -ENOENT);
}

/* What a killed instance left half written is replaced. */
static void test_left_temporary_is_replaced(void **state)
{
	const struct place *p = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s.new", p->path);
	file_write(path, "half", 4);
	assert_int_equal(write_all(p->path, false), 0);
	assert_int_equal(place_files(p, false), 1);
}

static void test_discard_leaves_nothing(void **state)
{
	const struct place *p = *state;
	struct state_header header = {.saved_ns = 1};
	struct state_writer *w = NULL;

	assert_int_equal(state_create(p->path, &header, &names, &w), 0);
	state_discard(w);
	assert_int_equal(place_files(p, false), 0);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, place_make, place_clean)

static void test_labels_come_back(void **state)
{
	const struct place *p = *state;
	struct label_row row = {.text = "x \"y\" \\", .nots = "one gone"};
	struct heard_row heard = {.host = "caf\xc3\xa9 ?", .mdns = "", .last_ns = 77};
	struct state_header header = {.saved_ns = 5};
	struct state_report report;
	struct state_writer *w;
	struct got g = {.labels = 0};

	assert_int_equal(subject_parse("ip:192.0.2.1", &row.subject), 0);
	assert_int_equal(state_create(p->path, &header, &names, &w), 0);
	state_put_label(w, &row);
	state_put_heard(w, &heard);
	assert_int_equal(state_commit(w), 0);
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_int_equal(g.labels, 1);
	assert_int_equal(g.heard, 1);
	assert_int_equal(report.bad, 0);
}

static void test_ways_of_asking_come_back(void **state)
{
	const struct place *p = *state;
	struct state_header header = {.saved_ns = 5};
	struct state_report report;
	struct state_writer *w;
	struct subject subject;
	struct got g = {.dns = 0};

	assert_int_equal(subject_parse("mac:02:00:00:00:00:0a", &subject), 0);
	assert_int_equal(state_create(p->path, &header, &names, &w), 0);
	state_put_dns(w, &subject, false, 70);
	state_put_dns(w, &subject, true, 71);
	assert_int_equal(state_commit(w), 0);
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_int_equal(g.dns, 2);
	assert_int_equal(report.bad, 0);
}

static void test_usage_comes_back(void **state)
{
	const struct place *p = *state;
	struct usage_row row = {
		.subject = subject_from_mac(mac),
		.rule = 1,
		.state = USAGE_ACTIVE,
		.since_ns = 1764000001123456789LL,
		.hour_ns = 1763996400000000000LL,
		.packets = 1ULL << 40,
		.wire_packets = 1ULL << 50,
		.sampling = 1024,
		.active_hours = 0x800001,
		.idle_hours = 0x7ffffe,
	};
	struct state_header header = {.saved_ns = 5};
	struct state_report report;
	struct state_writer *w;
	struct got g = {.usages = 0};

	assert_int_equal(state_create(p->path, &header, &names, &w), 0);
	state_put_usage(w, &row);
	row.active_hours = 2; /* an hour cannot be both */
	state_put_usage(w, &row);
	row.active_hours = 0x800001;
	assert_int_equal(state_commit(w), 0);
	assert_int_equal(read_all(p->path, &names, &g, &report), 0);
	assert_int_equal(g.usages, 1);
	assert_memory_equal(&g.usage, &row, sizeof(row));
	assert_int_equal(report.bad, 1);
	assert_int_equal(g.last_mistake, 3);
}

/* One process at a time, and a lock that goes with its owner. */
static void test_lock(void **state)
{
	const struct place *p = *state;
	int lock = state_lock(p->path);

	assert_true(lock >= 0);
	assert_int_equal(state_lock(p->path), -EWOULDBLOCK);
	close(lock);
	lock = state_lock(p->path);
	assert_true(lock >= 0);
	close(lock);
	assert_int_equal(state_lock("/tmp/hayrake-no-such-folder/state"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACED(test_comes_back_as_it_went),  PLACED(test_half_a_file_is_none),
		PLACED(test_line_count_is_checked),  PLACED(test_damaged_bytes),
		PLACED(test_bad_lines_are_named),    PLACED(test_foreign_files),
		PLACED(test_long_line_is_bad),       PLACED(test_unknown_names_are_skipped),
		PLACED(test_usage_comes_back),
		PLACED(test_refused_rows_are_bad),   PLACED(test_failed_write_leaves_the_old),
		PLACED(test_directory_is_missing),   PLACED(test_left_temporary_is_replaced),
		PLACED(test_discard_leaves_nothing), PLACED(test_labels_come_back),
		PLACED(test_ways_of_asking_come_back),
		PLACED(test_lock),
		PLACED(test_discard_leaves_nothing), PLACED(test_detection_without_a_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
