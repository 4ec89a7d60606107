// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/output/output.c user/output/json.c user/output/text.c user/output/explain.c user/output/groups.c user/output/grid.c user/output/cell.c user/output/rows.c user/output/escape.c user/base/addr.c user/base/timefmt.c */
/* What is printed: the detection line as documented, tables, explanations, escaping. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "base/timefmt.h"
#include "output/escape.h"
#include "output/rows.h"

#define T0 (1764000000LL * NS_PER_S) /* 2025-11-24T16:00:00Z */

static void name_rule(void *ctx, uint32_t rule, struct output_rule *out)
{
	(void)ctx;
	*out = rule ? (struct output_rule){"fire-tv", "Amazon Fire TV", "Amazon", "product",
					   "amazon-product"}
		    : (struct output_rule){"ring-doorbell", "Ring doorbell", "Ring",
					   "manufacturer", NULL};
}

static const char *name_domain(void *ctx, domain_id domain)
{
	(void)ctx;
	return domain ? "fw.ring.com" : "es.ring.com";
}

static const char *name_group(void *ctx, uint32_t rule, domain_id domain)
{
	(void)rule;
	return name_domain(ctx, domain);
}

static void name_subject(void *ctx, const struct subject *s, struct subject_names *out)
{
	static const struct subject_names bell = {
		.user = "Caf\xc3\xa9 bell", .host = "ESP\033", .has_mac = true, .mac_random = true};
	static const struct subject_names acme = {.mac_vendor = "Acme Corp.", .has_mac = true};

	(void)ctx;
	*out = s->b[7] == 0x0a ? bell : acme;
}

static const struct output_names names = {NULL, name_rule, name_domain, name_group, name_subject};

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct detection *detection_new(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 0x0a};
	static struct detection d;

	d = (struct detection){
		.time_ns = T0 + 5 * NS_PER_S,
		.subject = subject_from_mac(mac),
		.seen = 2,
		.needed = 2,
		.of = 5,
		.sampling = 1,
		.first_ns = T0,
		.last_ns = T0 + 5 * NS_PER_S,
		.address_count = 1,
		.evidence_count = 2,
		.in_day = true,
		.confidence = 927,
		.since_ns = T0 + 5 * NS_PER_S,
		.began_ns = T0 - 3 * NS_PER_S / 2,
	};
	d.address[0] = addr_of("192.168.1.10");
	for (uint32_t i = 0; i < 2; i++)
		d.evidence[i] = (struct evidence){
			.domain = i,
			.remote = addr_of(i ? "2001:db8::7" : "198.51.100.7"),
			.port = i ? 123 : 443,
			.ip_proto = i ? IPPROTO_UDP : IPPROTO_TCP,
			.via = i ? VIA_CLIENT_DNS : VIA_ADDRESS,
			.sampling = 1,
			.packets = 12,
			.bytes = 3400,
			.first_ns = T0,
			.last_ns = T0 + 1500000,
		};
	return &d;
}

/* --- a stream into memory --------------------------------------------------------------------- */

struct printed {
	char *text;
	size_t len;
	FILE *file;
	struct output *output;
};

static void print_open(struct printed *p, enum output_format format)
{
	p->file = open_memstream(&p->text, &p->len);
	assert_non_null(p->file);
	p->output = output_new(format, p->file, &names);
	assert_non_null(p->output);
}

static void print_close(struct printed *p)
{
	if (p->output)
		assert_int_equal(output_end(p->output), 0);
	if (p->file)
		fclose(p->file);
	free(p->text);
}

