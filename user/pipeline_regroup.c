// SPDX-License-Identifier: GPL-2.0-or-later
/* Domain groups by the addresses seen: the backend map's rows make them, at defined moments. */
#include "pipeline_private.h"

static void regroup_row(void *ctx, const struct backend_row *row)
{
	groups_backend(ctx, row);
}

static void subject_look(void *ctx, const struct subject *subject)
{
	struct pipeline *p = ctx;

	infer_subject(p->infer, subject, p->now_ns);
}

void pipeline_regroup(struct pipeline *p)
{
	struct groups *groups = infer_groups(p->infer);

	p->regrouped_ns = p->now_ns;
	if (!groups)
		return;
	groups_begin(groups);
	backend_each(p->backends, regroup_row, groups);
	if (groups_end(groups))
		evidence_each_holder(p->evidence, subject_look, p);
}

void pipeline_restored(struct pipeline *p, int64_t now_ns)
{
	if (now_ns > p->now_ns)
		p->now_ns = now_ns;
	if (!infer_groups(p->infer))
		return;
	evidence_each_holder(p->evidence, subject_look, p);
	pipeline_regroup(p);
}
