// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/infer/infer.c user/infer/hits.c user/infer/groups.c user/infer/region.c user/infer/standing.c user/infer/aging.c user/infer/explain.c user/infer/confidence.c user/evidence/evidence.c user/evidence/report.c user/evidence/pool.c user/rules/rules.c user/rules/reach.c user/base/bans.c user/rules/names.c user/base/table.c user/base/addr.c */
/* Rules against evidence: thresholds, ports, parents, the window, established contacts, reasons. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cleanup.h"
#include "evidence/evidence.h"
#include "infer/infer.h"

#define S 1000000000LL
#define WINDOW (100 * S)
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* --- rules ------------------------------------------------------------------------------------ */

/* Children first, so that nothing is right by the order of the rules alone. */
enum { PRODUCT, MAKER, PLATFORM, LONE, MANY, RULES };
enum { P_A, P_B, M_A, M_B, M_C, M_D, M_E, PROD, LONE_A, LONE_NTP, MANY_A, DOMAINS = MANY_A + 70 };

static const char *const group_names[] = {"g0", "g1", "g2", "g3", "g4"};
static const char *many_names[70];

#define RULE(i, maker, on, above, d, n, names)                                                    \
	{                                                                                         \
		.id = (i), .name = (i), .vendor = (maker), .file = "f", .level = (on),            \
		.parent = (above), .threshold = (d), .group_count = (n), .group_names = (names),  \
	}
static struct rules_rule rule_rows[RULES] = {
	[PLATFORM] = RULE("platform", "V", LEVEL_PLATFORM, RULE_NONE, 0, 2, group_names),
	[MAKER] = RULE("maker", "V", LEVEL_MANUFACTURER, PLATFORM, 0, 5, group_names),
	[PRODUCT] = RULE("product", "V", LEVEL_PRODUCT, MAKER, 0, 1, group_names),
	[LONE] = RULE("lone", "W", LEVEL_PRODUCT, RULE_NONE, 1000, 2, group_names),
	[MANY] = RULE("many", "X", LEVEL_PRODUCT, RULE_NONE, 1, 70, many_names),
};

static struct rules_domain domain_rows[DOMAINS];
static struct rules_use use_rows[DOMAINS + 2];
static struct rules rules = {
	.rules = rule_rows,
	.rule_count = RULES,
	.domains = domain_rows,
	.domain_count = DOMAINS,
	.uses = use_rows,
};

static void use_add(domain_id domain, uint32_t rule, uint32_t group, enum domain_class class)
{
	struct rules_use *u = &use_rows[rules.use_count];

	if (!domain_rows[domain].use_count++)
		domain_rows[domain].use_first = rules.use_count;
	domain_rows[domain].name = "a.example";
	*u = (struct rules_use){domain, rule, group, class, 1, {{443, 443, PORT_TCP}}, "s"};
	rules.use_count++;
}

/* M_C is of two domains in one group; M_D is on UDP too; PROD also counts for LONE. */
static int rules_set_up(void **state)
{
	(void)state;
	use_add(P_A, PLATFORM, 0, CLASS_PRIMARY);
	use_add(P_B, PLATFORM, 1, CLASS_PRIMARY);
	for (uint32_t g = 0; g < 4; g++)
		use_add(M_A + g, MAKER, g, CLASS_PRIMARY);
	use_add(M_E, MAKER, 3, CLASS_PRIMARY);
	use_add(PROD, PRODUCT, 0, CLASS_PRIMARY);
	use_add(PROD, LONE, 1, CLASS_PRIMARY);
	use_add(LONE_A, LONE, 0, CLASS_PRIMARY);
	use_add(LONE_NTP, LONE, 0, CLASS_GENERIC);
	for (uint32_t g = 0; g < 70; g++) {
		use_add(MANY_A + g, MANY, g, CLASS_PRIMARY);
		many_names[g] = "many";
	}
	use_rows[domain_rows[M_D].use_first].ports[0].protos = PORT_TCP | PORT_UDP;
	return 0;
}

/* --- a subject's world ------------------------------------------------------------------------ */

struct world {
	struct evidence_store *evidence;
	struct infer *infer;
	struct counts counts;
	struct detection found[64];
	size_t found_count;
	struct detection changed[64]; /* renewals and losses */
	size_t changed_count;
};

static void world_rows(void *ctx, const struct subject *subject, evidence_sink *sink,
		       void *sink_ctx)
{
	evidence_each(((struct world *)ctx)->evidence, subject, sink, sink_ctx);
}

static uint32_t world_addresses(void *ctx, const struct subject *subject,
				struct addr out[static SUBJECT_ADDRESSES_MAX])
{
	struct subject_row row;

	if (evidence_subject(((struct world *)ctx)->evidence, subject, &row))
		return 0;
	memcpy(out, row.address, row.address_count * sizeof(*out));
	return row.address_count;
}

static void world_found(void *ctx, const struct detection *d)
{
	struct world *w = ctx;

	if (d->event == DETECTION_NEW) {
		assert_true(w->found_count < LENGTH(w->found));
		w->found[w->found_count++] = *d;
	} else {
		assert_true(w->changed_count < LENGTH(w->changed));
		w->changed[w->changed_count++] = *d;
	}
}

static const struct infer_config plain = {
	.rules = &rules, .window_ns = WINDOW, .max_detections = 1000};

