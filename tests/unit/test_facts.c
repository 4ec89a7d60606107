// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/facts/facts.c user/facts/lines.c user/facts/alias.c user/base/addr.c user/base/table.c user/base/log.c */
/* Passive DNS and certificates: lines, chains across lines, days, and what is too much. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/timefmt.h"
#include "facts/facts.h"
#include "facts/lines.h"

#define DAY 86400LL
#define DAY_START 1700006400LL /* 2023-11-15T00:00:00Z */
#define NOW (DAY_START + 36000)
#define TIMES "\"time_first\":1700000000,\"time_last\":1700100000"
#define REC(name, type, data)                                                                     \
	"{\"rrname\":\"" name "\",\"rrtype\":\"" type "\",\"rdata\":" data "," TIMES "}\n"

/* A file of facts, and what comes of it as text. */
struct bench {
	char path[32];
	struct facts_files files;
	struct facts *facts;
	struct counts counts;
	uint64_t answers;
	size_t said_len;
	char said[4096];
};

__attribute__((format(printf, 2, 3))) static void say(struct bench *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (b->said_len < sizeof(b->said) - 512)
		b->said_len += (size_t)vsnprintf(b->said + b->said_len, 512, fmt, args);
	va_end(args);
}

/* Signature names: everything below sig.example. */
static bool wanted(void *ctx, const char *name)
{
	size_t len = strlen(name), tail = strlen("sig.example");

	(void)ctx;
	return len >= tail && !strcmp(name + len - tail, "sig.example");
}

/* "a.sig.example>x.cdn.example=192.0.2.1@36000+50400;": at that second of the day, for so long */
static void on_answer(void *ctx, const struct dns_answer *a)
{
	struct bench *b = ctx;
	char text[ADDR_TEXT_MAX];

	b->answers++;
	assert_true(a->source == SOURCE_PASSIVE_DNS && a->address_count > 0);
	say(b, "%.64s", a->qname);
	for (int i = 0; i < a->chain_count; i++)
		say(b, ">%.64s", a->chain[i]);
	for (int i = 0; i < a->address_count; i++)
		say(b, "%c%s", i ? ',' : '=', addr_text(&a->address[i].addr, text));
	say(b, "@%lld+%u;", (long long)(a->time_ns / NS_PER_S - DAY_START), a->address[0].ttl_s);
}

static void on_certificate(void *ctx, const struct certificate *c)
{
	struct bench *b = ctx;
	char text[ADDR_TEXT_MAX];

	say(b, "%s %s:%u", c->teaches ? "teach" : "share", addr_text(&c->addr, text), c->port);
	for (uint32_t i = 0; i < c->name_count; i++)
		say(b, " %s", c->names[i]);
	say(b, ";");
}

static void bench_free(struct bench *b)
{
	if (!b)
		return;
	facts_free(b->facts);
	unlink(b->path);
	free(b);
}

DEFINE_CLEANUP(bench_free, struct bench *)

static struct bench *bench_new(bool certificates, const char *text, size_t len)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct facts_ops ops = {b, wanted, on_answer, on_certificate};
	FILE *file;
	int fd;

	strcpy(b->path, "/tmp/hayrake-facts-XXXXXX");
	fd = mkstemp(b->path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
	if (certificates)
		b->files.certificates[b->files.certificate_count++] = b->path;
	else
		b->files.passive[b->files.passive_count++] = b->path;
	b->facts = facts_new(&b->files, &ops, &b->counts);
	assert_non_null(b->facts);
	return b;
}

#define BENCH(name, certificates, text)                                                           \
	struct bench *name CLEANUP(bench_free_ptr) =                                              \
		bench_new(certificates, text, sizeof(text) - 1)

static void import(struct bench *b, int64_t now_s)
{
	b->said_len = 0;
	b->said[0] = '\0';
	b->answers = 0;
	assert_int_equal(facts_import(b->facts, now_s * NS_PER_S),
			 (now_s - now_s % DAY + DAY) * NS_PER_S);
}

