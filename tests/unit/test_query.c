// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/query.c user/query_stats.c user/query_explain.c user/query_label.c user/query_groups.c user/names/[a-z]*.c user/output/rows.c user/output/escape.c user/infer/infer.c user/infer/usage.c user/infer/hits.c user/infer/groups.c user/infer/region.c user/infer/standing.c user/infer/aging.c user/infer/explain.c user/infer/confidence.c user/evidence/evidence.c user/evidence/report.c user/evidence/pool.c user/rules/[a-z]*.c user/dns/backend*.c user/dns/cloud.c user/dns/slots.c user/dns/name.c user/base/[a-z]*.c */
/* Requests and the rows they give, over a small home. */
#include <errno.h>
#include <json-c/json.h>

#include "base/cleanup.h"
#include "query_fixture.h"

DEFINE_CLEANUP(home_free, struct home *)

static size_t home_points(void *ctx, struct xdp_status *out, size_t max)
{
	const struct home *h = ctx;

	for (size_t i = 0; i < h->points && i < max; i++)
		out[i] = (struct xdp_status){
			.ifname = "br-lan",
			.mode = h->points_see ? "tc" : "none",
			.reason = h->points_see ? "blind=vlan-offload" : "the interface is gone",
			.present = h->points_see,
		};
	return h->points;
}

/* The rows of an answer, as text. */
struct rows {
	char *text[64];
	size_t count;
};

static void rows_take(void *ctx, struct json_object *row)
{
	struct rows *r = ctx;

	assert_true(r->count < 64);
	r->text[r->count++] = strdup(json_object_to_json_string_ext(
		row, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void rows_clean(struct rows *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->text[i]);
	r->count = 0;
}

static int ask(struct home *h, const char *request, struct rows *r)
{
	rows_clean(r);
	return query_run(&h->query, request, rows_take, r);
}

static void row_has(const struct rows *r, size_t i, const char *part)
{
	assert_true(i < r->count);
	if (!strstr(r->text[i], part))
		fail_msg("no %s in %s", part, r->text[i]);
}

static void test_detections(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "show detections", &r), 0);
	assert_int_equal(r.count, 2);
	row_has(&r, 0,
		"{\"event\":\"detection\",\"time\":\"2025-11-24T15:59:40.000000Z\","
		"\"subject\":\"mac:02:00:00:00:00:0a\",\"addresses\":[\"192.168.1.10\"],"
		"\"labels\":{\"mac_random\":true},\"rule\":\"acme\"");
	row_has(&r, 0, "\"seen\":1,\"needed\":1,\"of\":2");
	row_has(&r, 1, "{\"event\":\"end\",\"request\":\"show detections\",\"rows\":1}");
}

static void test_subjects(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "show subjects", &r), 0);
	assert_int_equal(r.count, 3);
	row_has(&r, 0, "\"mac:02:00:00:00:00:0a\"");
	row_has(&r, 0, "\"mac_is_local\":true");
	row_has(&r, 0, "\"domains\":2");
	row_has(&r, 0, "\"rules\":[\"acme\"],\"devices\":[\"Acme device\"],\"usage\":[]}");
	row_has(&r, 1, "\"mac:02:00:00:00:00:0b\"");
	row_has(&r, 1, "\"rules\":[],\"devices\":[],\"usage\":[]}"); /* unknown stays unknown */
}

/* By each rule that says how to tell: what holds, the present hour, the hours before it. */
static void test_subjects_in_use(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};
	const struct subject plug = home_subject(10);

	(void)state;
	home_use(h, 3600, 12); /* the hour before */
	usage_tick(h->usage, HOME_NOW);
	home_use(h, 0, 7);
	assert_int_equal(ask(h, "show subjects", &r), 0);
	row_has(&r, 0,
		"\"usage\":[{\"rule\":\"acme\",\"state\":\"active\","
		"\"since\":\"2025-11-24T15:00:00.000000Z\","
		"\"hour\":\"2025-11-24T16:00:00.000000Z\","
		"\"packets\":7,\"sampling\":1,\"wire_packets\":7,\"threshold\":10,"
		"\"hours\":[\"active\",\"unknown\",\"unknown\"");
	row_has(&r, 1, "\"devices\":[],\"usage\":[]}");
	assert_int_equal(labels_refuse(h->labels, &plug, "acme"), 0);
	rows_clean(&r);
	assert_int_equal(ask(h, "show subjects", &r), 0);
	row_has(&r, 0, "\"devices\":[],\"usage\":[]}");
}

