// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaching to one interface: ingress by native XDP, TC or generic XDP, egress by TC. BPF links go
 * with the process; a clsact filter stays when the process is killed, and link_clean() removes it.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "xdp_private.h"

/* Newer than the headers of Linux 6.1 (include/uapi/linux/bpf.h of 6.6). */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define ATTACH_BEFORE (1U << 3)

/* From this MTU on a frame may not fit the one page that native XDP without fragments has. */
#define MTU_ONE_PAGE 3000

#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823 /* linux/if_arp.h, which cannot stand beside net/if.h */
#endif

/* Instances that ask who has the lock are never answered, they wait here until they give up. */
#define LOCK_BACKLOG 128

/* An interface without Ethernet headers: its frames start with the IP header. */
static bool link_is_l3(const struct link_info *info)
{
	switch (info->hw_type) {
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		return true;
	default:
		return false;
	}
}

static bool link_understood(const struct link_info *info)
{
	return info->hw_type == ARPHRD_ETHER || info->hw_type == ARPHRD_LOOPBACK ||
	       link_is_l3(info);
}

static unsigned int link_kind(const struct xdp_input *x, const struct live_link *l)
{
	return (link_is_l3(&l->info) ? PROGRAM_L3 : 0) |
	       (l->role != x->count_role ? PROGRAM_DNS : 0);
}

/* True when the NIC takes VLAN tags off, so that XDP does not see them. */
static bool vlan_offloaded(const char *ifname)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GFLAGS};
	struct ifreq req = {.ifr_data = (void *)&value};
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(req.ifr_name, ifname, strnlen(ifname, sizeof(req.ifr_name) - 1));
	return fd >= 0 && !ioctl(fd, SIOCETHTOOL, &req) && value.data & ETH_FLAG_RXVLAN;
}

static bool vlan_blind(const struct xdp_input *x, const struct live_link *l)
{
	return x->config.subject == SUBJECT_VLAN && vlan_offloaded(l->info.ifname);
}

/* Why native XDP is not tried, or NULL. */
static const char *native_unfit(const struct xdp_input *x, const struct live_link *l)
{
	if (link_is_l3(&l->info))
		return "the interface has no Ethernet headers";
	if (l->info.has_xdp)
		return "another XDP program is attached";
	if (vlan_blind(x, l))
		return "the hardware takes VLAN tags off, which XDP would not see (rxvlan off)";
	return NULL;
}

static const char *native_refusal(const struct live_link *l, int rc)
{
	switch (rc) {
	case -EOPNOTSUPP:
		return "the driver has no native XDP";
	case -EBUSY:
	case -EEXIST:
		return "another XDP program is attached";
	case -ERANGE:
	case -E2BIG:
	case -EMSGSIZE:
		return "the MTU needs XDP fragments";
	case -ENOSPC:
	case -ENOMEM:
		return "the driver has no room for native XDP";
	case -EPERM:
	case -EACCES:
		return "not permitted (CAP_NET_ADMIN and CAP_BPF are needed)";
	default:
		return l->info.mtu >= MTU_ONE_PAGE ? "the MTU needs XDP fragments"
						   : "the driver refused native XDP";
	}
}

static int xdp_attach(struct xdp_input *x, struct live_link *l, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int prog_fd = kernel_program(&x->kernel, PROGRAM(HOOK_XDP, link_kind(x, l)));
	int fd;

	if (prog_fd < 0)
		return prog_fd;
	fd = bpf_link_create(prog_fd, (int)l->info.ifindex, BPF_XDP, &opts);
	if (fd < 0)
		return fd;
	l->ingress.link_fd = fd;
	return 0;
}

static int filter_attach(struct xdp_input *x, struct live_link *l, bool egress, int prog_fd)
{
	int rc = clsact_add(x->netlink_fd, l->info.ifindex);

	if (rc && rc != -EEXIST)
		return rc;
	if (!rc)
		l->made_clsact = true;
	return filter_add(x->netlink_fd, l->info.ifindex, egress, prog_fd, l->made_clsact);
}