static const char *print_done(struct printed *p)
{
	assert_int_equal(output_end(p->output), 0);
	p->output = NULL;
	fflush(p->file);
	return p->text;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void test_detection_line(void **state)
{
	CLEANUP(print_close) struct printed p = {0};

	(void)state;
	print_open(&p, OUTPUT_JSON);
	output_detection(p.output, detection_new());
	assert_string_equal(
		print_done(&p),
		"{\"event\":\"detection\",\"time\":\"2025-11-24T16:00:05.000000Z\","
		"\"subject\":\"mac:02:00:00:00:00:0a\",\"addresses\":[\"192.168.1.10\"],"
		"\"labels\":{\"user\":\"Caf\xc3\xa9 bell\",\"host\":\"ESP\\u001b\","
		"\"mac_random\":true},"
		"\"rule\":\"ring-doorbell\",\"name\":\"Ring doorbell\",\"vendor\":\"Ring\","
		"\"level\":\"manufacturer\",\"parent\":null,\"seen\":2,\"needed\":2,\"of\":5,"
		"\"sampling\":1,\"confidence\":0.927,"
		"\"first_evidence\":\"2025-11-24T16:00:00.000000Z\","
		"\"last_evidence\":\"2025-11-24T16:00:05.000000Z\",\"detect_seconds\":6.500,"
		"\"windows\":{\"hour\":false,\"day\":true},\"evidence\":["
		"{\"group\":\"es.ring.com\",\"domain\":\"es.ring.com\","
		"\"address\":\"198.51.100.7\",\"port\":443,\"proto\":\"tcp\",\"packets\":12,"
		"\"bytes\":3400,\"first\":\"2025-11-24T16:00:00.000000Z\","
		"\"last\":\"2025-11-24T16:00:00.001500Z\",\"via\":\"address\"},"
		"{\"group\":\"fw.ring.com\",\"domain\":\"fw.ring.com\","
		"\"address\":\"2001:db8::7\",\"port\":123,\"proto\":\"udp\",\"packets\":12,"
		"\"bytes\":3400,\"first\":\"2025-11-24T16:00:00.000000Z\","
		"\"last\":\"2025-11-24T16:00:00.001500Z\",\"via\":\"client-dns\"}]}\n");
}

static void test_detection_extras(void **state)
{
	CLEANUP(print_close) struct printed p = {0};
	struct detection *d = detection_new();
	const char *text;

	(void)state;
	d->rule = 1;
	d->sampling = 1000;
	d->evidence[1].sampling = 1000;
	d->evidence_left_out = 3;
	print_open(&p, OUTPUT_JSON);
	output_detection(p.output, d);
	text = print_done(&p);
	assert_non_null(strstr(text, "\"parent\":\"amazon-product\""));
	assert_non_null(strstr(text, "\"via\":\"address\",\"sampling\":1}"));
	assert_non_null(strstr(text, "\"via\":\"client-dns\"}],\"evidence_left_out\":3}"));
}

/* Renewals and losses are lines of the same shape, with since when it stood and why it ended. */
static void test_renewal_and_loss_lines(void **state)
{
	CLEANUP(print_close) struct printed p = {0};
	struct detection *d = detection_new();
	const char *text;

	(void)state;
	print_open(&p, OUTPUT_JSON);
	d->event = DETECTION_RENEWAL;
	d->time_ns += 86400 * NS_PER_S;
	output_detection(p.output, d);
	d->event = DETECTION_LOSS;
	output_detection(p.output, d);
	d->withdrawn = true;
	output_detection(p.output, d);
	text = print_done(&p);
	assert_non_null(strstr(text, "{\"event\":\"renewal\",\"time\":\"2025-11-25T16:00:05"));
	assert_non_null(strstr(text, "\"day\":true},\"detected\":\"2025-11-24T16:00:05.000000Z\","
				     "\"evidence\":[{"));
	assert_non_null(strstr(text, "{\"event\":\"loss\",\"time\":\"2025-11-25T16:00:05"));
	assert_non_null(strstr(text, "05.000000Z\",\"reason\":\"window\",\"evidence\":[{"));
	assert_non_null(strstr(text, "05.000000Z\",\"reason\":\"shared\",\"evidence\":[{"));
}

static void test_summary_line(void **state)
{
	CLEANUP(print_close) struct printed p = {0};
	struct counts counts = {{0}};
	struct summary s = {"replay", 2, 0.25, 7, 3, 1};

	(void)state;
	counts.n[COUNTER_PACKETS] = 100;
	counts.n[COUNTER_BYTES] = UINT64_MAX;
	counts.n[COUNTER_DNS_ANSWERS] = 4;
	counts.n[COUNTER_MALFORMED_IPV4] = 2;
	counts.n[COUNTER_MALFORMED_DNS_NAME] = 1;
	counts.n[COUNTER_LINK_UNKNOWN] = 9;
	print_open(&p, OUTPUT_JSON);
	output_summary(p.output, &s, &counts);
	assert_string_equal(print_done(&p),
			    "{\"event\":\"summary\",\"source\":\"replay\",\"files\":2,"
			    "\"packets\":100,\"bytes\":18446744073709551615,\"dns_answers\":4,"
			    "\"malformed\":{\"ipv4\":2,\"dns_name\":1},"
			    "\"counters\":{\"link_unknown\":9,\"dns_answers\":4},"
			    "\"evidence\":7,\"detections\":3,\"seconds\":0.250,"
			    "\"sampling\":1}\n");
}

static void test_every_counter_has_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < COUNTER_COUNT; i++) {
		assert_non_null(counter_names[i]);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(counter_names[i], counter_names[k]);
	}
	assert_string_equal(counter_names[COUNTER_PACKETS], "packets");
	assert_string_equal(counter_names[COUNTER_DRAIN_FAILED], "drain_failed");
}