static void test_backends(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "show backends", &r), 0);
	assert_int_equal(r.count, 3);
	row_has(&r, 0,
		"\"address\":\"198.51.100.6\",\"state\":\"dedicated\","
		"\"domains\":[\"hub.acme.com\"],\"since\":\"");
	row_has(&r, 0,
		"\"sources\":[\"dns\"],\"cloud\":null,\"context\":\"address\","
		"\"shared_with\":null");
	row_has(&r, 1, "\"address\":\"198.51.100.7\"");
}

/* From a state file nothing of the kernel is measurable: no zeroes. */
static void test_stats_of_a_state_file(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "show stats", &r), 0);
	assert_int_equal(r.count, 2);
	row_has(&r, 0, "\"source\":\"state\"");
	row_has(&r, 0,
		"\"uptime\":null,\"sampling\":null,\"rules\":2,\"backends\":2,"
		"\"subjects\":2,\"evidence\":3,\"detections\":1,\"dns_plain\":0,"
		"\"dns_encrypted\":0}");
}

static void test_stats_of_an_instance(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	h->query.origin = "live";
	h->query.started_ns = HOME_NOW - 90 * NS_PER_S;
	h->query.sampling = 10;
	h->query.points = home_points;
	h->points = 1;
	h->points_see = true;
	h->counts.n[COUNTER_DRAINS_EARLY] = 3;
	assert_int_equal(ask(h, "show stats", &r), 0);
	row_has(&r, 0, "\"uptime\":90,\"sampling\":10");
	row_has(&r, 1,
		"{\"event\":\"point\",\"interface\":\"br-lan\",\"role\":\"lan\","
		"\"mode\":\"tc\",\"reason\":null,\"blind\":\"vlan-offload\"");
	row_has(&r, 2, "{\"event\":\"counter\",\"name\":\"packets\",\"value\":0}");
	row_has(&r, r.count - 2, "{\"event\":\"counter\",\"name\":\"drains_early\",\"value\":3}");
}

/* Where no point sees packets, a counter of the kernel that stands at zero says nothing. */
static void test_blind_instance_has_no_zeroes(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	h->query.points = home_points;
	h->points = 1;
	h->counts.n[COUNTER_BYTES] = 7; /* from before */
	assert_int_equal(ask(h, "show stats", &r), 0);
	row_has(&r, 1, "\"reason\":\"the interface is gone\",\"blind\":\"all\"");
	row_has(&r, 2, "\"name\":\"packets\",\"value\":null");
	row_has(&r, 3, "\"name\":\"bytes\",\"value\":7");
}

static void test_explains_what_speaks(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "explain mac:02:00:00:00:00:0a", &r), 0);
	assert_int_equal(r.count, 3);
	row_has(&r, 0,
		"{\"event\":\"explanation\",\"subject\":\"mac:02:00:00:00:00:0a\","
		"\"addresses\":[\"192.168.1.10\"],\"labels\":{\"mac_random\":true},"
		"\"rule\":\"acme\"");
	row_has(&r, 0,
		"\"parent\":null,\"context\":\"address\",\"parent_fires\":null,\"fires\":true,"
		"\"suppressed\":false,\"detected\":\"2025-11-24T15:59:40.000000Z\","
		"\"seen\":1,\"needed\":1,\"of\":2,\"confidence\":0.2");
	row_has(&r, 0, "\"prior\":0.004,");
	row_has(&r, 0,
		"\"groups\":[{\"name\":\"api.acme.com\",\"seen\":true,\"factor\":3");
	row_has(&r, 0, "{\"name\":\"fw.acme.com\",\"seen\":false,\"factor\":");
	row_has(&r, 0, "\"reachable\":null,");
	row_has(&r, 0, "\"class\":\"primary\",\"counted\":true,\"why_not\":null}");
	row_has(&r, 1, "\"rule\":\"acme-hub\"");
	row_has(&r, 1,
		"\"parent\":\"acme\",\"context\":\"address\",\"parent_fires\":true,"
		"\"fires\":false,"
		"\"suppressed\":false,\"detected\":null,\"seen\":1,\"needed\":2,\"of\":2");
}

/* A subject by any of its names: bare MAC, its address, the address of its address. */
static void test_explains_by_any_name(void **state)
{
	static const char *const requests[] = {
		"explain mac:02:00:00:00:00:0a acme", "explain 02:00:00:00:00:0A acme",
		"explain 192.168.1.10 acme",          "explain ip:192.168.1.10 acme",
		"  explain   192.168.1.10   acme  ",
	};
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		assert_int_equal(ask(h, requests[i], &r), 0);
		assert_int_equal(r.count, 2);
		row_has(&r, 0, "\"subject\":\"mac:02:00:00:00:00:0a\"");
	}
}