static struct world *world_new_of(const struct infer_config *config,
				  const struct evidence_limits *limits)
{
	struct world *w = calloc(1, sizeof(*w));
	struct infer_source source = {w, world_rows, world_addresses};

	assert_non_null(w);
	w->evidence = evidence_new(limits, config->window_ns, &w->counts);
	w->infer = infer_new(config, &source, world_found, w, &w->counts);
	assert_non_null(w->evidence);
	assert_non_null(w->infer);
	return w;
}

static const struct evidence_limits roomy = {
	.subjects = 1000, .rows_per_subject = 256, .rows = 10000};

static struct world *world_new(const struct infer_config *config)
{
	return world_new_of(config, &roomy);
}

static void world_free(struct world *w)
{
	infer_free(w->infer);
	evidence_free(w->evidence);
	free(w);
}

DEFINE_CLEANUP(world_free, struct world *)

static struct subject subject_n(uint8_t n)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, n};

	return subject_from_mac(mac);
}

static struct addr addr_n(uint8_t n)
{
	const uint8_t b[4] = {198, 51, 100, n};

	return addr_from_v4(b);
}

static struct evidence contact(uint8_t subject, domain_id domain, int64_t at_ns)
{
	return (struct evidence){
		.subject = subject_n(subject),
		.domain = domain,
		.remote = addr_n((uint8_t)domain),
		.port = 443,
		.ip_proto = IPPROTO_TCP,
		.tcp_flags = 0x02,
		.directions = EVIDENCE_UP,
		.sampling = 1,
		.packets = 1,
		.bytes = 60,
		.first_ns = at_ns,
		.last_ns = at_ns,
	};
}

static void world_add(struct world *w, const struct evidence *e)
{
	if (evidence_add(w->evidence, e))
		infer_subject(w->infer, &e->subject, e->last_ns);
}

static void world_contact(struct world *w, uint8_t subject, domain_id domain, int64_t at_ns)
{
	struct evidence e = contact(subject, domain, at_ns);

	world_add(w, &e);
}

static void world_expire(struct world *w, int64_t now_ns)
{
	infer_expire(w->infer, now_ns);
	evidence_expire(w->evidence, now_ns);
}

struct copies {
	struct detection row[16];
	size_t count;
};

static void copy(void *ctx, const struct detection *d)
{
	struct copies *c = ctx;

	c->row[c->count++] = *d;
}

/* --- thresholds and ports --------------------------------------------------------------------- */

static void test_fires_at_threshold_once(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct subject subject = subject_n(1);
	struct addr local = addr_n(200);
	const struct detection *d = &w->found[0];
	int64_t since_ns;

	(void)state;
	evidence_address(w->evidence, &subject, &local, S);
	world_contact(w, 1, LONE_A, 10 * S);
	assert_int_equal(w->found_count, 0); /* its own threshold: all of 2 */
	world_contact(w, 2, PROD, 11 * S);
	assert_int_equal(w->found_count, 0); /* somebody else's contact */
	world_contact(w, 1, PROD, 12 * S);
	assert_int_equal(w->found_count, 1);
	assert_int_equal(d->rule, LONE);
	assert_int_equal(d->time_ns, 12 * S);
	assert_int_equal(d->seen, 2);
	assert_int_equal(d->needed, 2);
	assert_int_equal(d->of, 2);
	assert_int_equal(d->sampling, 1);
	assert_int_equal(d->first_ns, 10 * S);
	assert_int_equal(d->last_ns, 12 * S);
	assert_int_equal(d->evidence_count, 2);
	assert_int_equal(d->evidence[0].domain, LONE_A); /* oldest first */
	assert_int_equal(d->address_count, 1);
	assert_true(addr_equal(&d->address[0], &local));
	world_contact(w, 1, PROD, 13 * S);
	infer_subject(w->infer, &subject, 14 * S);
	assert_int_equal(w->found_count, 1);
	assert_int_equal(w->counts.n[COUNTER_DETECTIONS], 1);
	assert_true(infer_detected(w->infer, &subject, LONE, &since_ns));
	assert_int_equal(since_ns, 12 * S);
}

static void test_groups_count_not_domains(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 1, P_A, S);
	assert_int_equal(w->found_count, 1); /* the platform: 1 of 2 */
	world_contact(w, 1, M_D, S);
	world_contact(w, 1, M_E, S); /* the same group as M_D */
	assert_int_equal(w->found_count, 1);
	world_contact(w, 1, M_A, 2 * S);
	assert_int_equal(w->found_count, 2);
	assert_int_equal(w->found[1].rule, MAKER);
	assert_int_equal(w->found[1].seen, 2);
	assert_int_equal(w->found[1].needed, 2); /* 5 * 0.4 */
	assert_int_equal(w->found[1].evidence_count, 3);
}

static void test_wrong_port_is_no_contact(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct evidence e = contact(1, P_A, S);

	(void)state;
	e.port = 80;
	world_add(w, &e);
	e.port = 443;
	e.ip_proto = IPPROTO_UDP;
	world_add(w, &e);
	assert_int_equal(w->found_count, 0);
	e.ip_proto = IPPROTO_TCP;
	world_add(w, &e);
	assert_int_equal(w->found_count, 1);
}

static void test_generic_domains_never_count(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;

	(void)state;
	config.threshold = 1; /* one group of any rule would do */
	w = world_new(&config);
	world_contact(w, 1, LONE_NTP, S);
	assert_int_equal(w->found_count, 0);
	world_contact(w, 1, LONE_A, S);
	assert_int_equal(w->found_count, 1);
	assert_int_equal(w->found[0].evidence_count, 1);
}