/* --- text ------------------------------------------------------------------------------------- */

static void test_live_lines(void **state)
{
	CLEANUP(print_close) struct printed p = {0};
	struct detection *d = detection_new();

	(void)state;
	print_open(&p, OUTPUT_TEXT);
	output_detection(p.output, d);
	d->rule = 1;
	d->subject.b[7] = 0x0b;
	d->address_count = 0;
	d->evidence_count = 1;
	output_detection(p.output, d);
	d->event = DETECTION_RENEWAL;
	output_detection(p.output, d);
	d->event = DETECTION_LOSS;
	output_detection(p.output, d);
	d->withdrawn = true;
	output_detection(p.output, d);
	assert_string_equal(
		print_done(&p),
		"TIME (UTC)           DEVICE                      LEVEL         SUBJECT           "
		"     ADDRESSES        LABEL              SEEN   CONF  DOMAIN GROUPS\n"
		"2025-11-24 16:00:05  Ring doorbell               manufacturer  "
		"mac:02:00:00:00:00:0a  192.168.1.10     Caf\xc3\xa9 bell           2/5  0.927  "
		"es.ring.com, fw.ring.com\n"
		"2025-11-24 16:00:05  Amazon Fire TV              product       "
		"mac:02:00:00:00:00:0b  -                (Acme Corp.)        2/5  0.927  "
		"es.ring.com\n"
		"2025-11-24 16:00:05  Amazon Fire TV              product       "
		"mac:02:00:00:00:00:0b  -                (Acme Corp.)        2/5  0.927  "
		"still there, es.ring.com\n"
		"2025-11-24 16:00:05  Amazon Fire TV              product       "
		"mac:02:00:00:00:00:0b  -                (Acme Corp.)        2/5  0.927  "
		"lost: last seen 2025-11-24 16:00:05\n"
		"2025-11-24 16:00:05  Amazon Fire TV              product       "
		"mac:02:00:00:00:00:0b  -                (Acme Corp.)        2/5  0.927  "
		"lost: others share the address\n");
}

/* Rows of several events come as one table each, whatever order they came in. */
static void test_tables_align(void **state)
{
	static const char *const rows[] = {
		"{'event':'counter','name':'packets','value':12345}",
		"{'event':'point','interface':'br-lan','role':'lan','mode':'tc',"
		"'reason':'no driver','blind':null}",
		"{'event':'counter','name':'x','value':null}",
		"{'event':'nothing we know'}",
	};
	CLEANUP(print_close) struct printed p = {0};

	(void)state;
	print_open(&p, OUTPUT_TEXT);
	for (size_t i = 0; i < 4; i++) {
		CLEANUP_FREE char *text = strdup(rows[i]);
		struct json_object *row;

		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		row = json_tokener_parse(text);
		assert_non_null(row);
		output_row(p.output, row);
		json_object_put(row);
	}
	assert_string_equal(print_done(&p), "INTERFACE  ROLE  MODE  BLIND  WHY NOT BETTER\n"
					    "br-lan     lan   tc    -      no driver\n"
					    "\n"
					    "COUNTER  VALUE\n"
					    "packets  12345\n"
					    "x            -\n");
}

static struct json_object *group_of(const char *name, bool seen)
{
	struct json_object *o = json_object_new_object();

	row_text(o, "name", name);
	json_object_object_add(o, "seen", json_object_new_boolean(seen));
	json_object_object_add(o, "factor", json_object_new_double(seen ? 223.872 : 0.6));
	return o;
}

static struct json_object *explanation_of(const struct detection *d, bool fires)
{
	struct json_object *row = row_detection(d, &names);
	struct json_object *groups = json_object_new_array();
	struct json_object *contacts = json_object_object_get(row, "evidence");

