// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sendcap FILE IFACE: sends the frames of an Ethernet capture on an interface. Waits after each DNS
 * answer until a program that watches can have learned from it, and a little now and then so that no
 * queue on the way overflows. Prints the number of frames sent.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BURST 16 /* frames; a veth queue holds 256 */
#define BURST_US 300
#define LEARN_US 20000

/* Answers, also behind a tag or PPPoE, and every fragment: it may be part of one. */
static const char answers[] =
	"src port 53 or ip[6:2] & 0x3fff != 0 or (vlan and (src port 53 or (vlan and src port 53))) "
	"or (pppoes and src port 53)";

static void sleep_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static int interface_open(const char *ifname)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && sa.sll_ifindex && !bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return fd;
	fprintf(stderr, "sendcap: %s: %s\n", ifname, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int capture_send(pcap_t *p, const struct bpf_program *filter, int fd)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	unsigned long sent = 0;

	while (pcap_next_ex(p, &h, &data) == 1) {
		if (h->caplen < ETH_HLEN)
			continue;
		if (send(fd, data, h->caplen, 0) != (ssize_t)h->caplen) {
			fprintf(stderr, "sendcap: frame %lu: %s\n", sent + 1, strerror(errno));
			return 1;
		}
		sent++;
		if (pcap_offline_filter(filter, h, data))
			sleep_us(LEARN_US);
		else if (sent % BURST == 0)
			sleep_us(BURST_US);
	}
	printf("%lu\n", sent);
	return 0;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct bpf_program filter;
	pcap_t *p;
	int fd, status = 1;

	if (argc != 3) {
		fputs("usage: sendcap FILE IFACE\n", stderr);
		return 2;
	}
	p = pcap_open_offline(argv[1], error);
	if (!p) {
		fprintf(stderr, "sendcap: %s\n", error);
		return 1;
	}
	fd = interface_open(argv[2]);
	if (fd >= 0 && pcap_datalink(p) == DLT_EN10MB && !pcap_compile(p, &filter, answers, 1, 0)) {
		status = capture_send(p, &filter, fd);
		pcap_freecode(&filter);
	} else if (fd >= 0) {
		fprintf(stderr, "sendcap: %s: no Ethernet capture\n", argv[1]);
	}
	if (fd >= 0)
		close(fd);
	pcap_close(p);
	return status;
}