static void test_command_line_threshold_wins(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;

	(void)state;
	config.threshold = 1000;
	w = world_new(&config);
	world_contact(w, 1, P_A, S);
	assert_int_equal(w->found_count, 0);
	world_contact(w, 1, P_B, S);
	assert_int_equal(w->found_count, 1);
}

/* --- parents ---------------------------------------------------------------------------------- */

/* A child that is complete before its parent fires when the parent does, after it. */
static void test_child_waits_for_its_parents(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 1, PROD, S);
	world_contact(w, 1, M_A, 2 * S);
	world_contact(w, 1, M_B, 3 * S);
	assert_int_equal(w->found_count, 0);
	world_contact(w, 1, P_B, 4 * S);
	assert_int_equal(w->found_count, 3);
	assert_int_equal(w->found[0].rule, PLATFORM);
	assert_int_equal(w->found[1].rule, MAKER);
	assert_int_equal(w->found[2].rule, PRODUCT);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(w->found[i].time_ns, 4 * S);
	assert_int_equal(w->found[2].first_ns, S);
}

static void test_parent_must_be_in_the_window(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 1, P_A, S);
	assert_int_equal(w->found_count, 1);
	world_contact(w, 1, M_A, 50 * S);
	world_contact(w, 1, M_B, S + WINDOW + 1); /* the platform has left by now */
	assert_int_equal(w->found_count, 1);
	world_contact(w, 1, P_B, S + WINDOW + 2);
	assert_int_equal(w->found_count, 2); /* the platform itself is still known */
	assert_int_equal(w->found[1].rule, MAKER);
}

/* --- the window ------------------------------------------------------------------------------- */

static void test_old_contacts_do_not_add_up(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 1, LONE_A, S);
	world_contact(w, 1, PROD, S + WINDOW + 1);
	assert_int_equal(w->found_count, 0);
	world_contact(w, 1, LONE_A, S + WINDOW + 1);
	assert_int_equal(w->found_count, 1);
}

static void test_fires_again_after_the_window(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct copies now = {.count = 0};
	struct subject subject = subject_n(1);

	(void)state;
	world_contact(w, 1, LONE_A, S);
	world_contact(w, 1, PROD, 50 * S);
	world_contact(w, 1, PROD, 60 * S);
	world_expire(w, 51 * S + WINDOW);
	infer_each(w->infer, copy, &now);
	assert_int_equal(now.count, 1); /* some of it is still there */
	assert_int_equal(now.row[0].last_ns, 60 * S);
	world_contact(w, 1, LONE_A, 52 * S + WINDOW);
	assert_int_equal(w->found_count, 1); /* complete again, but not new */
	world_expire(w, 53 * S + 2 * WINDOW);
	assert_int_equal(infer_count(w->infer), 0);
	assert_false(infer_detected(w->infer, &subject, LONE, NULL));
	world_contact(w, 1, LONE_A, 54 * S + 2 * WINDOW);
	world_contact(w, 1, PROD, 55 * S + 2 * WINDOW);
	assert_int_equal(w->found_count, 2);
}

/* A device that keeps talking is reported once, however long it does. */
static void test_steady_device_is_reported_once(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	for (int64_t t = 1; t < 2000; t += 7) {
		world_contact(w, 1, P_A, t * S);
		world_expire(w, t * S);
	}
	assert_int_equal(w->found_count, 1);
}

/* --- renewal and loss ------------------------------------------------------------------------- */

static void changed_is(const struct world *w, size_t i, enum detection_event event, int64_t time_ns)
{
	assert_true(i < w->changed_count);
	assert_int_equal(w->changed[i].event, event);
	assert_int_equal(w->changed[i].time_ns, time_ns);
}

/* A device that keeps talking is renewed once a window, and lost a window after its last word. */
static void test_renewals_then_a_loss(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	const int64_t last_ns = 400 * S;

	(void)state;
	for (int64_t t = 0; t <= last_ns; t += 10 * S) {
		world_contact(w, 1, P_A, t);
		world_expire(w, t);
	}
	assert_int_equal(w->changed_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(w->changed[i].event, DETECTION_RENEWAL);
		assert_true(w->changed[i].time_ns - (i ? w->changed[i - 1].time_ns : 0) >= WINDOW);
		assert_true(w->changed[i].last_ns > w->changed[i].time_ns - 10 * S);
		assert_int_equal(w->changed[i].since_ns, 0);
	}
	world_expire(w, last_ns + WINDOW);
	assert_int_equal(w->counts.n[COUNTER_DETECTIONS_LOST], 0);
	world_expire(w, last_ns + WINDOW + 1);
	assert_int_equal(w->counts.n[COUNTER_DETECTIONS_LOST], 1);
	changed_is(w, w->changed_count - 1, DETECTION_LOSS, last_ns + WINDOW);
	assert_false(w->changed[w->changed_count - 1].withdrawn);
	assert_int_equal(w->changed[w->changed_count - 1].last_ns, last_ns);
	assert_int_equal(w->counts.n[COUNTER_DETECTIONS_RENEWED], w->changed_count - 1);
	assert_int_equal(w->found_count, 1);
}

/* Somebody asked what stands, which brings it up to date: the renewal comes when it would have. */
static void test_asking_delays_no_renewal(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 1, P_A, S);
	world_contact(w, 1, P_A, 80 * S);
	infer_update(w->infer, 80 * S);
	world_expire(w, 2 * S + WINDOW);
	assert_int_equal(w->changed_count, 1);
	changed_is(w, 0, DETECTION_RENEWAL, S + WINDOW);
}

