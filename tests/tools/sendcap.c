// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sendcap FILE IFACE SOCKET: sends the frames of an Ethernet capture on an interface whose other
 * end a hayrake watches, alone. After each DNS answer, and now and then so that no queue overflows,
 * it asks that instance until the kernel has counted all frames sent and user space has read its
 * ring. Prints the number of frames.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BURST 64 /* frames; a veth queue holds 256 */
#define ASKS_MAX 2000
#define ASK_PAUSE_NS 1000000

/* Answers, also behind a tag or PPPoE, and every fragment: it may be part of one. */
static const char answers[] = "src port 53 or ip[6:2] & 0x3fff != 0 or (vlan and (src port 53 or "
			      "(vlan and src port 53))) "
			      "or (pppoes and src port 53)";

static int interface_open(const char *ifname)
{
	struct sockaddr_ll sa = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(ifname)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && sa.sll_ifindex && !bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return fd;
	fprintf(stderr, "sendcap: %s: %s\n", ifname, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static FILE *instance_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return fdopen(fd, "r+");
	fprintf(stderr, "sendcap: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* Packets the kernel has counted, as the instance says; -1 when it does not. */
static long packets_ask(const char *path)
{
	static const char key[] = "\"name\":\"packets\",\"value\":";
	FILE *f = instance_connect(path);
	char line[4096], *at;
	long packets = -1;

	if (!f)
		return -1;
	fputs("show stats\n", f);
	fflush(f);
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, key);
		if (at)
			packets = strtol(at + strlen(key), NULL, 10);
	}
	fclose(f);
	return packets;
}

/*
 * True when all frames are counted. Then one more question: the instance answers it in a later turn
 * of its event loop, after what was in the ring.
 */
static bool instance_wait(const char *path, unsigned long sent)
{
	struct timespec pause = { 0, ASK_PAUSE_NS };
	int i;

	for (i = 0; i < ASKS_MAX; i++) {
		long packets = packets_ask(path);

		if (packets < 0)
			return false;
		if ((unsigned long)packets >= sent)
			return packets_ask(path) >= 0;
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "sendcap: frames were lost: %lu sent\n", sent);
	return false;
}

static int capture_send(pcap_t *p, const struct bpf_program *filter, int fd, const char *instance)
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
		if ((sent % BURST == 0 || pcap_offline_filter(filter, h, data)) &&
		    !instance_wait(instance, sent))
			return 1;
	}
	if (!instance_wait(instance, sent))
		return 1;
	printf("%lu\n", sent);
	return 0;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct bpf_program filter;
	pcap_t *p;
	int fd, status = 1;

	if (argc != 4) {
		fputs("usage: sendcap FILE IFACE SOCKET\n", stderr);
		return 2;
	}
	p = pcap_open_offline(argv[1], error);
	if (!p) {
		fprintf(stderr, "sendcap: %s\n", error);
		return 1;
	}
	fd = interface_open(argv[2]);
	if (fd >= 0 && pcap_datalink(p) == DLT_EN10MB && !pcap_compile(p, &filter, answers, 1, 0)) {
		status = capture_send(p, &filter, fd, argv[3]);
		pcap_freecode(&filter);
	} else if (fd >= 0) {
		fprintf(stderr, "sendcap: %s: no Ethernet capture\n", argv[1]);
	}
	if (fd >= 0)
		close(fd);
	pcap_close(p);
	return status;
}
