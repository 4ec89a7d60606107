// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the signatures cost: reading and checking all of them, and finding a name's domains, with
 * the packaged rules and with ten times as many. Copies of a rule have ids and domains of their
 * own, and a hundredth of the names asked for is a signature's. CPU time, the best round counts.
 * sources: user/rules/draft.c user/rules/field.c user/rules/jsontext.c user/rules/link.c user/rules/load.c user/rules/names.c user/rules/ports.c user/rules/report.c user/rules/rules.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rules/rules.h"

#define COPIES 9
#define DOMAINS_A_RULE 4
#define NAMES 4096
#define ROUNDS 7
#define PASSES 50 /* over the names, a round */
#define GOAL_RATIO 1.5 /* flat but for the cache misses of a table of ten times the size */
#define GOAL_SECONDS 0.5

static char names[NAMES][64];

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void names_make(const struct rules *r)
{
	for (uint32_t i = 0; i < NAMES; i++) {
		const char *own = r->domains[i % r->domain_count].name;

		if (i % 100 == 0)
			snprintf(names[i], sizeof(names[i]), "%s", own[0] == '*' ? own + 2 : own);
		else
			snprintf(names[i], sizeof(names[i]), "h%u.site%u.example.%s", i % 7, i,
				 i % 2 ? "com" : "net");
	}
}

/* Nanoseconds a name. */
static double match_ns(const struct rules *r)
{
	domain_id found[ENDPOINT_DOMAINS];
	double best = 1e9;
	size_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_s(), took;

		for (uint32_t i = 0; i < NAMES * PASSES; i++)
			sum += rules_match(r, names[i % NAMES], found, ENDPOINT_DOMAINS);
		took = (now_s() - start) * 1e9 / (NAMES * PASSES);
		best = took < best ? took : best;
	}
	return sum ? best : 0;
}

static void rule_write(FILE *f, int copy, uint32_t rule)
{
	fprintf(f, "{\"rule\":\"r%d-%u\",\"name\":\"n\",\"level\":\"product\",", copy, rule);
	fputs("\"source\":\"s\",\"domains\":[", f);
	for (int i = 0; i < DOMAINS_A_RULE; i++)
		fprintf(f, "%s{\"domain\":\"d%d-%u.c%d.example\",\"ports\":[\"443\"]}",
			i ? "," : "", i, rule, copy);
	fputs("]}\n", f);
}

/* A file a copy, each with as many rules as there are and about as many domains. */
static int copies_write(const struct rules *r, const char *dir)
{
	for (int copy = 0; copy < COPIES; copy++) {
		char path[128];
		FILE *f;

		snprintf(path, sizeof(path), "%s/c%d.json", dir, copy);
		f = fopen(path, "w");
		if (!f)
			return -1;
		fprintf(f, "{\"format\":1,\"vendor\":\"V%d\",", copy);
		fputs("\"sources\":{\"s\":{\"citation\":\"c\",\"date\":\"2026\"}},\"rules\":[", f);
		for (uint32_t i = 0; i < r->rule_count; i++) {
			fputs(i ? "," : "", f);
			rule_write(f, copy, i);
		}
		fputs("]}", f);
		fclose(f);
	}
	return 0;
}

static void copies_remove(const char *dir)
{
	for (int copy = 0; copy < COPIES; copy++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/c%d.json", dir, copy);
		unlink(path);
	}
	rmdir(dir);
}

static void mistake_print(void *ctx, const char *file, uint32_t line, const char *what)
{
	(void)ctx;
	fprintf(stderr, "%s:%u: %s\n", file, line, what);
}

static void figure_check(const struct rules *r)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		struct rules *again = NULL;
		double start = now_s(), took;

		if (rules_load("signatures", NULL, NULL, &again))
			return;
		took = now_s() - start;
		best = took < best ? took : best;
		rules_free(again);
	}
	printf("signatures: all read and checked\t%.4f\ts\t%u rules\t\t<= %.1f\t%s\n", best,
	       r->rule_count, GOAL_SECONDS, best <= GOAL_SECONDS ? "ok" : "SHORT");
}

int main(void)
{
	char dir[] = "/tmp/hayrake-bench-rules-XXXXXX", *paths[2];
	struct rules *own = NULL, *many = NULL;
	double few_ns, many_ns;

	if (rules_load("signatures", mistake_print, NULL, &own) || !mkdtemp(dir))
		return 1;
	paths[0] = (char *)(uintptr_t)"signatures";
	paths[1] = dir;
	if (copies_write(own, dir) || rules_load_paths(paths, 2, mistake_print, NULL, &many)) {
		copies_remove(dir);
		return 1;
	}
	copies_remove(dir);
	names_make(own);
	figure_check(own);
	few_ns = match_ns(own);
	many_ns = match_ns(many);
	printf("a name matched, %u rules\t%.0f\tns\t%u rules %.0f ns\t%.2f\t<= %.1f\t%s\n",
	       many->rule_count, many_ns, own->rule_count, few_ns, many_ns / few_ns, GOAL_RATIO,
	       many_ns <= GOAL_RATIO * few_ns ? "ok" : "SHORT");
	rules_free(many);
	rules_free(own);
	return 0;
}