/* Nobody looked for ten windows: what happened is told with the times at which it did, in order. */
static void test_late_look_tells_the_same(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 1, P_A, S);
	world_contact(w, 2, P_A, 2 * S);
	world_contact(w, 3, P_A, 3 * S);
	world_contact(w, 1, P_A, 90 * S); /* no news to anybody */
	world_expire(w, 10 * WINDOW);
	assert_int_equal(w->changed_count, 4);
	changed_is(w, 0, DETECTION_RENEWAL, S + WINDOW);
	assert_int_equal(w->changed[0].last_ns, 90 * S);
	changed_is(w, 1, DETECTION_LOSS, 2 * S + WINDOW);
	changed_is(w, 2, DETECTION_LOSS, 3 * S + WINDOW);
	changed_is(w, 3, DETECTION_LOSS, 90 * S + WINDOW);
	assert_int_equal(infer_count(w->infer), 0);
}

/* Half of it came again: it stands without a renewal, which comes with the other half. */
static void test_incomplete_is_not_renewed(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 1, LONE_A, S);
	world_contact(w, 1, PROD, 2 * S);
	world_contact(w, 1, PROD, 80 * S);
	world_expire(w, 3 * S + WINDOW);
	world_expire(w, 50 * S + WINDOW);
	assert_int_equal(w->changed_count, 0);
	world_contact(w, 1, LONE_A, 60 * S + WINDOW);
	assert_int_equal(w->changed_count, 1);
	changed_is(w, 0, DETECTION_RENEWAL, 60 * S + WINDOW);
	assert_int_equal(w->changed[0].seen, 2);
	world_contact(w, 1, P_A, 70 * S + WINDOW);
	assert_int_equal(w->changed_count, 1); /* once a window */
	assert_int_equal(w->found[0].rule, LONE);
	assert_int_equal(w->found[1].rule, PLATFORM);
}

/* The hour and the day end with the contact that completes the rule; its parent must hold too. */
static void test_hour_and_day(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;

	(void)state;
	config.window_ns = 7 * 86400 * S;
	w = world_new(&config);
	world_contact(w, 1, LONE_A, 0);
	world_contact(w, 1, PROD, 3600 * S);
	assert_true(w->found[0].in_hour && w->found[0].in_day); /* an hour to the nanosecond */
	world_contact(w, 2, LONE_A, 0);
	world_contact(w, 2, PROD, 3600 * S + 1);
	assert_true(!w->found[1].in_hour && w->found[1].in_day);
	world_contact(w, 3, LONE_A, 0);
	world_contact(w, 3, PROD, 86400 * S + 1);
	assert_true(!w->found[2].in_hour && !w->found[2].in_day);
	world_contact(w, 4, P_A, 0);
	world_contact(w, 4, M_A, 3600 * S);
	world_contact(w, 4, M_B, 3601 * S);
	assert_int_equal(w->found[4].rule, MAKER);
	assert_true(!w->found[4].in_hour && w->found[4].in_day);
	infer_update(w->infer, 90000 * S + 1);
	assert_true(infer_detected(w->infer, &w->found[2].subject, LONE, NULL));
}

/* From the subject's first contact in the window with any rule's domain. */
static void test_time_to_detect(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

	(void)state;
	world_contact(w, 2, LONE_A, 0);
	world_contact(w, 1, LONE_NTP, 10 * S);
	world_contact(w, 1, LONE_A, 30 * S);
	world_contact(w, 1, PROD, 50 * S);
	assert_int_equal(w->found[0].since_ns, 50 * S);
	assert_int_equal(w->found[0].began_ns, 10 * S);
	world_expire(w, 20 * S + WINDOW); /* the NTP contact has left */
	world_contact(w, 1, P_A, 25 * S + WINDOW);
	assert_int_equal(w->found[1].began_ns, 30 * S);
}

/* --- established ------------------------------------------------------------------------------ */

static void test_established_contacts_only(void **state)
{
	static const struct {
		uint8_t ip_proto, flags, directions;
		bool counts;
	} rows[] = {
		{IPPROTO_TCP, 0x02, 1, false}, {IPPROTO_TCP, 0xc2, 1, false}, /* SYN, with ECN */
		{IPPROTO_TCP, 0x02, 3, false}, {IPPROTO_TCP, 0x12, 2, true},
		{IPPROTO_TCP, 0x10, 1, true},  {IPPROTO_TCP, 0x00, 1, false},
		{IPPROTO_UDP, 0, 1, false},    {IPPROTO_UDP, 0, 2, false},
		{IPPROTO_UDP, 0, 3, true},
	};
	struct infer_config config = plain;

	(void)state;
	config.established = true;
	config.threshold = 1;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct world *w CLEANUP(world_free_ptr) = world_new(&config);
		struct evidence e = contact(1, M_D, S);

		world_contact(w, 1, P_A, S);
		e.ip_proto = IPPROTO_TCP;
		e.domain = P_A;
		e.tcp_flags = 0x10;
		world_add(w, &e); /* the parent, which is not what this is about */
		e.domain = M_D;
		e.ip_proto = rows[i].ip_proto;
		e.tcp_flags = rows[i].flags;
		e.directions = rows[i].directions;
		world_add(w, &e);
		assert_int_equal(w->found_count, 1 + rows[i].counts);
	}
}

/* The packet that makes a contact count comes later, on a row that is there already. */
static void test_established_later(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;
	struct evidence e = contact(1, P_A, S);

	(void)state;
	config.established = true;
	w = world_new(&config);
	world_add(w, &e);
	assert_int_equal(w->found_count, 0);
	e.tcp_flags = 0x10;
	e.first_ns = e.last_ns = 2 * S;
	world_add(w, &e);
	assert_int_equal(w->found_count, 1);
	assert_int_equal(w->found[0].time_ns, 2 * S);
}

