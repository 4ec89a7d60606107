// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses that a public cloud lends to one tenant at a time, known by the host names in answers.
 * There a newer answer for somebody else does not say "shared" but "moved on": the old domain's
 * label goes, and what comes after is no evidence for it.
 */
#include "dns/backend_share.h"
#include "dns/cloud.h"

/* The newest answer for any of its domains. */
static int64_t answered_ns(const struct backend *be)
{
	int64_t last = 0;

	for (uint32_t i = 0; i < be->label_count; i++)
		if (be->labels[i].answer_ns > last)
			last = be->labels[i].answer_ns;
	return last;
}

/* Two domains behind one host name are one tenant's, unless the name comes with the address. */
static bool same_host(const struct backend *be, const struct asked *asked)
{
	for (uint32_t i = 0; i < asked->target_count; i++) {
		if (cloud_of_address(asked->target_cloud[i]))
			continue;
		for (uint32_t j = 0; j < CHAIN_HASHES; j++)
			if (be->chain[j] == asked->target_hash[i])
				return true;
	}
	return false;
}

static bool is_lent(const struct backend_map *b, const struct backend *be,
		    const struct asked *asked)
{
	return (be->cloud || asked->cloud) && !backend_shares(b, be) && !same_host(be, asked);
}

bool tenant_is_past(const struct backend_map *b, const struct backend *be,
		    const struct asked *asked)
{
	return asked->source == SOURCE_PASSIVE_DNS && asked->time_ns < answered_ns(be) &&
	       is_lent(b, be, asked);
}

/* Who comes back within a day after a change was not gone: then the address is shared. */
bool tenant_is_new(const struct backend_map *b, const struct backend *be,
		   const struct asked *asked)
{
	return asked->source != SOURCE_CERTIFICATE && asked->time_ns > answered_ns(be) &&
	       is_lent(b, be, asked) &&
	       (!be->tenant_ns || asked->time_ns - be->tenant_ns >= BACKEND_SHARED_NS) &&
	       share_is_foreign(b, be, asked);
}

bool tenant_leave(struct backend_map *b, struct backend *be, const struct asked *asked)
{
	for (uint32_t i = be->label_count; i-- > 0;)
		if (share_label_is_foreign(b, be->labels[i].domain, asked))
			label_remove(b, be, i);
	backend_count_one(b, COUNTER_BACKEND_TENANT_CHANGES);
	share_forget(b, &be->remote);
	if (!be->label_count) {
		backend_remove(b, be);
		return false;
	}
	clients_prune(b, be);
	backend_sync(b, be);
	return true;
}