	json_object_array_add(groups, group_of("es.ring.com", true));
	json_object_array_add(groups, group_of("fw.ring.com", false));
	json_object_object_add(row, "groups", groups);
	row_text(row, "event", "explanation");
	json_object_object_add(row, "fires", json_object_new_boolean(fires));
	json_object_object_add(row, "parent_fires", json_object_new_boolean(false));
	row_time_known(row, "detected", d->time_ns, fires);
	row_thousandths(row, "prior", 4);
	row_thousandths(row, "look_alike", 68);
	row_thousandths(row, "visible", 1000);
	if (fires)
		row_thousandths(row, "reachable", 49);
	else
		row_text(row, "reachable", NULL);
	for (size_t i = 0; i < json_object_array_length(contacts); i++) {
		struct json_object *c = json_object_array_get_idx(contacts, i);

		json_object_object_add(c, "counted", json_object_new_boolean(i == 0));
		row_text(c, "why_not", i ? "only one direction seen" : NULL);
	}
	return row;
}

static void test_explanation(void **state)
{
	CLEANUP(print_close) struct printed p = {0};
	struct detection *d = detection_new();
	struct json_object *row = explanation_of(d, true);
	const char *text;

	(void)state;
	print_open(&p, OUTPUT_TEXT);
	output_row(p.output, row);
	json_object_put(row);
	d->rule = 1;
	row = explanation_of(d, false);
	output_row(p.output, row);
	json_object_put(row);
	text = print_done(&p);
	assert_non_null(strstr(text, "Ring doorbell on mac:02:00:00:00:00:0a (192.168.1.10): "
				     "detected\n"
				     "  rule ring-doorbell, manufacturer, vendor Ring\n"
				     "  2 of 5 domain groups seen, 2 needed\n"
		"  called    Caf\xc3\xa9 bell, DHCP ESP\\x1b, random MAC\n"
				     "  detected 2025-11-24 16:00:05, evidence from "
				     "2025-11-24 16:00:00 to 2025-11-24 16:00:05 (UTC)\n"
				     "  confidence 0.927: 0.004 before any contact, 0.068 that "
				     "it is something like it;\n"
				     "  a group that a device uses would have been seen by now "
				     "with 1.000\n"
				     "  a device at rest is found within the window with 0.049: "
				     "it cannot be expected at this sampling rate\n"
				     "  seen      es.ring.com (x224)\n"
				     "  not seen  fw.ring.com\n"
				     "  DOMAIN "));
	assert_non_null(strstr(text, "nothing: only one direction seen\n\nAmazon Fire TV on"));
	assert_non_null(strstr(text, ": not detected: its parent is missing\n"
				     "  rule fire-tv, product, vendor Amazon, needs "
				     "amazon-product, which is not detected\n"));
}

/* --- escaping --------------------------------------------------------------------------------- */

static void test_terminal_escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", ""},
		{"plain \\ text", "plain \\ text"},
		{"\033[2J\a\r\n\t", "\\x1b[2J\\x07\\x0d\\x0a\\x09"},
		{"\177", "\\x7f"},
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b31m"}, /* C1: CSI in one character */
		{"\x9b"
		 "31m",
		 "\\x9b31m"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8f\xa0", "caf\xc3\xa9 \xe2\x82\xac "
							      "\xf0\x9f\x8f\xa0"},
		{"\xe2\x80\xae" "abc", "\\xe2\\x80\\xaeabc"}, /* right-to-left override */
		{"\xe2\x80\x8b", "\\xe2\\x80\\x8b"},       /* no width */
		{"\xc0\xaf", "\\xc0\\xaf"},                /* longer than it must be */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},       /* a surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
		{"\xe2\x82", "\\xe2\\x82"}, /* cut */
		{"\xff", "\\xff"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[64];

		assert_string_equal(escape_terminal(rows[i].in, out, sizeof(out)), rows[i].out);
	}
}

static void test_escapes_cut_between_characters(void **state)
{
	char out[8];

	(void)state;
	for (size_t size = 1; size <= sizeof(out); size++) {
		memset(out, 'x', sizeof(out));
		escape_terminal("\033\xc3\xa9"
				"a",
				out, size);
		assert_true(strlen(out) < size);
		assert_string_equal(out, size > 7   ? "\\x1b\xc3\xa9"
						      "a"
					 : size > 6 ? "\\x1b\xc3\xa9"
					 : size > 4 ? "\\x1b"
						    : "");
	}
}