/* --- bounds, withdrawal, state, reload -------------------------------------------------------- */

/* More rows than a detection keeps: every group stays, what is left out is counted. */
static void test_evidence_is_bounded(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;
	bool seen[60] = {false};

	(void)state;
	config.threshold = 800; /* 56 of 70 */
	w = world_new(&config);
	for (uint8_t k = 0; k < 20; k++) {
		struct evidence e = contact(1, MANY_A, S + k);

		e.remote = addr_n(k);
		world_add(w, &e);
	}
	for (uint32_t g = 1; g < 56; g++)
		world_contact(w, 1, MANY_A + g, 2 * S);
	assert_int_equal(w->found_count, 1);
	assert_int_equal(w->found[0].seen, 56);
	assert_int_equal(w->found[0].evidence_count, DETECTION_EVIDENCE_MAX);
	assert_int_equal(w->found[0].evidence_left_out, 75 - DETECTION_EVIDENCE_MAX);
	for (uint32_t i = 0; i < DETECTION_EVIDENCE_MAX; i++)
		seen[w->found[0].evidence[i].domain - MANY_A] = true;
	for (uint32_t g = 0; g < 56; g++)
		assert_true(seen[g]);
}

static void test_full_table_is_counted(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;

	(void)state;
	config.max_detections = 2;
	w = world_new(&config);
	for (uint8_t i = 0; i < 4; i++)
		world_contact(w, i, P_A, S);
	assert_int_equal(w->found_count, 2);
	assert_int_equal(infer_count(w->infer), 2);
	assert_int_equal(w->counts.n[COUNTER_DETECTIONS_FULL], 2);
}

static void test_mixed_sampling_is_told(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct evidence e = contact(1, LONE_A, S);

	(void)state;
	e.sampling = 1000;
	world_add(w, &e);
	world_contact(w, 1, PROD, 2 * S);
	assert_int_equal(w->found[0].sampling, 1000);
	assert_int_equal(w->found[0].evidence[0].sampling, 1000);
	assert_int_equal(w->found[0].evidence[1].sampling, 1);
}

static bool keep_none(void *ctx, const struct subject *subject, const struct addr *remote)
{
	(void)ctx;
	(void)subject;
	(void)remote;
	return false;
}

static void recheck(void *ctx, const struct subject *subject, const struct addr *remote)
{
	infer_recheck(((struct world *)ctx)->infer, subject, remote, 60 * S);
}

static void test_withdrawn_evidence_undoes(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct evidence_withdrawal ask = {w, keep_none, recheck};
	struct addr remote = addr_n(P_A);
	struct subject subject = subject_n(1);
	int64_t since_ns;

	(void)state;
	world_contact(w, 1, P_A, S); /* platform */
	world_contact(w, 1, LONE_A, S);
	world_contact(w, 1, PROD, S); /* lone */
	world_contact(w, 2, P_A, S);
	world_contact(w, 2, P_B, S); /* has another leg to stand on */
	assert_int_equal(w->found_count, 3);
	evidence_withdraw(w->evidence, &remote, &ask);
	assert_false(infer_detected(w->infer, &subject, PLATFORM, NULL));
	assert_true(infer_detected(w->infer, &subject, LONE, &since_ns));
	assert_int_equal(since_ns, S);
	subject = subject_n(2);
	assert_true(infer_detected(w->infer, &subject, PLATFORM, &since_ns));
	assert_int_equal(since_ns, S);
	assert_int_equal(w->counts.n[COUNTER_DETECTIONS_WITHDRAWN], 1);
	assert_int_equal(w->changed_count, 1);
	changed_is(w, 0, DETECTION_LOSS, 60 * S);
	assert_true(w->changed[0].withdrawn);
	assert_int_equal(w->changed[0].rule, PLATFORM);
	world_contact(w, 1, P_B, 61 * S);
	assert_int_equal(w->found_count, 4); /* and may be made again */
}

static void test_update_shows_what_is_known_now(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct copies now = {.count = 0};

	(void)state;
	world_contact(w, 1, P_A, S);
	world_contact(w, 1, P_B, 20 * S);
	infer_update(w->infer, 21 * S);
	infer_each(w->infer, copy, &now);
	assert_int_equal(now.count, 1);
	assert_int_equal(now.row[0].time_ns, S);
	assert_int_equal(now.row[0].seen, 2);
	assert_int_equal(now.row[0].last_ns, 20 * S);
	assert_int_equal(now.row[0].evidence_count, 2);
}

