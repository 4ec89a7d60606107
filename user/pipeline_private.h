/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the pipeline's files: pipeline.c has the order of the stages, pipeline_setup.c opens,
 * reloads and closes them, pipeline_facts.c reads what files say of addresses, pipeline_names.c
 * names subjects, pipeline_views.c shows what the stages hold.
 */
#ifndef HAYRAKE_PIPELINE_PRIVATE_H
#define HAYRAKE_PIPELINE_PRIVATE_H

#include "dns/observer.h"
#include "infer/usage.h"
#include "matcher.h"
#include "names/heard.h"
#include "names/labels.h"
#include "names/oui.h"
#include "pipeline.h"

/*
 * Domain ids from rules->domain_count on stand for resolvers[]: their addresses are in the backend
 * map beside the signatures', and a contact says how the subject asks for names.
 */
struct pipeline {
	struct pipeline_config config;
	struct counts counts;
	struct rules *rules;
	struct backend_domain *domains; /* of rules, as the backend map wants them */
	struct backend_map *backends;
	struct observer *observer;
	struct evidence_store *evidence;
	struct infer *infer;
	struct usage *usage;
	struct labels *labels;
	struct heard *heard; /* NULL: not asked for */
	struct oui *oui;
	struct xdp_input *live;
	struct matcher matcher;
	int64_t regrouped_ns; /* when pipeline_regroup() last ran */
	int64_t expired_ns; /* when pipeline_expire() last ran */
	int64_t now_ns;     /* of the latest frame or flow */
	struct facts *facts;    /* NULL: no file was named */
	int64_t facts_until_ns; /* then they are to be read (again) */
	uint64_t changes;   /* what was learned or seen, for the saved state */
};

/* Groups by the addresses that stand now; when any changed, every subject is looked at again. */
void pipeline_regroup(struct pipeline *p);

/* The stages' ways to each other; ctx is the pipeline. */
struct backend_ops pipeline_backend_ops(struct pipeline *p);
struct infer_source pipeline_infer_source(struct pipeline *p);
struct usage_ops pipeline_usage_ops(struct pipeline *p);
answer_sink pipeline_answer;
/* The published addresses of resolvers[] into the backend map. */
void pipeline_seed_resolvers(struct pipeline *p);
detection_sink pipeline_detection;
bool pipeline_domain_has_port(const struct rules_domain *d, uint16_t port, uint8_t ip_proto);

/* 0 or -errno after a sentence. */
int pipeline_facts_open(struct pipeline *p);
/* Reads the files for the day of now_ns. */
void pipeline_facts(struct pipeline *p, int64_t now_ns);

/* Takes the names that a packet may tell. */
void pipeline_hear(struct pipeline *p, const struct frame *frame, const struct packet *packet);
void pipeline_subject_names(void *ctx, const struct subject *s, struct subject_names *out);

#endif
