// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/slots.h"

#include <errno.h>
#include <stdlib.h>

int slots_init(struct slots *s, size_t key_size, uint32_t max)
{
	*s = (struct slots){
		.max = max, .free = SLOT_NONE, .oldest = SLOT_NONE, .newest = SLOT_NONE};
	s->index = table_new(key_size, sizeof(uint32_t), max);
	s->links = calloc(max, sizeof(*s->links));
	if (!s->index || !s->links) {
		slots_clean(s);
		return -ENOMEM;
	}
	return 0;
}

void slots_clean(struct slots *s)
{
	table_free(s->index);
	free(s->links);
	*s = (struct slots){0};
}

uint32_t slots_find(const struct slots *s, const void *key)
{
	const uint32_t *i = table_get(s->index, key);

	return i ? *i : SLOT_NONE;
}

static void link_newest(struct slots *s, uint32_t i)
{
	s->links[i] = (struct slot_link){.older = s->newest, .newer = SLOT_NONE};
	if (s->newest != SLOT_NONE)
		s->links[s->newest].newer = i;
	else
		s->oldest = i;
	s->newest = i;
}

static void link_remove(struct slots *s, uint32_t i)
{
	struct slot_link l = s->links[i];

	if (l.older != SLOT_NONE)
		s->links[l.older].newer = l.newer;
	else
		s->oldest = l.newer;
	if (l.newer != SLOT_NONE)
		s->links[l.newer].older = l.older;
	else
		s->newest = l.older;
}

uint32_t slots_add(struct slots *s, const void *key)
{
	bool added;
	uint32_t *slot = table_put(s->index, key, &added);
	uint32_t i;

	if (!slot)
		return SLOT_NONE;
	i = s->free;
	if (i != SLOT_NONE)
		s->free = s->links[i].newer;
	else
		i = s->fresh++;
	*slot = i;
	link_newest(s, i);
	return i;
}

void slots_del(struct slots *s, const void *key)
{
	uint32_t i = slots_find(s, key);

	if (i == SLOT_NONE)
		return;
	link_remove(s, i);
	s->links[i].newer = s->free;
	s->free = i;
	table_del(s->index, key);
}

void slots_touch(struct slots *s, uint32_t i)
{
	if (i == s->newest)
		return;
	link_remove(s, i);
	link_newest(s, i);
}
