// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MUD files (RFC 8520): what the device may talk to, as access lists (RFC 8519) that its
 * from-device and to-device policies name. Entries with a domain become facts: the far side's port
 * is the destination's on the way from the device and the source's on the way to it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules/field.h"
#include "rules/import_private.h"

#define POLICY_LISTS_MAX 64

DEFINE_CLEANUP(json_object_put, struct json_object *)

enum side { SIDE_FROM, SIDE_TO, SIDE_COUNT };

static const struct {
	const char *policy;
	const char *name; /* of the far side, in the entries of this side's lists */
	const char *port;
} sides[] = {
	{"from-device-policy", "ietf-acldns:dst-dnsname", "destination-port"},
	{"to-device-policy", "ietf-acldns:src-dnsname", "source-port"},
};
_Static_assert(sizeof(sides) / sizeof(*sides) == SIDE_COUNT, "a row for each side");

/* What an entry without a domain is about; the first that fits says it. */
static const struct {
	char in[16];
	char key[28]; /* empty: the container is enough */
	char why[36];
} others[] = {
	{"ietf-mud:mud", "local-networks", "the local network"},
	{"ietf-mud:mud", "controller", "a controller"},
	{"ietf-mud:mud", "my-controller", "a controller that the user names"},
	{"ietf-mud:mud", "same-manufacturer", "devices of the same manufacturer"},
	{"ietf-mud:mud", "manufacturer", "devices of a manufacturer"},
	{"ietf-mud:mud", "model", "devices of a model"},
	{"eth", "", "an Ethernet match, not a domain"},
	{"icmp", "", "ICMP, neither TCP nor UDP"},
	{"ipv4", "destination-ipv4-network", "an address, not a domain"},
	{"ipv4", "source-ipv4-network", "an address, not a domain"},
	{"ipv6", "destination-ipv6-network", "an address, not a domain"},
	{"ipv6", "source-ipv6-network", "an address, not a domain"},
};

struct mud {
	struct import *im;
	struct json_object *lists; /* the access lists */
	bool *asked;               /* for each of them: a policy names it */
	uint32_t rule;
};

/* The value of a key when it has that type; one that is missing or of another type is told. */
static struct json_object *member(struct import *im, struct json_object *o, const char *key,
				  enum json_type type)
{
	struct json_object *value = field_get(o, key, type);

	if (!value)
		report_mistake(&im->report, jsontext_line(o),
			       json_object_object_get_ex(o, key, NULL)
				       ? "\"%s\" is not of the type that it has in a MUD file"
				       : "\"%s\" is missing",
			       key);
	return value;
}

/* The same where the key need not be there. */
static struct json_object *member_if(struct import *im, struct json_object *o, const char *key,
				     enum json_type type)
{
	if (!o || !json_object_object_get_ex(o, key, NULL))
		return NULL;
	return member(im, o, key, type);
}

