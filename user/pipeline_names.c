// SPDX-License-Identifier: GPL-2.0-or-later
/* What people call subjects: by users, by what hosts say, by the registry of MAC addresses. */
#include "pipeline_private.h"

void pipeline_hear(struct pipeline *p, const struct frame *frame, const struct packet *packet)
{
	if (!p->heard || !packet_tells_name(packet) || frame->role != ROLE_LAN)
		return;
	if (p->live && packet->has_mac && xdp_is_own_mac(p->live, packet->src_mac))
		return;
	p->changes += heard_packet(p->heard, frame, packet);
}

static bool has_vendor(const struct subject *s)
{
	return subject_kind(s) == SUBJECT_MAC && !mac_is_local(s->b + 2);
}

static void vendor_want(void *ctx, const struct subject_row *row)
{
	if (has_vendor(&row->subject))
		oui_want(((struct pipeline *)ctx)->oui, row->subject.b + 2);
}

/* One pass over the registry does for all subjects there are. */
static const char *vendor_of(struct pipeline *p, const struct subject *s)
{
	const char *vendor = NULL;

	if (!has_vendor(s) || oui_known(p->oui, s->b + 2, &vendor) || oui_want(p->oui, s->b + 2))
		return vendor;
	evidence_each_subject(p->evidence, vendor_want, p);
	oui_look(p->oui);
	oui_known(p->oui, s->b + 2, &vendor);
	return vendor;
}

static const char *known(const char *name)
{
	return name && *name ? name : NULL;
}

void pipeline_subject_names(void *ctx, const struct subject *s, struct subject_names *out)
{
	struct pipeline *p = ctx;
	struct heard_row heard = {0};

	if (p->heard)
		heard_row(p->heard, s, &heard);
	*out = (struct subject_names){
		.user = labels_text(p->labels, s),
		.host = known(heard.host),
		.mdns = known(heard.mdns),
		.mac_vendor = vendor_of(p, s),
		.has_mac = subject_kind(s) == SUBJECT_MAC,
	};
	out->mac_random = out->has_mac && mac_is_local(s->b + 2);
}