static int tc_attach(struct xdp_input *x, struct live_link *l, bool egress)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = ATTACH_BEFORE);
	struct attachment *to = egress ? &l->egress : &l->ingress;
	int type = egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS;
	int prog_fd = kernel_program(&x->kernel, PROGRAM(egress ? HOOK_TC_OUT : HOOK_TC_IN,
							 link_kind(x, l)));
	int rc;

	if (prog_fd < 0)
		return prog_fd;
	if (!x->config.clsact) {
		rc = bpf_link_create(prog_fd, (int)l->info.ifindex, (enum bpf_attach_type)type,
				     &opts);
		if (rc >= 0) {
			to->link_fd = rc;
			return 0;
		}
		log_debug("%s: no tcx (%s), trying clsact", l->info.ifname, strerror(-rc));
	}
	rc = filter_attach(x, l, egress, prog_fd);
	to->filter = !rc;
	return rc;
}

static int native_try(struct xdp_input *x, struct live_link *l)
{
	int rc = xdp_attach(x, l, XDP_FLAGS_DRV_MODE);

	if (rc) {
		l->reason = native_refusal(l, rc);
		log_debug("%s: native XDP: %s", l->info.ifname, strerror(-rc));
		return rc;
	}
	l->mode = MODE_NATIVE;
	l->reason = vlan_blind(x, l) ? "blind=vlan-offload" : "";
	return 0;
}

/* l->reason stays: it says why not native. */
static int tc_try(struct xdp_input *x, struct live_link *l)
{
	int rc = tc_attach(x, l, false);

	if (!rc)
		l->mode = MODE_TC;
	return rc;
}

static int generic_try(struct xdp_input *x, struct live_link *l)
{
	int rc = xdp_attach(x, l, XDP_FLAGS_SKB_MODE);

	if (!rc)
		l->mode = MODE_GENERIC;
	return rc;
}

static int ingress_auto(struct xdp_input *x, struct live_link *l)
{
	int rc;

	l->reason = native_unfit(x, l);
	if (!l->reason && !native_try(x, l))
		return 0;
	rc = tc_try(x, l);
	if (!rc)
		return 0;
	log_debug("%s: TC: %s", l->info.ifname, strerror(-rc));
	rc = generic_try(x, l);
	if (!rc)
		l->reason = vlan_blind(x, l) ? "blind=vlan-offload"
					     : "neither native XDP nor TC can be attached";
	else
		l->reason = "no XDP and no TC program can be attached";
	return rc;
}

static int ingress_attach(struct xdp_input *x, struct live_link *l)
{
	int rc;

	l->reason = "";
	switch (x->config.attach) {
	case ATTACH_NATIVE:
		return native_try(x, l);
	case ATTACH_TC:
		rc = tc_try(x, l);
		l->reason = rc ? "TC refused the program" : "";
		return rc;
	case ATTACH_GENERIC:
		rc = generic_try(x, l);
		if (rc)
			l->reason = rc == -EBUSY || rc == -EEXIST
					    ? "another XDP program is attached"
					    : "the kernel refused generic XDP";
		else if (vlan_blind(x, l))
			l->reason = "blind=vlan-offload";
		return rc;
	default:
		return ingress_auto(x, l);
	}
}

uint32_t link_programs(const struct xdp_input *x, const struct live_link *l)
{
	unsigned int kind = link_kind(x, l);
	uint32_t egress = 1U << PROGRAM(HOOK_TC_OUT, kind);
	enum attach_mode mode = x->config.attach;
	bool tc = mode == ATTACH_TC || (mode == ATTACH_AUTO && native_unfit(x, l));

	return egress | 1U << PROGRAM(tc ? HOOK_TC_IN : HOOK_XDP, kind);
}