static const char *member_text(struct import *im, struct json_object *o, const char *key)
{
	struct json_object *value = member_if(im, o, key, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

/* True with a port number in *out. */
static bool port_get(struct import *im, struct json_object *o, const char *key, uint16_t *out)
{
	struct json_object *value = member(im, o, key, json_type_int);
	int64_t port = value ? json_object_get_int64(value) : 0;

	if (value && (port < 1 || port > 65535))
		report_mistake(&im->report, jsontext_line(value),
			       "\"%s\" is no number from 1 to 65535", key);
	*out = (uint16_t)port;
	return value && port >= 1 && port <= 65535;
}

/* RFC 8519: an operator and a port, or lower-port and upper-port. */
static bool ports_get(struct import *im, struct json_object *o, struct port_range *out)
{
	const char *op = member_text(im, o, "operator");
	uint16_t port;

	if (json_object_object_get_ex(o, "lower-port", NULL)) {
		if (!port_get(im, o, "lower-port", &out->lo))
			return false;
		out->hi = out->lo;
		if (json_object_object_get_ex(o, "upper-port", NULL) &&
		    !port_get(im, o, "upper-port", &out->hi))
			return false;
		if (out->hi < out->lo)
			report_mistake(&im->report, jsontext_line(o),
				       "\"upper-port\" is below \"lower-port\"");
		return out->hi >= out->lo;
	}
	if (!port_get(im, o, "port", &port))
		return false;
	if (!op || !strcmp(op, "eq"))
		out->lo = out->hi = port;
	else if (!strcmp(op, "lte"))
		out->hi = port;
	else if (!strcmp(op, "gte"))
		out->lo = port;
	else
		report_mistake(&im->report, jsontext_line(o),
			       "operator \"%s\" is not eq, lte, gte or a range", op);
	return out->lo == port || out->hi == port;
}

/* The far side's ports; false after a mistake. No protocol or port: all of them. */
static bool entry_ports(struct import *im, struct json_object *matches, enum side side,
			struct port_range *out)
{
	struct json_object *tcp = member_if(im, matches, "tcp", json_type_object);
	struct json_object *udp = member_if(im, matches, "udp", json_type_object), *ports;

	*out = (struct port_range){.lo = 1, .hi = 65535};
	if (tcp)
		out->protos = PORT_TCP;
	else if (udp)
		out->protos = PORT_UDP;
	if (tcp && udp) {
		report_mistake(&im->report, jsontext_line(matches),
			       "an entry matches TCP and UDP at once");
		return false;
	}
	ports = member_if(im, tcp ? tcp : udp, sides[side].port, json_type_object);
	return !ports || ports_get(im, ports, out);
}

/* The protocols of the IP container; 0: neither TCP nor UDP. */
static uint8_t entry_protos(struct import *im, struct json_object *ip)
{
	struct json_object *value = member_if(im, ip, "protocol", json_type_int);

	if (!value)
		return PORT_TCP | PORT_UDP;
	if (json_object_get_int64(value) == IPPROTO_TCP)
		return PORT_TCP;
	return json_object_get_int64(value) == IPPROTO_UDP ? PORT_UDP : 0;
}

static void fact_make(struct mud *m, struct json_object *ip, struct import_fact *fact,
		      enum side side)
{
	struct json_object *name = member(m->im, ip, sides[side].name, json_type_string);
	char text[DOMAIN_MAX + 16];

	if (!name)
		return;
	snprintf(text, sizeof(text), "%s", json_object_get_string(name));
	fact->line = jsontext_line(name);
	fact->domain = import_domain(m->im, fact->line, text);
	fact->group = fact->domain ? import_name(m->im, text) : NULL;
	if (fact->group)
		import_fact_add(m->im, fact);
}

/* Why an entry cannot become a fact, or NULL; *ip is the container with the domain. */
static const char *entry_other(struct import *im, struct json_object *matches, enum side side,
			       struct json_object **ip)
{
	struct json_object *mud = member_if(im, matches, "ietf-mud:mud", json_type_object);

	*ip = member_if(im, matches, "ipv4", json_type_object);
	if (!*ip)
		*ip = member_if(im, matches, "ipv6", json_type_object);
	if (!mud && *ip && json_object_object_get_ex(*ip, sides[side].name, NULL))
		return entry_protos(im, *ip) ? NULL : "neither TCP nor UDP";
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct json_object *in = field_get(matches, others[i].in, json_type_object);

		if (in && (!*others[i].key || json_object_object_get_ex(in, others[i].key, NULL)))
			return others[i].why;
	}
	if (*ip && json_object_object_get_ex(*ip, sides[!side].name, NULL))
		return "names the device's own end";
	return "no domain";
}

static void entry_read(struct mud *m, struct json_object *entry, enum side side)
{
	struct import *im = m->im;
	struct json_object *matches = member(im, entry, "matches", json_type_object), *ip = NULL;
	struct json_object *actions = member_if(im, entry, "actions", json_type_object);
	const char *name = member_text(im, entry, "name");
	const char *forwarding = member_text(im, actions, "forwarding");
	const char *why;
	struct import_fact fact = {.rule = m->rule};
	uint8_t protos;

	if (!matches)
		return;
	why = forwarding && strcmp(forwarding, "accept") != 0
		      ? "is not accepted"
		      : entry_other(im, matches, side, &ip);
	if (why) {
		import_drop(im, jsontext_line(entry), name ? name : "an entry", why);
		return;
	}
	protos = entry_protos(im, ip);
	if (!entry_ports(im, matches, side, &fact.port))
		return;
	fact.port.protos = fact.port.protos ? fact.port.protos : protos;
	if (fact.port.protos & protos)
		fact_make(m, ip, &fact, side);
	else
		report_mistake(&im->report, jsontext_line(entry),
			       "the protocol number is not that of the ports");
}

static void list_entries_read(struct mud *m, struct json_object *list, enum side side)
{
	struct json_object *aces = member(m->im, list, "aces", json_type_object), *entries;
	size_t count;

	entries = aces ? member(m->im, aces, "ace", json_type_array) : NULL;
	count = entries ? json_object_array_length(entries) : 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);

		if (json_object_is_type(entry, json_type_object))
			entry_read(m, entry, side);
		else
			report_mistake(&m->im->report, jsontext_line(entries),
				       "an entry of \"ace\" is no object");
	}
}