static void test_restored_is_not_reported(void **state)
{
	struct world *first CLEANUP(world_free_ptr) = world_new(&plain);
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct copies saved = {.count = 0}, back = {.count = 0};
	struct detection bad = {.rule = RULES};

	(void)state;
	world_contact(first, 1, P_A, S);
	world_contact(first, 2, P_B, 2 * S);
	infer_each(first->infer, copy, &saved);
	assert_int_equal(saved.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(infer_restore(w->infer, &saved.row[1 - i]), 0);
	assert_int_equal(infer_restore(w->infer, &bad), -EINVAL);
	world_contact(w, 1, P_A, 3 * S);
	assert_int_equal(w->found_count, 0);
	infer_each(w->infer, copy, &back);
	assert_int_equal(back.count, 2);
	assert_int_equal(back.row[0].time_ns, S); /* oldest first */
	assert_int_equal(back.row[1].evidence[0].domain, P_B);
	infer_update(w->infer, 4 * S);
	assert_int_equal(infer_count(w->infer), 2);
	/* A restored detection without rows goes when its own evidence has left the window. */
	world_expire(w, 2 * S + WINDOW);
	assert_int_equal(infer_count(w->infer), 2);
	world_expire(w, 2 * S + WINDOW + 1);
	assert_int_equal(infer_count(w->infer), 1);
}

static void test_reload_keeps_detections(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct rules reloaded = rules;
	uint32_t rule_map[RULES] = {
		[PLATFORM] = LONE, [MAKER] = RULE_NONE, [PRODUCT] = RULE_NONE,
		[LONE] = PLATFORM, [MANY] = MANY,
	};
	domain_id domain_map[DOMAINS];
	struct subject subject = subject_n(1);
	struct copies now = {.count = 0};
	int64_t since_ns;

	(void)state;
	for (uint32_t i = 0; i < DOMAINS; i++)
		domain_map[i] = i;
	domain_map[P_A] = LONE_A;
	domain_map[LONE_A] = DOMAIN_NONE;
	world_contact(w, 1, P_A, S);
	world_contact(w, 1, M_A, S);
	world_contact(w, 1, M_B, S);
	assert_int_equal(infer_count(w->infer), 2);
	assert_int_equal(infer_set_rules(w->infer, &reloaded, rule_map, domain_map), 0);
	assert_int_equal(infer_count(w->infer), 1);
	assert_true(infer_detected(w->infer, &subject, LONE, &since_ns));
	assert_int_equal(since_ns, S);
	infer_each(w->infer, copy, &now);
	assert_int_equal(now.row[0].evidence_count, 1);
	assert_int_equal(now.row[0].evidence[0].domain, LONE_A);
}

/* --- regrouping ------------------------------------------------------------------------------- */

/* M_A and M_B at one address, or at one each. */
static bool regroup(struct world *w, bool same)
{
	struct groups *g = infer_groups(w->infer);
	struct backend_row row = {.remote = addr_n(1), .domain_count = 2, .domains = {M_A, M_B}};

	groups_begin(g);
	row.domains[1] = same ? M_B : M_A;
	groups_backend(g, &row);
	row.remote = addr_n(2);
	row.domains[0] = M_B;
	if (!same)
		groups_backend(g, &row);
	return groups_end(g);
}

/* A verdict that regrouping made stays when the groups change again, until its evidence leaves. */
static void test_regrouping_takes_no_verdict_back(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;
	struct subject subject = subject_n(1);

	(void)state;
	config.regroup = true;
	w = world_new(&config);
	world_contact(w, 1, P_A, S);
	world_contact(w, 1, M_C, 2 * S);
	assert_int_equal(w->found_count, 1); /* 1 of 5, 2 needed */
	assert_true(regroup(w, true));
	infer_subject(w->infer, &subject, 10 * S);
	assert_int_equal(w->found_count, 2); /* 1 of 4, 1 needed */
	assert_int_equal(w->found[1].rule, MAKER);
	assert_int_equal(w->found[1].of, 4);
	assert_int_equal(w->found[1].time_ns, 10 * S);
	assert_true(regroup(w, false));
	infer_subject(w->infer, &subject, 20 * S);
	infer_update(w->infer, 20 * S);
	world_expire(w, 2 * S + WINDOW);
	assert_true(infer_detected(w->infer, &subject, MAKER, NULL));
	world_expire(w, 3 * S + WINDOW);
	assert_false(infer_detected(w->infer, &subject, MAKER, NULL));
	changed_is(w, w->changed_count - 1, DETECTION_LOSS, 2 * S + WINDOW);
	assert_int_equal(w->found_count, 2);
}

/* --- explain ---------------------------------------------------------------------------------- */

struct told {
	struct explanation x[RULES];
	struct explain_group groups[RULES][8];
	struct explain_contact contacts[RULES][16];
	size_t count;
};

static void tell(void *ctx, const struct explanation *x)
{
	struct told *t = ctx;

	t->x[t->count] = *x;
	for (uint32_t i = 0; i < x->group_count && i < 8; i++)
		t->groups[t->count][i] = x->groups[i];
	for (uint32_t i = 0; i < x->contact_count && i < 16; i++)
		t->contacts[t->count][i] = x->contacts[i];
	t->count++;
}

static void test_explains_what_is_missing(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct subject subject = subject_n(1);
	struct told t = {.count = 0};

	(void)state;
	world_contact(w, 1, M_B, 5 * S);
	world_contact(w, 1, M_A, 4 * S);
	infer_explain(w->infer, &subject, RULE_NONE, 6 * S, tell, &t);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.x[0].rule, MAKER);
	assert_int_equal(t.x[0].seen, 2);
	assert_int_equal(t.x[0].needed, 2);
	assert_int_equal(t.x[0].of, 5);
	assert_false(t.x[0].fires);
	assert_false(t.x[0].parent_fires);
	assert_int_equal(t.x[0].first_ns, 4 * S);
	assert_int_equal(t.x[0].last_ns, 5 * S);
	assert_true(t.groups[0][0].seen && t.groups[0][1].seen);
	assert_false(t.groups[0][2].seen || t.groups[0][3].seen || t.groups[0][4].seen);
	assert_int_equal(t.x[0].contact_count, 2);
	assert_int_equal(t.contacts[0][0].evidence.domain, M_A);
	assert_string_equal(t.contacts[0][0].group, "g0");
	assert_true(t.contacts[0][0].counted);
}

