// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/rules.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "rules/link.h"

const char *const rule_level_names[] = {"platform", "manufacturer", "product"};
const char *const rule_context_names[] = {"address", "client-dns"};
const char *const domain_class_names[] = {"primary", "support", "generic"};
_Static_assert(sizeof(rule_level_names) / sizeof(char *) == LEVEL_COUNT, "a name for each level");
_Static_assert(sizeof(rule_context_names) / sizeof(char *) == CONTEXT_COUNT, "names of contexts");
_Static_assert(sizeof(domain_class_names) / sizeof(char *) == CLASS_COUNT,
	       "a name for each class");

void rules_free(struct rules *r)
{
	if (!r)
		return;
	if (r->private) {
		names_free(r->private->names);
		free(r->private->group_names);
		free(r->private->group_idle);
	}
	free(r->private);
	free(r->rules);
	free(r->domains);
	free(r->uses);
	free(r);
}

static char char_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Lower case, without a last dot; 0 when it is longer than any name. */
static size_t name_fold(const char *name, char out[static NAME_TEXT_MAX])
{
	size_t len = 0;

	for (; name[len]; len++) {
		if (len == NAME_TEXT_MAX)
			return 0;
		out[len] = char_fold(name[len]);
	}
	return len > 0 && out[len - 1] == '.' ? len - 1 : len;
}

/* Adds id; when out is full its first goes. */
static size_t matches_add(domain_id *out, size_t count, size_t max, domain_id id)
{
	if (id == DOMAIN_NONE || max == 0)
		return count;
	if (count == max)
		memmove(out, out + 1, --count * sizeof(*out));
	out[count] = id;
	return count + 1;
}

size_t rules_match(const struct rules *r, const char *name, domain_id *out, size_t max)
{
	char text[NAME_TEXT_MAX];
	size_t len = name_fold(name, text), count = 0;
	uint32_t hash = NAME_HASH_START;

	for (size_t i = len; i-- > 0;) {
		const struct name *suffix;

		hash = name_hash_add(hash, text[i]);
		if (i > 0 && text[i - 1] != '.')
			continue;
		suffix = names_get(r->private->names, text + i, len - i, hash);
		if (suffix && i == 0)
			count = matches_add(out, count, max, suffix->domain);
		else if (suffix && i > 1)
			count = matches_add(out, count, max, suffix->wildcard);
	}
	return count;
}

domain_id rules_find_domain(const struct rules *r, const char *name)
{
	return names_domain(r->private->names, name);
}

uint32_t rules_find(const struct rules *r, const char *id)
{
	size_t len = strlen(id);
	const struct name *name = names_get(r->private->names, id, len, name_hash(id, len));

	return name ? name->rule : RULE_NONE;
}

uint32_t rule_threshold(const struct rules_rule *rule, uint32_t command_line)
{
	if (command_line)
		return command_line;
	return rule->threshold ? rule->threshold : THRESHOLD_DEFAULT;
}

uint32_t rule_needed(const struct rules_rule *rule, uint32_t command_line)
{
	uint64_t groups = rule->group_count;
	uint32_t needed = (uint32_t)(groups * rule_threshold(rule, command_line) / 1000);

	return needed ? needed : 1;
}

bool rules_use_has_port(const struct rules_use *use, uint16_t port, uint8_t ip_proto)
{
	uint8_t proto = ip_proto == IPPROTO_TCP   ? PORT_TCP
			: ip_proto == IPPROTO_UDP ? PORT_UDP
						  : 0;

	for (uint32_t i = 0; i < use->port_count; i++) {
		const struct port_range *p = &use->ports[i];

		if (port >= p->lo && port <= p->hi && (p->protos & proto))
			return true;
	}
	return false;
}