/* Reads the access lists of that name, of which a policy asks for one at line. */
static void list_read_named(struct mud *m, const char *name, uint32_t line, enum side side)
{
	size_t count = json_object_array_length(m->lists);
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		struct json_object *list = json_object_array_get_idx(m->lists, i);
		struct json_object *key = field_get(list, "name", json_type_string);

		if (!key || strcmp(json_object_get_string(key), name) != 0)
			continue;
		m->asked[i] = found = true;
		list_entries_read(m, list, side);
	}
	if (!found)
		report_mistake(&m->im->report, line, "access list \"%s\" is not in this file",
			       name);
}

static void policy_read(struct mud *m, struct json_object *mud, enum side side)
{
	struct json_object *policy = member_if(m->im, mud, sides[side].policy, json_type_object);
	struct json_object *box = member_if(m->im, policy, "access-lists", json_type_object);
	struct json_object *names = member_if(m->im, box, "access-list", json_type_array);
	size_t count = names ? json_object_array_length(names) : 0;

	if (count > POLICY_LISTS_MAX) {
		report_mistake(&m->im->report, jsontext_line(names), "more than %d access lists",
			       POLICY_LISTS_MAX);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(names, i), *name = NULL;

		if (json_object_is_type(item, json_type_object))
			name = member(m->im, item, "name", json_type_string);
		else
			report_mistake(&m->im->report, jsontext_line(names),
				       "an entry of \"access-list\" is no object");
		if (name)
			list_read_named(m, json_object_get_string(name), jsontext_line(name),
					side);
	}
}

/* The host of a URL, or all of it; cut to fit. */
static void url_host(const char *url, char out[static TEXT_MAX + 1])
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	snprintf(out, TEXT_MAX + 1, "%.*s", (int)strcspn(host, "/:?#"), host);
}

/* Where the facts come from: the file's own address and date. */
static void source_read(struct import *im, struct json_object *mud, const char *url)
{
	const char *date = member_text(im, mud, "last-update"), *fault;
	char citation[TEXT_MAX + 1], day[11];

	text_copy(citation, "MUD file ", url);
	snprintf(day, sizeof(day), "%s", date ? date : "");
	fault = date ? date_fault(day, strlen(day)) : NULL;
	if (fault)
		report_mistake(&im->report,
			       jsontext_line(field_get(mud, "last-update", json_type_string)),
			       "\"last-update\": \"%s\" %s", date, fault);
	fault = text_fault(citation, strlen(citation));
	if (fault)
		report_mistake(&im->report,
			       jsontext_line(field_get(mud, "mud-url", json_type_string)),
			       "\"mud-url\": \"%s\" %s", url, fault);
	import_source_set(im, citation, date ? day : NULL, strlen(url) <= TEXT_MAX ? url : NULL);
}

