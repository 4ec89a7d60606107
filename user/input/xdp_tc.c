// SPDX-License-Identifier: GPL-2.0-or-later
/* The clsact qdisc and our filter in it, for kernels without tcx (before 6.6). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <string.h>

#include "xdp_netlink_msg.h"

/* Before most others', so that their verdicts do not hide packets from us. */
#define FILTER_PRIORITY 2
#define FILTER_HANDLE 0x4852 /* "HR" */
#define FILTER_NAME "hayrake"
#define FILTER_NAME_CLSACT "hayrake+clsact"

static struct tcmsg tc_body(uint32_t ifindex, bool egress)
{
	return (struct tcmsg){
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS),
	};
}

static int clsact_talk(int fd, uint32_t ifindex, uint16_t type, uint16_t flags)
{
	struct tcmsg body = tc_body(ifindex, false);
	struct message m;

	body.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	body.tcm_parent = TC_H_CLSACT;
	message_start(&m, type, NLM_F_ACK | flags, &body, sizeof(body));
	message_put(&m, TCA_KIND, "clsact", sizeof("clsact"));
	return message_talk(fd, &m, NULL, NULL);
}

int clsact_add(int fd, uint32_t ifindex)
{
	return clsact_talk(fd, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
}

int clsact_del(int fd, uint32_t ifindex)
{
	return clsact_talk(fd, ifindex, RTM_DELQDISC, 0);
}

static void filter_start(struct message *m, uint32_t ifindex, bool egress, uint16_t type,
			 uint16_t flags)
{
	struct tcmsg body = tc_body(ifindex, egress);

	body.tcm_handle = FILTER_HANDLE;
	body.tcm_info = TC_H_MAKE(FILTER_PRIORITY << 16, htons(ETH_P_ALL));
	message_start(m, type, NLM_F_ACK | flags, &body, sizeof(body));
	message_put(m, TCA_KIND, "bpf", sizeof("bpf"));
}

int filter_add(int fd, uint32_t ifindex, bool egress, int prog_fd, bool made_clsact)
{
	const char *name = made_clsact ? FILTER_NAME_CLSACT : FILTER_NAME;
	uint32_t prog = (uint32_t)prog_fd, flags = TCA_BPF_FLAG_ACT_DIRECT;
	struct message m;
	struct rtattr *options;

	filter_start(&m, ifindex, egress, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL);
	options = (void *)(m.bytes + NLMSG_ALIGN(m.h.nlmsg_len));
	message_put(&m, TCA_OPTIONS, NULL, 0);
	message_put(&m, TCA_BPF_FD, &prog, sizeof(prog));
	message_put(&m, TCA_BPF_FLAGS, &flags, sizeof(flags));
	message_put(&m, TCA_BPF_NAME, name, strlen(name) + 1);
	options->rta_len = (uint16_t)(m.bytes + m.h.nlmsg_len - (uint8_t *)options);
	return message_talk(fd, &m, NULL, NULL);
}

int filter_del(int fd, uint32_t ifindex, bool egress)
{
	struct message m;

	filter_start(&m, ifindex, egress, RTM_DELTFILTER, 0);
	return message_talk(fd, &m, NULL, NULL);
}

static void filter_message(void *ctx, const struct nlmsghdr *h)
{
	struct filter_left *left = ctx;
	const struct rtattr *a[TCA_MAX + 1], *b[TCA_BPF_MAX + 1];
	const struct tcmsg *t = NLMSG_DATA(h);
	int len = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*t));
	bool made;

	/* each chain starts with a message of handle 0, which is no filter */
	if (h->nlmsg_type != RTM_NEWTFILTER || len < 0 || !t->tcm_handle)
		return;
	attributes_parse(TCA_RTA(t), len, a, TCA_MAX + 1);
	if (!attribute_is(a[TCA_KIND], "bpf") || !a[TCA_OPTIONS]) {
		left->others++;
		return;
	}
	attributes_parse(RTA_DATA(a[TCA_OPTIONS]), RTA_PAYLOAD(a[TCA_OPTIONS]), b, TCA_BPF_MAX + 1);
	made = attribute_is(b[TCA_BPF_NAME], FILTER_NAME_CLSACT);
	if (t->tcm_handle != FILTER_HANDLE || TC_H_MAJ(t->tcm_info) >> 16 != FILTER_PRIORITY ||
	    (!made && !attribute_is(b[TCA_BPF_NAME], FILTER_NAME))) {
		left->others++;
		return;
	}
	left->ours++;
	left->made_clsact |= made;
}

int filter_find(int fd, uint32_t ifindex, bool egress, struct filter_left *out)
{
	struct tcmsg body = tc_body(ifindex, egress);
	struct filter_left left = {0};
	struct message m;
	int rc;

	message_start(&m, RTM_GETTFILTER, NLM_F_DUMP, &body, sizeof(body));
	rc = message_talk(fd, &m, filter_message, &left);
	if (!rc)
		*out = left;
	return rc;
}