static void names_and_types(void **state)
{
	BENCH(b, false,
	      REC("A.Sig.Example.", "A", "[\"192.0.2.1\",\"192.0.2.2\"]")
	      REC("b.sig.example", "AAAA", "\"2001:db8::1\"")
	      REC("c.sig.example", "a", "\"192.0.2.3\"")
	      REC("d.sig.example", "TXT", "\"192.0.2.4\"")
	      REC("www.shop.example", "A", "\"192.0.2.1\"")
	      "{\"cond\":\"begin\"}\n\n"
	      "{\"obj\":{\"rrname\":\"e.sig.example\",\"rrtype\":\"A\",\"rdata\":[\"192.0.2.5\"],"
	      "\"zone_time_first\":1700000000,\"zone_time_last\":1700100000,\"count\":7}}");

	(void)state;
	import(b, NOW);
	assert_string_equal(b->said, "a.sig.example=192.0.2.1,192.0.2.2@36000+136800;"
				     "b.sig.example=2001:db8::1@36000+136800;"
				     "c.sig.example=192.0.2.3@36000+136800;"
				     "e.sig.example=192.0.2.5@36000+136800;"
				     "www.shop.example=192.0.2.1@36000+136800;");
	assert_int_equal(b->counts.n[COUNTER_FACTS_USED], 5);
	assert_int_equal(b->counts.n[COUNTER_FACTS_LINES_BAD], 0);
}

/* A chain over four lines, the last one first; who else leads to it speaks for sharing. */
static void chains_in_any_order(void **state)
{
	BENCH(b, false,
	      REC("z.cdn.example", "A", "\"192.0.2.1\"")
	      REC("www.shop.example", "CNAME", "\"y.cdn.example.\"")
	      REC("y.cdn.example", "CNAME", "[\"z.cdn.example.\"]")
	      REC("x.cdn.example", "CNAME", "\"y.cdn.example.\"")
	      REC("a.sig.example", "CNAME", "\"x.cdn.example.\"")
	      REC("other.example", "CNAME", "\"elsewhere.example\""));

	(void)state;
	import(b, NOW);
	assert_string_equal(b->said, "a.sig.example>x.cdn.example>y.cdn.example>z.cdn.example"
				     "=192.0.2.1@36000+136800;"
				     "www.shop.example>y.cdn.example=192.0.2.1@36000+136800;");
	assert_int_equal(b->counts.n[COUNTER_FACTS_ALIASES_FULL], 0);
}

/* Two signature names behind one alias: both are taught. A loop ends. */
static void chains_meet_and_loop(void **state)
{
	BENCH(b, false,
	      REC("a.sig.example", "CNAME", "\"x.cdn.example\"")
	      REC("b.sig.example", "CNAME", "\"x.cdn.example\"")
	      REC("x.cdn.example", "CNAME", "\"y.cdn.example\"")
	      REC("y.cdn.example", "CNAME", "\"x.cdn.example\"")
	      REC("c.sig.example", "CNAME", "\"c.sig.example\"")
	      REC("a.sig.example", "A", "\"192.0.2.9\""));

	(void)state;
	import(b, NOW);
	assert_string_equal(b->said, "a.sig.example=192.0.2.9@36000+136800;");
}

static void two_names_one_alias(void **state)
{
	BENCH(b, false,
	      REC("a.sig.example", "CNAME", "\"x.cdn.example\"")
	      REC("b.sig.example", "CNAME", "\"x.cdn.example\"")
	      REC("x.cdn.example", "A", "\"192.0.2.1\""));

	(void)state;
	import(b, NOW);
	assert_string_equal(b->said, "b.sig.example>x.cdn.example=192.0.2.1@36000+136800;"
				     "a.sig.example>x.cdn.example=192.0.2.1@36000+136800;");
}