static void test_explains_a_named_rule(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;
	struct subject subject = subject_n(1);
	struct told t = {.count = 0};

	(void)state;
	config.established = true;
	w = world_new(&config);
	infer_explain(w->infer, &subject, PRODUCT, S, tell, &t);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.x[0].seen, 0);
	assert_int_equal(t.x[0].contact_count, 0);
	assert_int_equal(t.x[0].first_ns, 0);
	world_contact(w, 1, LONE_A, S);
	world_contact(w, 1, LONE_NTP, S);
	infer_explain(w->infer, &subject, LONE, 2 * S, tell, &t);
	assert_int_equal(t.x[1].contact_count, 2);
	assert_true(t.x[1].parent_fires); /* it has none */
	for (int i = 0; i < 2; i++)
		assert_false(t.contacts[1][i].counted); /* a bare SYN; a generic name */
	assert_int_equal(t.contacts[1][1].domain_class, CLASS_GENERIC);
	assert_null(t.contacts[1][1].group);
}

/* What is explained is what counts: the units, under the name of their first group. */
static void test_explains_regrouped(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;
	struct subject subject = subject_n(1);
	struct told t = {.count = 0};

	(void)state;
	config.regroup = true;
	w = world_new(&config);
	world_contact(w, 1, M_B, 5 * S);
	world_contact(w, 1, M_C, 6 * S);
	regroup(w, true);
	infer_explain(w->infer, &subject, MAKER, 7 * S, tell, &t);
	assert_int_equal(t.x[0].of, 4);
	assert_int_equal(t.x[0].needed, 1);
	assert_int_equal(t.x[0].seen, 2);
	assert_int_equal(t.x[0].group_count, 4);
	assert_string_equal(t.groups[0][0].name, "g0");
	assert_string_equal(t.groups[0][1].name, "g2");
	assert_true(t.groups[0][0].seen && t.groups[0][1].seen && !t.groups[0][2].seen);
	assert_string_equal(t.contacts[0][0].group, "g0"); /* written g1 */
}

static void test_unknown_is_not_explained(void **state)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(&plain);
	struct subject subject = subject_n(1);
	struct told t = {.count = 0};

	(void)state;
	world_contact(w, 1, LONE_NTP, S);
	infer_explain(w->infer, &subject, RULE_NONE, S, tell, &t);
	assert_int_equal(t.count, 0);
}

/* --- a property ------------------------------------------------------------------------------- */

static uint64_t dice = 88172645463325252ULL;

static uint32_t roll(uint32_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 11) % n;
}

/* One bit for each rule that was detected for each of two subjects. */
static uint32_t detected_set(const struct infer *infer)
{
	uint32_t set = 0;

	for (uint32_t i = 0; i < 2 * RULES; i++) {
		struct subject subject = subject_n(i % 2);

		if (infer_detected(infer, &subject, i / 2, NULL))
			set |= 1U << i;
	}
	return set;
}

/* Within a window, the order of contacts changes when a rule fires, never whether. */
static void test_order_does_not_matter(void **state)
{
	uint32_t any = 0;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct evidence list[12];
		size_t count = 1 + roll(LENGTH(list));
		uint32_t set[2];

		for (size_t i = 0; i < count; i++)
			list[i] = contact((uint8_t)roll(2), roll(MANY_A), roll(50) * S);
		for (int order = 0; order < 2; order++) {
			struct world *w CLEANUP(world_free_ptr) = world_new(&plain);

			for (size_t i = 0; i < count; i++)
				world_add(w, &list[order ? count - 1 - i : i]);
			set[order] = detected_set(w->infer);
		}
		assert_int_equal(set[0], set[1]);
		any |= set[0];
	}
	assert_int_equal(any, 0xff); /* all rules but "many", on both subjects */
}

/* --- merging ---------------------------------------------------------------------------------- */

static void pour(void *ctx, const struct evidence *e)
{
	world_add(ctx, e);
}

static bool evidence_same(const struct evidence *a, const struct evidence *b)
{
	return a->domain == b->domain && a->packets == b->packets && a->bytes == b->bytes &&
	       a->tcp_flags == b->tcp_flags && a->directions == b->directions &&
	       a->first_ns == b->first_ns && a->last_ns == b->last_ns;
}

/* Everything but when it was found. */
static bool detection_same(const struct detection *a, const struct detection *b)
{
	bool same = a->seen == b->seen && a->needed == b->needed && a->of == b->of &&
		    a->sampling == b->sampling && a->in_hour == b->in_hour &&
		    a->in_day == b->in_day && a->first_ns == b->first_ns &&
		    a->last_ns == b->last_ns && a->evidence_count == b->evidence_count;

	for (uint32_t i = 0; same && i < a->evidence_count; i++)
		same = evidence_same(&a->evidence[i], &b->evidence[i]);
	return same;
}

static const struct detection *detection_of(const struct copies *c, const struct detection *like)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->row[i].rule == like->rule &&
		    !memcmp(&c->row[i].subject, &like->subject, sizeof(like->subject)))
			return &c->row[i];
	return NULL;
}

static void detections_same(const struct copies *a, const struct copies *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct detection *other = detection_of(b, &a->row[i]);

		assert_non_null(other);
		assert_true(detection_same(&a->row[i], other));
	}
}

#define PARTS 4