static void test_unknown_stays_unknown(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "explain 192.168.1.11", &r), 0);
	assert_int_equal(r.count, 2);
	row_has(&r, 0,
		"{\"event\":\"unknown\",\"subject\":\"mac:02:00:00:00:00:0b\","
		"\"addresses\":[\"192.168.1.11\"],\"labels\":{\"mac_random\":true},"
		"\"domains\":1,\"dns\":null,\"dns_plain\":null,\"dns_encrypted\":null}");
	assert_int_equal(ask(h, "explain 192.168.1.11 acme", &r), 0);
	row_has(&r, 0,
		"\"class\":\"generic\",\"counted\":false,"
		"\"why_not\":\"generic domain\"}");
}

static void test_labels(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "label", &r), 0);
	assert_int_equal(r.count, 1);
	assert_int_equal(ask(h, "label 192.168.1.10 text the  K\xc3\xbc" "che", &r), 0);
	row_has(&r, 0,
		"{\"event\":\"label\",\"subject\":\"mac:02:00:00:00:00:0a\","
		"\"label\":\"the  K\xc3\xbc" "che\",\"not\":[]}");
	assert_int_equal(ask(h, "show detections", &r), 0);
	row_has(&r, 0, "\"labels\":{\"user\":\"the  K\xc3\xbc" "che\",\"mac_random\":true}");
	assert_int_equal(ask(h, "show subjects", &r), 0);
	row_has(&r, 0, "\"labels\":{\"user\":");
	row_has(&r, 1, "\"labels\":{\"mac_random\":true}");
	assert_int_equal(ask(h, "explain 192.168.1.11", &r), 0);
	row_has(&r, 0, "\"event\":\"unknown\"");
	row_has(&r, 0, "\"labels\":{\"mac_random\":true}");
	assert_int_equal(ask(h, "label 02:00:00:00:00:0a", &r), 0);
	row_has(&r, 0, "\"label\":\"the  K");
	assert_int_equal(ask(h, "label 02:00:00:00:00:0a clear", &r), 0);
	row_has(&r, 0, "\"label\":null,\"not\":[]}");
	assert_int_equal(ask(h, "label 02:00:00:00:00:0a clear", &r), -ENOENT);
}

/* A refused rule is silent but in explain; a rule below it is judged as ever. */
static void test_not_this_device(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	home_contact(h, 10, "cloud.acme.com", 1);
	assert_int_equal(ask(h, "show detections", &r), 0);
	assert_int_equal(r.count, 3);
	assert_int_equal(ask(h, "label 192.168.1.10 not acme", &r), 0);
	row_has(&r, 0, "\"label\":null,\"not\":[\"acme\"]}");
	assert_int_equal(ask(h, "show detections", &r), 0);
	assert_int_equal(r.count, 2);
	row_has(&r, 0, "\"rule\":\"acme-hub\"");
	assert_int_equal(ask(h, "show subjects", &r), 0);
	row_has(&r, 0, "\"rules\":[\"acme-hub\"],\"devices\":[\"Acme hub\"]");
	assert_int_equal(ask(h, "explain 192.168.1.10", &r), 0);
	row_has(&r, 0, "\"rule\":\"acme\"");
	row_has(&r, 0, "\"fires\":true,\"suppressed\":true");
	row_has(&r, 1, "\"fires\":true,\"suppressed\":false");
	assert_int_equal(ask(h, "label 192.168.1.10 clear acme", &r), 0);
	assert_int_equal(ask(h, "show detections", &r), 0);
	assert_int_equal(r.count, 3);
}

static int keep_fails(void *ctx, char error[static 256])
{
	(void)ctx;
	snprintf(error, 256, "the disk is full");
	return -EIO;
}

static int keep_nowhere(void *ctx, char error[static 256])
{
	(void)ctx;
	snprintf(error, 256, "it has no file");
	return -ENOENT;
}

static void test_label_is_kept_or_not(void **state)
{
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	h->query.keep = keep_fails;
	assert_int_equal(ask(h, "label 192.168.1.10 text x", &r), -EIO);
	assert_int_equal(r.count, 1);
	row_has(&r, 0, "{\"event\":\"error\",\"message\":\"the disk is full\"}");
	h->query.keep = keep_nowhere;
	assert_int_equal(ask(h, "label 192.168.1.10 text x", &r), 0);
	row_has(&r, 0, "{\"event\":\"warning\",\"message\":\"it has no file\"}");
	row_has(&r, 1, "\"label\":\"x\"");
	assert_int_equal(ask(h, "label 192.168.1.10", &r), 0); /* keeps nothing */
	assert_int_equal(r.count, 2);
}