static int lock_name(uint32_t ifindex, struct sockaddr_un *sa, socklen_t *len)
{
	int n;

	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	n = snprintf(sa->sun_path + 1, sizeof(sa->sun_path) - 1, "hayrake/interface/%u", ifindex);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* True when the holder of the name may attach programs too, and not just anybody. */
static bool lock_holder_trusted(const struct sockaddr_un *sa, socklen_t len)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred cred;
	socklen_t cred_len = sizeof(cred);

	if (fd < 0 || connect(fd, (const void *)sa, len))
		return true;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) || !cred.uid ||
	       cred.uid == geteuid();
}

/*
 * The lock is a name in the abstract socket namespace: it belongs to the network namespace, as the
 * interface does, and vanishes with the process.
 */
int link_lock(uint32_t ifindex)
{
	struct sockaddr_un sa;
	socklen_t len;
	CLEANUP_FD int fd = lock_name(ifindex, &sa, &len);

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&sa, len)) {
		if (listen(fd, LOCK_BACKLOG))
			return -errno;
		return TAKE_FD(fd);
	}
	if (errno != EADDRINUSE)
		return -errno;
	if (lock_holder_trusted(&sa, len))
		return -EADDRINUSE;
	log_warn("an unprivileged process holds the lock of interface %u; going on without",
		 ifindex);
	return TAKE_FD(fd);
}

int link_clean(int netlink_fd, uint32_t ifindex, bool made_clsact)
{
	struct filter_left in, out;
	int rc;

	/* -EINVAL, -ENOENT: no clsact there */
	if (filter_find(netlink_fd, ifindex, false, &in) ||
	    filter_find(netlink_fd, ifindex, true, &out))
		return 0;
	if (in.ours && (rc = filter_del(netlink_fd, ifindex, false)))
		return rc;
	if (out.ours && (rc = filter_del(netlink_fd, ifindex, true)))
		return rc;
	made_clsact |= in.made_clsact || out.made_clsact;
	if (made_clsact && !in.others && !out.others)
		clsact_del(netlink_fd, ifindex);
	return (int)(in.ours + out.ours);
}

static void link_clean_left(struct xdp_input *x, const struct live_link *l)
{
	int rc = link_clean(x->netlink_fd, l->info.ifindex, false);

	if (rc > 0)
		log_info("%s: removed %d filters that a killed instance left", l->info.ifname, rc);
	else if (rc < 0)
		log_warn("%s: filters that a killed instance left cannot be removed: %s",
			 l->info.ifname, strerror(-rc));
}

/* Without it, answers of a resolver on this machine and downstream packets are not seen. */
static int egress_attach(struct xdp_input *x, struct live_link *l)
{
	int rc = tc_attach(x, l, true);

	if (rc && x->config.attach == ATTACH_TC) {
		l->reason = "TC refused the egress program";
		return rc;
	}
	if (rc)
		l->reason = "blind=egress (TC cannot be attached)";
	return 0;
}

int link_attach(struct xdp_input *x, struct live_link *l)
{
	int rc;

	l->ingress.link_fd = l->egress.link_fd = -1;
	l->mode = MODE_NONE;
	l->lock_fd = link_lock(l->info.ifindex);
	if (l->lock_fd < 0) {
		rc = l->lock_fd;
		l->reason = rc == -EADDRINUSE ? "another hayrake is watching it"
					      : "it cannot be locked";
		return rc;
	}
	if (!link_understood(&l->info)) {
		l->reason = "its link type carries neither Ethernet nor IP";
		rc = -EPFNOSUPPORT;
	} else {
		link_clean_left(x, l);
		rc = ingress_attach(x, l);
		if (!rc)
			rc = egress_attach(x, l);
	}
	if (rc)
		link_detach(x, l);
	return rc;
}

void link_detach(struct xdp_input *x, struct live_link *l)
{
	bool filters = l->ingress.filter || l->egress.filter || l->made_clsact;

	close_fd(&l->ingress.link_fd);
	close_fd(&l->egress.link_fd);
	l->ingress = l->egress = (struct attachment){.link_fd = -1};
	if (filters)
		link_clean(x->netlink_fd, l->info.ifindex, l->made_clsact);
	l->made_clsact = false;
	close_fd(&l->lock_fd);
	l->lock_fd = -1;
	l->mode = MODE_NONE;
}