/* Vendor, name and id, from what the file says of itself. */
static uint32_t about_read(struct import *im, struct json_object *mud)
{
	const char *maker = member_text(im, mud, "mfg-name");
	const char *model = member_text(im, mud, "model-name");
	const char *info = member_text(im, mud, "systeminfo");
	const char *url = member_text(im, mud, "mud-url");
	char label[TEXT_MAX + 1], vendor[TEXT_MAX + 1], name[TEXT_MAX + 1], id[2 * TEXT_MAX];

	if (!url) {
		report_mistake(&im->report, jsontext_line(mud), "\"mud-url\" is missing");
		return RULE_NONE;
	}
	source_read(im, mud, url);
	path_label(im->sources[im->source_count - 1].path->text, label, sizeof(label));
	url_host(url, vendor);
	if (maker)
		text_copy(vendor, "", maker);
	text_copy(name, "", info ? info : model ? model : label);
	snprintf(id, sizeof(id), "%s%s%s", maker && model ? maker : "", maker && model ? "-" : "",
		 model  ? model
		 : info ? info
			: label);
	return import_rule_get(im, &(struct import_about){.label = label,
							  .vendor = blanks_trim(vendor),
							  .id = id,
							  .name = blanks_trim(name),
							  .level = LEVEL_PRODUCT,
							  .line = jsontext_line(mud)});
}

/* Lists that no policy names. */
static void lists_drop(struct mud *m)
{
	size_t count = json_object_array_length(m->lists);

	for (size_t i = 0; i < count; i++) {
		struct json_object *list = json_object_array_get_idx(m->lists, i);
		struct json_object *name = field_get(list, "name", json_type_string);

		if (name && !m->asked[i])
			import_drop(m->im, jsontext_line(list), json_object_get_string(name),
				    "no policy names this access list");
	}
}

static void lists_check(struct mud *m)
{
	size_t count = json_object_array_length(m->lists);

	for (size_t i = 0; i < count; i++) {
		struct json_object *list = json_object_array_get_idx(m->lists, i);

		if (json_object_is_type(list, json_type_object))
			member(m->im, list, "name", json_type_string);
		else
			report_mistake(&m->im->report, jsontext_line(m->lists),
				       "an access list is no object");
	}
}

void mud_read(struct import *im, const char *text, size_t len)
{
	CLEANUP(json_object_put_ptr) struct json_object *root = NULL;
	CLEANUP_FREE bool *asked = NULL;
	struct json_object *mud, *acls;
	struct mud m = {.im = im};

	root = jsontext_parse(text, len, NULLS_TAKEN, &im->report);
	if (!root)
		return;
	mud = field_get(root, "ietf-mud:mud", json_type_object);
	if (!mud) {
		report_mistake(&im->report, 1, "no MUD file: it has no object \"ietf-mud:mud\"");
		return;
	}
	m.rule = about_read(im, mud);
	acls = field_get(root, "ietf-access-control-list:acls", json_type_object);
	if (!acls) /* the drafts' name, which generators still write */
		acls = field_get(root, "ietf-access-control-list:access-lists", json_type_object);
	if (!acls) {
		report_mistake(&im->report, 1, "no object \"ietf-access-control-list:acls\"");
		return;
	}
	m.lists = member(im, acls, "acl", json_type_array);
	if (!m.lists)
		return;
	lists_check(&m);
	m.asked = asked = calloc(json_object_array_length(m.lists) + 1, sizeof(bool));
	if (!asked) {
		im->error = -ENOMEM;
		return;
	}
	for (enum side side = 0; side < SIDE_COUNT; side++)
		policy_read(&m, mud, side);
	lists_drop(&m);
}