static void test_bad_labels(void **state)
{
	static const struct {
		const char *request;
		int err;
		const char *message;
	} rows[] = {
		{"label ", -EINVAL, "neither a MAC address nor an IP address"},
		{"label  text x", -EINVAL, "neither a MAC"},
		{"labels", -EINVAL, "not a request"},
		{"label nobody", -EINVAL, "neither a MAC address nor an IP address: 'nobody'"},
		{"label 192.168.1.99 text x", -ENOENT, "nothing is known of '192.168.1.99'"},
		{"label 192.168.1.10 ", -EINVAL, "label takes text, not or clear, not"},
		{"label 192.168.1.10 txt x", -EINVAL, "label takes text, not or clear, not 'txt'"},
		{"label 192.168.1.10 text", -EINVAL, "a label is 1 to 127 bytes long"},
		{"label 192.168.1.10 text ", -EINVAL, "a label is 1 to 127 bytes long"},
		{"label 192.168.1.10 text  x", -EINVAL, "a label is without blanks at its ends"},
		{"label 192.168.1.10 text x\033[2J", -EINVAL, "a label is UTF-8 without control"},
		{"label 192.168.1.10 text \xe2\x80\xae", -EINVAL, "a label is UTF-8 without"},
		{"label 192.168.1.10 text \xff", -EINVAL, "a label is UTF-8 without"},
		{"label 192.168.1.10 not none", -ENOENT, "no such rule: 'none'"},
		{"label 192.168.1.10 not", -ENOENT, "no such rule:"},
		{"label 192.168.1.10 clear acme", -ENOENT, "nothing was said of it 'acme'"},
		{"label mac:02:00:00:00:00:04 text x", -ENOSPC, "there are too many labels"},
	};
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};

	(void)state;
	assert_int_equal(ask(h, "label mac:02:00:00:00:00:01 text x", &r), 0);
	assert_int_equal(ask(h, "label ip:192.168.1.99 text x", &r), 0);
	assert_int_equal(ask(h, "label mac:02:00:00:00:00:03 text x", &r), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ask(h, rows[i].request, &r), rows[i].err);
		assert_int_equal(r.count, 1);
		row_has(&r, 0, rows[i].message);
	}
}

static void test_bad_requests(void **state)
{
	static const struct {
		const char *request;
		int err;
		const char *message;
	} rows[] = {
		{"", -EINVAL, "not a request:"},
		{"show", -EINVAL, "not a request: 'show'"},
		{"show all", -EINVAL, "show takes detections, subjects, backends, stats or groups"},
		{"show groups", -EINVAL, "the groups are as written, without --regroup"},
		{"show stats now", -EINVAL, "show takes"},
		{"show stats now please", -EINVAL, "not a request"},
		{"hide subjects", -EINVAL, "not a request: 'hide subjects'"},
		{"explain nonsense", -EINVAL, "neither a MAC address nor an IP address: "},
		{"explain 192.168.1.99", -ENOENT, "nothing is known of '192.168.1.99'"},
		{"explain 02:00:00:00:00:99", -ENOENT, "nothing is known of"},
		{"explain 192.168.1.10 none", -ENOENT, "no such rule: 'none'"},
		{"show \"\033[2J\\", -EINVAL, "show takes"},
		{"\"\033[2J\\ x", -EINVAL, "not a request: '\\\"\\u001b[2J\\\\ x'"},
	};
	struct home *h CLEANUP(home_free_ptr) = home_new();
	CLEANUP(rows_clean) struct rows r = {.count = 0};
	char *big = calloc(1, QUERY_MAX + 1);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ask(h, rows[i].request, &r), rows[i].err);
		assert_int_equal(r.count, 1);
		row_has(&r, 0, "{\"event\":\"error\",\"message\":\"");
		row_has(&r, 0, rows[i].message);
	}
	assert_non_null(big);
	memset(big, 'x', QUERY_MAX);
	assert_int_equal(ask(h, big, &r), -EINVAL);
	row_has(&r, 0, "too long");
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detections),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_subjects_in_use),
		cmocka_unit_test(test_backends),
		cmocka_unit_test(test_stats_of_a_state_file),
		cmocka_unit_test(test_stats_of_an_instance),
		cmocka_unit_test(test_blind_instance_has_no_zeroes),
		cmocka_unit_test(test_explains_what_speaks),
		cmocka_unit_test(test_explains_by_any_name),
		cmocka_unit_test(test_unknown_stays_unknown),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_not_this_device),
		cmocka_unit_test(test_label_is_kept_or_not),
		cmocka_unit_test(test_bad_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
