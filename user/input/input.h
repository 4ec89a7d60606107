/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every input has in common: where its frames and flows go, and its counters. */
#ifndef HAYRAKE_INPUT_H
#define HAYRAKE_INPUT_H

#include "record.h"

struct input_sink {
	void *ctx;
	frame_sink *frame; /* captures: every frame; live: copies of DNS packets only */
	flow_sink *flow;   /* live: drained evidence; may be NULL for captures */
	struct counts *counts;
};

#endif