/* A record speaks for the UTC days that its range touches, until the end of the last one. */
static void days(void **state)
{
	static const struct {
		long long first, last, now; /* from the start of the day */
		const char *said;
	} rows[] = {
		{-100, -1, 0, ""},
		{-100, 0, DAY - 1, "a.sig.example=192.0.2.1@0+86400;"},
		{-100, 10, 5, "a.sig.example=192.0.2.1@5+86395;"},
		{DAY - 1, 2 * DAY, 0, "a.sig.example=192.0.2.1@0+259200;"},
		{DAY, 2 * DAY, DAY - 1, ""},
		{-100, 100 * DAY, 7, "a.sig.example=192.0.2.1@7+604800;"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[256];
		struct bench *b CLEANUP(bench_free_ptr) = NULL;
		int len = snprintf(text, sizeof(text),
				   "{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":"
				   "\"192.0.2.1\",\"time_first\":%lld,\"time_last\":%lld}\n",
				   DAY_START + rows[i].first, DAY_START + rows[i].last);

		b = bench_new(false, text, (size_t)len);
		import(b, DAY_START + rows[i].now);
		assert_string_equal(b->said, rows[i].said);
		assert_int_equal(b->counts.n[COUNTER_FACTS_OTHER_DAY], !*rows[i].said);
	}
}

/* Every link of a chain must speak for the day; the one that ends first decides until when. */
static void days_of_chains(void **state)
{
	BENCH(b, false,
	      "{\"rrname\":\"a.sig.example\",\"rrtype\":\"CNAME\",\"rdata\":\"x.cdn.example\","
	      "\"time_first\":1699000000,\"time_last\":1700006500}\n"
	      REC("x.cdn.example", "A", "\"192.0.2.1\""));

	(void)state;
	import(b, NOW);
	assert_string_equal(b->said, "a.sig.example>x.cdn.example=192.0.2.1@100+86300;");
	import(b, NOW + DAY);
	assert_string_equal(b->said, "x.cdn.example=192.0.2.1@93600+79200;");
}

static void wrong_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"x",
		"[]",
		"{\"rrname\":\"a.sig.example\"",
		"{} {}",
		"{\"obj\":3}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\"," TIMES "}",
		"{\"rrname\":3,\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\"," TIMES "}",
		"{\"rrname\":\"a..b\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\"," TIMES "}",
		"{\"rrname\":\"a\\u001bb\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\"," TIMES "}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":\"::1\"," TIMES "}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":[]," TIMES "}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":[null]," TIMES "}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"AAAA\",\"rdata\":\"1.2.3.4\","
		TIMES "}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"CNAME\",\"rdata\":\"a b\"," TIMES "}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\"}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\","
		"\"time_first\":1700000000}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\","
		"\"time_first\":\"now\",\"time_last\":1}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\","
		"\"time_first\":1e300,\"time_last\":1e301}",
		"{\"rrname\":\"a.sig.example\",\"rrtype\":\"A\",\"rdata\":\"192.0.2.1\","
		"\"time_first\":1700100000,\"time_last\":1700000000}",
		"{\"a\":[[[[[[[[[[[[1]]]]]]]]]]]]}",
	};
	struct json_tokener *tokener = json_tokener_new_ex(8);

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct line l;

		if (!line_parse_passive(tokener, lines[i], strlen(lines[i]), &l))
			fail_msg("taken: %s", lines[i]);
		line_clean(&l);
	}
	json_tokener_free(tokener);
}

/* The rest of a file with wrong lines is used; they are told once, with file and line. */
static void wrong_lines_are_counted(void **state)
{
	static char text[400000];
	struct bench *b CLEANUP(bench_free_ptr) = NULL;
	size_t len = 0;

	(void)state;
	len += (size_t)sprintf(text + len, "%s", REC("a.sig.example", "A", "\"192.0.2.1\""));
	for (int i = 0; i < 20; i++)
		len += (size_t)sprintf(text + len, "{\"rrname\":\n");
	memset(text + len, '{', 200000); /* one line, too long */
	len += 200000;
	len += (size_t)sprintf(text + len, "\n%s", REC("b.sig.example", "A", "\"192.0.2.2\""));
	text[len++] = '\0'; /* a zero in the middle of a line */
	len += (size_t)sprintf(text + len, "x\n%s", REC("c.sig.example", "A", "\"192.0.2.3\""));
	b = bench_new(false, text, len);
	import(b, NOW);
	assert_string_equal(b->said, "a.sig.example=192.0.2.1@36000+136800;"
				     "b.sig.example=192.0.2.2@36000+136800;"
				     "c.sig.example=192.0.2.3@36000+136800;");
	assert_int_equal(b->counts.n[COUNTER_FACTS_LINES_BAD], 22);
	import(b, NOW + DAY);
	assert_int_equal(b->counts.n[COUNTER_FACTS_LINES_BAD], 22);
}

