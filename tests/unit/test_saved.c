// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/saved.c user/state/state_write.c user/state/state_read.c user/query.c user/query_stats.c user/query_explain.c user/query_label.c user/query_groups.c user/names/[a-z]*.c user/output/rows.c user/output/escape.c user/infer/infer.c user/infer/usage.c user/infer/hits.c user/infer/groups.c user/infer/region.c user/infer/standing.c user/infer/aging.c user/infer/explain.c user/infer/confidence.c user/evidence/evidence.c user/evidence/report.c user/evidence/pool.c user/rules/[a-z]*.c user/dns/backend*.c user/dns/cloud.c user/dns/slots.c user/dns/name.c user/base/[a-z]*.c */
/* A home saved and restored gives the same answers; a broken file leaves a fresh start. */
#include <errno.h>
#include <json-c/json.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "query_fixture.h"
#include "saved.h"

DEFINE_CLEANUP(home_free, struct home *)

static struct saved saved_of(struct home *h, const char *path)
{
	return (struct saved){
		.path = path,
		.rules = h->rules,
		.backends = h->backends,
		.evidence = h->evidence,
		.infer = h->infer,
		.usage = h->usage,
		.labels = h->labels,
		.heard = h->heard,
		.counts = &h->counts,
	};
}

/* A home with the same rules, and nothing seen. */
static struct home *home_empty(void)
{
	struct home *h = home_new();

	evidence_expire(h->evidence, HOME_NOW + 365 * 86400 * NS_PER_S);
	infer_expire(h->infer, HOME_NOW + 365 * 86400 * NS_PER_S);
	backend_expire(h->backends, HOME_NOW + 365 * 86400 * NS_PER_S);
	memset(&h->counts, 0, sizeof(h->counts));
	assert_int_equal(evidence_rows(h->evidence) + infer_count(h->infer), 0);
	assert_int_equal(backend_count(h->backends), 0);
	return h;
}

static void text_add(void *ctx, struct json_object *row)
{
	fprintf(ctx, "%s\n", json_object_to_json_string_ext(row, JSON_C_TO_STRING_PLAIN));
}

/* All that can be asked of a home, as one text to be freed. */
static char *answers(const struct home *h)
{
	static const char *const requests[] = {
		"show detections", "show subjects",        "show backends",
		"show stats",      "explain 192.168.1.10", "explain 192.168.1.11 acme",
		"label",
	};
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		assert_int_equal(query_run(&h->query, requests[i], text_add, f), 0);
	fclose(f);
	return text;
}

/* What only the saved state says yet is told as such; but for that the answers are the same. */
static size_t saved_sources_drop(char *text)
{
	static const char word[] = ",\"saved-state\"";
	size_t count = 0;

	for (char *at; (at = strstr(text, word)); count++)
		memmove(at, at + sizeof(word) - 1, strlen(at + sizeof(word) - 1) + 1);
	return count;
}