/* Whatever bytes come: what goes out is printable UTF-8, and mending twice changes nothing. */
static void test_any_bytes_come_out_safe(void **state)
{
	uint64_t dice = 88172645463325252ULL;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char in[16], out[64], again[256];
		CLEANUP_FREE char *clean = NULL;
		CLEANUP_FREE char *twice = NULL;

		for (size_t i = 0; i < sizeof(in) - 1; i++) {
			dice ^= dice << 13;
			dice ^= dice >> 7;
			dice ^= dice << 17;
			in[i] = (char)(dice >> 20);
		}
		in[sizeof(in) - 1] = '\0';
		escape_terminal(in, out, sizeof(out));
		assert_string_equal(escape_terminal(out, again, sizeof(again)), out);
		for (const char *c = out; *c; c++)
			assert_false((unsigned char)*c < 0x20 || *c == 0x7f);
		clean = escape_utf8(in);
		twice = escape_utf8(clean);
		assert_string_equal(clean, twice);
	}
}

/* A vendor's name with an escape sequence reaches neither the terminal nor JSON as such. */
static void test_tables_are_escaped(void **state)
{
	CLEANUP(print_close) struct printed p = {0};
	struct json_object *row = row_new("backend");
	const char *text;

	(void)state;
	row_text(row, "address", "198.51.100.1");
	row_text(row, "shared_with", "evil\033]0;x\a\xff.example");
	print_open(&p, OUTPUT_TEXT);
	output_row(p.output, row);
	json_object_put(row);
	text = print_done(&p);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\a'));
	assert_non_null(strstr(text, "evil\\x1b]0;x\\x07\xef\xbf\xbd.example"));
}

static void test_width_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(escape_width("caf\xc3\xa9"), 4);
	assert_int_equal(escape_width(""), 0);
}

/* --- failure ---------------------------------------------------------------------------------- */

static void test_full_disk_is_told(void **state)
{
	CLEANUP_FILE FILE *full = fopen("/dev/full", "w");
	struct output *o;

	(void)state;
	if (!full)
		skip();
	o = output_new(OUTPUT_JSON, full, &names);
	assert_non_null(o);
	output_detection(o, detection_new());
	assert_int_not_equal(output_end(o), 0);
}

/* A change of use, as documented and for people; from several rates the count is an estimate. */
static void test_usage_line(void **state)
{
	CLEANUP(print_close) struct printed json = {0}, text = {0};
	struct usage_row u = {
		.subject = detection_new()->subject,
		.state = USAGE_ACTIVE,
		.time_ns = T0 + 5 * NS_PER_S,
		.since_ns = T0 + 5 * NS_PER_S,
		.hour_ns = T0,
		.packets = 11,
		.wire_packets = 11000,
		.sampling = 1000,
		.threshold = 10000,
	};

	(void)state;
	print_open(&json, OUTPUT_JSON);
	output_usage(json.output, &u);
	u.wire_packets = 10001;
	output_usage(json.output, &u);
	print_done(&json);
	assert_non_null(strstr(
		json.text,
		"{\"event\":\"usage\",\"time\":\"2025-11-24T16:00:05.000000Z\","
		"\"subject\":\"mac:02:00:00:00:00:0a\",\"labels\":{"));
	assert_non_null(strstr(
		json.text,
		"\"rule\":\"ring-doorbell\",\"name\":\"Ring doorbell\",\"vendor\":\"Ring\","
		"\"level\":\"manufacturer\",\"parent\":null,\"state\":\"active\","
		"\"since\":\"2025-11-24T16:00:05.000000Z\","
		"\"hour\":\"2025-11-24T16:00:00.000000Z\","
		"\"packets\":11,\"sampling\":1000,\"wire_packets\":11000,\"threshold\":10000}\n"));
	assert_non_null(strstr(json.text, "\"sampling\":null,\"wire_packets\":10001,"));
	print_open(&text, OUTPUT_TEXT);
	output_usage(text.output, &u);
	print_done(&text);
	assert_non_null(strstr(text.text, "2025-11-24 16:00:05  Ring doorbell"));
	assert_non_null(strstr(text.text, "active since 2025-11-24 16:00:05: about 10001 packets "
					  "in the hour\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage_line),
		cmocka_unit_test(test_detection_line),
		cmocka_unit_test(test_detection_extras),
		cmocka_unit_test(test_renewal_and_loss_lines),
		cmocka_unit_test(test_summary_line),
		cmocka_unit_test(test_every_counter_has_its_name),
		cmocka_unit_test(test_live_lines),
		cmocka_unit_test(test_tables_align),
		cmocka_unit_test(test_explanation),
		cmocka_unit_test(test_terminal_escapes),
		cmocka_unit_test(test_escapes_cut_between_characters),
		cmocka_unit_test(test_any_bytes_come_out_safe),
		cmocka_unit_test(test_tables_are_escaped),
		cmocka_unit_test(test_width_counts_characters),
		cmocka_unit_test(test_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