static void certificates(void **state)
{
	BENCH(b, true,
	      "{\"address\":\"192.0.2.1\",\"port\":443,\"names\":[\"*.Sig.example\",\"10.0.0.1\","
	      "\"localhost\",\"my cam\",7,\"x.example.\"],\"time\":1700040000}\n"
	      "{\"address\":\"192.0.2.2\",\"port\":0,\"names\":[\"a.example\"],"
	      "\"time\":1700040000}\n"
	      "{\"address\":\"192.0.2.300\",\"port\":1,\"names\":[\"a.example\"],"
	      "\"time\":1700040000}\n"
	      "{\"address\":\"192.0.2.2\",\"port\":1,\"names\":[],\"time\":1700040000}\n"
	      "{\"address\":\"192.0.2.2\",\"port\":1,\"names\":[\"a.example\"]}\n"
	      "{\"address\":\"192.0.2.2\",\"port\":1,\"names\":[\"a.example\"],\"time\":1}\n");

	(void)state;
	import(b, NOW);
	assert_string_equal(b->said, "teach 192.0.2.1:443 *.sig.example x.example;"
				     "share 192.0.2.1:443 *.sig.example x.example;");
	assert_int_equal(b->counts.n[COUNTER_FACTS_LINES_BAD], 4);
	assert_int_equal(b->counts.n[COUNTER_FACTS_USED], 1);
	assert_int_equal(b->counts.n[COUNTER_FACTS_OTHER_DAY], 1);
}

static void files_are_checked(void **state)
{
	struct facts_files none = {.passive = {"/nowhere/x"}, .passive_count = 1};
	struct facts_files pipe_like = {.certificates = {"/dev/null"}, .certificate_count = 1};
	BENCH(b, false, "x");

	(void)state;
	assert_int_equal(facts_check(&none), -ENOENT);
	assert_int_equal(facts_check(&pipe_like), -EINVAL);
	assert_int_equal(facts_check(&b->files), 0);
}

/* More aliases than are kept: counted, and what an import holds stays within its bound. */
static size_t flood_peak;

/* Of the address sanitizer, where the program is built with it. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_held(void)
{
	struct mallinfo2 m;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

static void on_flood(void *ctx, const struct dns_answer *a)
{
	size_t bytes = bytes_held();

	(void)a;
	((struct bench *)ctx)->answers++;
	if (bytes > flood_peak)
		flood_peak = bytes;
}

static void flood_of_aliases(void **state)
{
	struct bench *b CLEANUP(bench_free_ptr) = bench_new(false, "", 0);
	struct facts_ops ops = {b, wanted, on_flood, on_certificate};
	FILE *file = fopen(b->path, "w");
	size_t before;

	(void)state;
	for (int i = 0; i < 20000; i++)
		fprintf(file,
			"{\"rrname\":\"n%d.sig.example\",\"rrtype\":\"CNAME\",\"rdata\":"
			"\"n%d.cdn.example\"," TIMES "}\n",
			i, i);
	for (int i = 0; i < 20000; i++)
		fprintf(file,
			"{\"rrname\":\"n%d.cdn.example\",\"rrtype\":\"A\",\"rdata\":"
			"\"10.%d.%d.1\"," TIMES "}\n",
			i, i / 256, i % 256);
	fclose(file);
	facts_free(b->facts);
	b->facts = facts_new(&b->files, &ops, &b->counts);
	before = bytes_held();
	import(b, NOW);
	assert_true(b->counts.n[COUNTER_FACTS_ALIASES_FULL] > 0);
	assert_true(b->answers >= FACTS_ALIASES_MAX / 2);
	print_message("# %zu bytes held\n", flood_peak - before);
	assert_true(flood_peak > before && flood_peak - before < 3U << 20);
	assert_true(bytes_held() <= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_types),
		cmocka_unit_test(chains_in_any_order),
		cmocka_unit_test(chains_meet_and_loop),
		cmocka_unit_test(two_names_one_alias),
		cmocka_unit_test(days),
		cmocka_unit_test(days_of_chains),
		cmocka_unit_test(wrong_lines),
		cmocka_unit_test(wrong_lines_are_counted),
		cmocka_unit_test(certificates),
		cmocka_unit_test(files_are_checked),
		cmocka_unit_test(flood_of_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