static int path_make(void **state)
{
	char *path = strdup("/tmp/hayrake-saved-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	*state = path;
	return 0;
}

static int path_clean(void **state)
{
	unlink(*state);
	free(*state);
	return 0;
}

/* Two labels, two refused rules, one of which no signature has. */
static void said(struct home *h)
{
	struct subject plug = home_subject(10), unseen = home_subject(77);
	struct heard_row heard = {plug, "plug-1", "plug.local", HOME_NOW};

	assert_int_equal(heard_restore(h->heard, &heard), 0);
	assert_int_equal(labels_set(h->labels, &plug, "K\xc3\xbc" "che \"\\"), 0);
	assert_int_equal(labels_refuse(h->labels, &plug, "acme-gone"), 0);
	assert_int_equal(labels_refuse(h->labels, &plug, "acme-hub"), 0);
	assert_int_equal(labels_set(h->labels, &unseen, "spare"), 0);
}

static void test_answers_survive(void **state)
{
	struct home *before CLEANUP(home_free_ptr) = home_new();
	struct home *after CLEANUP(home_free_ptr) = home_empty();
	struct saved out = saved_of(before, *state), in = saved_of(after, *state);
	CLEANUP_FREE char *want = NULL;
	CLEANUP_FREE char *have = NULL;
	struct state_report report;

	said(before);
	home_use(before, 3600, 12);
	usage_tick(before->usage, HOME_NOW);
	home_use(before, 0, 7);
	want = answers(before);
	assert_non_null(strstr(want, "\"state\":\"active\""));
	assert_int_equal(saved_store(&out, true, HOME_NOW), 0);
	assert_int_equal(saved_load(&in, &report), 0);
	assert_int_equal(report.bad + report.unknown, 0);
	assert_true(report.header.running);
	assert_int_equal(report.header.saved_ns, HOME_NOW);
	assert_int_equal(after->counts.n[COUNTER_EVIDENCE_ROWS], 0);
	assert_int_equal(after->counts.n[COUNTER_DETECTIONS], 0);
	have = answers(after);
	assert_int_equal(saved_sources_drop(have), backend_count(after->backends));
	assert_string_equal(have, want);
}

/* New labels in a file, for nothing else in it, not even what these signatures do not know. */
static void test_relabelled(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	struct home *after CLEANUP(home_free_ptr) = home_empty();
	struct saved out = saved_of(h, *state), in = saved_of(after, *state);
	const struct subject plug = home_subject(10), unseen = home_subject(77);
	struct state_report report;
	CLEANUP_FREE char *want = NULL, *have = NULL;

	said(h);
	assert_int_equal(saved_store(&out, true, HOME_NOW), 0);
	assert_true(labels_clear(h->labels, &unseen, NULL));
	assert_int_equal(labels_set(h->labels, &plug, "new"), 0);
	want = answers(h);
	assert_int_equal(saved_read(&in, &report), 0);
	evidence_expire(h->evidence, HOME_NOW + 365 * 86400 * NS_PER_S); /* not asked for */
	assert_int_equal(saved_relabel(&out, &report.header), 0);
	home_free(TAKE_PTR(after));
	after = home_empty();
	in = saved_of(after, *state);
	assert_int_equal(saved_load(&in, &report), 0);
	assert_int_equal(report.bad + report.unknown, 0);
	assert_true(report.header.running);
	have = answers(after);
	assert_int_equal(saved_sources_drop(have), backend_count(after->backends));
	assert_string_equal(have, want);
}

/* What was detected before the restart is not reported after it. */
static void test_restored_is_not_reported(void **state)
{
	struct home *before CLEANUP(home_free_ptr) = home_new();
	struct home *after CLEANUP(home_free_ptr) = home_empty();
	struct saved out = saved_of(before, *state), in = saved_of(after, *state);
	struct state_report report;

	assert_int_equal(saved_store(&out, false, HOME_NOW), 0);
	assert_int_equal(saved_load(&in, &report), 0);
	assert_false(report.header.running);
	home_contact(after, 10, "fw.acme.com", 1);
	assert_int_equal(after->counts.n[COUNTER_DETECTIONS], 0);
	home_contact(after, 12, "fw.acme.com", 1);
	assert_int_equal(after->counts.n[COUNTER_DETECTIONS], 1);
}

static void test_no_file_is_a_fresh_start(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_empty();
	struct saved in = saved_of(h, *state);
	struct state_report report;

	assert_int_equal(saved_load(&in, &report), -ENOENT);
	assert_int_equal(evidence_rows(h->evidence), 0);
}

static void test_half_a_file_is_a_fresh_start(void **state)
{
	struct home *before CLEANUP(home_free_ptr) = home_new();
	struct home *after CLEANUP(home_free_ptr) = home_empty();
	struct saved out = saved_of(before, *state), in = saved_of(after, *state);
	struct state_report report;
	struct stat st;

	assert_int_equal(saved_store(&out, false, HOME_NOW), 0);
	assert_int_equal(stat(*state, &st), 0);
	assert_int_equal(truncate(*state, st.st_size - 1), 0); /* the last line feed */
	assert_int_equal(saved_load(&in, &report), 0);         /* is no loss */
	home_free(TAKE_PTR(after));
	after = home_empty();
	in = saved_of(after, *state);
	assert_int_equal(truncate(*state, st.st_size - 2), 0);
	assert_int_equal(saved_load(&in, &report), -EBADMSG);
	assert_int_equal(evidence_rows(after->evidence) + infer_count(after->infer), 0);
	assert_int_equal(backend_count(after->backends), 0);
}

static void test_damaged_lines_are_counted(void **state)
{
	struct home *before CLEANUP(home_free_ptr) = home_new();
	struct home *after CLEANUP(home_free_ptr) = home_empty();
	struct saved out = saved_of(before, *state), in = saved_of(after, *state);
	struct state_report report;
	char text[1 << 14] = "";
	CLEANUP_FILE FILE *f = NULL;

	assert_int_equal(saved_store(&out, false, HOME_NOW), 0);
	f = fopen(*state, "r+");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	memcpy(strstr(text, "\"evidence\""), "\"evidenze\"", 10);
	rewind(f);
	assert_true(fputs(text, f) >= 0);
	fflush(f);
	assert_int_equal(saved_load(&in, &report), 0);
	assert_int_equal(report.bad, 1);
	assert_int_equal(after->counts.n[COUNTER_STATE_LINES_BAD], 1);
	assert_int_equal(evidence_rows(after->evidence), 2);
}

static void test_failed_save_is_counted(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	struct saved out = saved_of(h, "/tmp/hayrake-no-such-folder/state");

	(void)state;
	assert_int_equal(saved_store(&out, false, HOME_NOW), -ENOENT);
	assert_int_equal(saved_store(&out, false, HOME_NOW), -ENOENT);
	assert_int_equal(h->counts.n[COUNTER_STATE_FAILED], 2);
}

#define PLACED(f) cmocka_unit_test_setup_teardown(f, path_make, path_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACED(test_answers_survive),
		PLACED(test_relabelled),
		PLACED(test_restored_is_not_reported),
		PLACED(test_no_file_is_a_fresh_start),
		PLACED(test_half_a_file_is_a_fresh_start),
		PLACED(test_damaged_lines_are_counted),
		PLACED(test_failed_save_is_counted),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