/* The parts' rows, poured into one world part after part from the first on, and around. */
static void parts_pour(struct world *const parts[PARTS], uint32_t first, bool back,
		       const struct infer_config *config, struct copies *out)
{
	struct world *w CLEANUP(world_free_ptr) = world_new(config);

	for (uint32_t i = 0; i < PARTS; i++) {
		uint32_t part = (first + (back ? PARTS - i : i)) % PARTS;

		evidence_each_row(parts[part]->evidence, pour, w);
	}
	out->count = 0;
	infer_update(w->infer, 86400 * S);
	infer_each(w->infer, copy, out);
}

/*
 * Contacts of a day, split at random over several stores: poured together in any order they make
 * the detections that one store makes of them, with the same counts, windows and evidence.
 */
static void test_merged_sets_make_the_same_detections(void **state)
{
	static struct copies whole, merged;
	struct infer_config config = plain;
	size_t made = 0, in_hour = 0;

	(void)state;
	config.window_ns = 86400 * S;
	for (int round = 0; round < 100; round++) {
		struct world *all CLEANUP(world_free_ptr) = world_new(&config);
		struct world *parts[PARTS];

		for (uint32_t p = 0; p < PARTS; p++)
			parts[p] = world_new(&config);
		for (uint32_t n = 4 + roll(20); n > 0; n--) {
			int64_t at_s = roll(2) ? roll(86400) : 86400 - roll(3600);
			struct evidence e =
				contact((uint8_t)roll(2), roll(MANY_A), at_s * S);

			world_add(all, &e);
			evidence_add(parts[roll(PARTS)]->evidence, &e);
		}
		whole.count = 0;
		infer_update(all->infer, 86400 * S);
		infer_each(all->infer, copy, &whole);
		for (uint32_t k = 0; k < 2 * PARTS; k++) {
			parts_pour(parts, k / 2, k % 2, &config, &merged);
			detections_same(&whole, &merged);
		}
		made += whole.count;
		for (size_t i = 0; i < whole.count; i++)
			in_hour += whole.row[i].in_hour;
		for (uint32_t p = 0; p < PARTS; p++)
			world_free(parts[p]);
	}
	assert_in_range(in_hour, 1, made - 1);
}

/* --- memory ----------------------------------------------------------------------------------- */

static struct evidence contact_of_many(uint32_t subject, domain_id domain)
{
	struct evidence e = contact(0, domain, S);

	e.subject.b[6] = (uint8_t)(subject >> 8);
	e.subject.b[7] = (uint8_t)subject;
	return e;
}

/*
 * 10,000 subjects in a gateway's bounds, each with five contacts (the devices of real captures have
 * four on average), three addresses and three detections.
 */
static void test_gateway_memory(void **state)
{
	struct infer_config config = plain;
	struct world *w CLEANUP(world_free_ptr) = NULL;

	(void)state;
	config.max_detections = DETECTIONS_GATEWAY;
	w = world_new_of(&config, &evidence_limits_gateway);
	for (uint32_t i = 0; i < 10000; i++) {
		static const domain_id domains[] = {P_A, M_A, M_B, PROD, M_C};
		struct evidence e;

		for (size_t d = 0; d < LENGTH(domains); d++) {
			e = contact_of_many(i, domains[d]);
			evidence_add(w->evidence, &e);
		}
		for (uint8_t k = 0; k < 3; k++)
			evidence_address(w->evidence, &e.subject, &(struct addr){{k}}, S);
		w->found_count = 0;
		infer_subject(w->infer, &e.subject, S);
		assert_int_equal(w->found_count, 3);
	}
	assert_int_equal(evidence_subjects(w->evidence), 10000);
	assert_int_equal(infer_count(w->infer), 30000);
	assert_in_range(evidence_bytes(w->evidence) + infer_bytes(w->infer), 1, 16 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fires_at_threshold_once),
		cmocka_unit_test(test_groups_count_not_domains),
		cmocka_unit_test(test_wrong_port_is_no_contact),
		cmocka_unit_test(test_generic_domains_never_count),
		cmocka_unit_test(test_command_line_threshold_wins),
		cmocka_unit_test(test_child_waits_for_its_parents),
		cmocka_unit_test(test_parent_must_be_in_the_window),
		cmocka_unit_test(test_old_contacts_do_not_add_up),
		cmocka_unit_test(test_fires_again_after_the_window),
		cmocka_unit_test(test_steady_device_is_reported_once),
		cmocka_unit_test(test_renewals_then_a_loss),
		cmocka_unit_test(test_asking_delays_no_renewal),
		cmocka_unit_test(test_late_look_tells_the_same),
		cmocka_unit_test(test_incomplete_is_not_renewed),
		cmocka_unit_test(test_hour_and_day),
		cmocka_unit_test(test_time_to_detect),
		cmocka_unit_test(test_established_contacts_only),
		cmocka_unit_test(test_established_later),
		cmocka_unit_test(test_evidence_is_bounded),
		cmocka_unit_test(test_full_table_is_counted),
		cmocka_unit_test(test_mixed_sampling_is_told),
		cmocka_unit_test(test_withdrawn_evidence_undoes),
		cmocka_unit_test(test_update_shows_what_is_known_now),
		cmocka_unit_test(test_restored_is_not_reported),
		cmocka_unit_test(test_reload_keeps_detections),
		cmocka_unit_test(test_regrouping_takes_no_verdict_back),
		cmocka_unit_test(test_explains_what_is_missing),
		cmocka_unit_test(test_explains_regrouped),
		cmocka_unit_test(test_explains_a_named_rule),
		cmocka_unit_test(test_unknown_is_not_explained),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_merged_sets_make_the_same_detections),
		cmocka_unit_test(test_gateway_memory),
	};

	return cmocka_run_group_tests(tests, rules_set_up, NULL);
}
