// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host of the lab.
 *  labhost serve PORT...     answers TCP and UDP on these ports, at every address of the namespace
 *  labhost visit NAME:PORT/PROTO...  asks the resolver for A and AAAA of each name, connects to an
 *      answered address and talks; prints "NAME ADDRESS PORT PROTO" for each visit that worked
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78 /* linux/in6.h, Linux 4.15 */
#endif

#define MESSAGE_MAX 1232 /* a DNS message that fits any path (DNS flag day 2020) */
#define ADDRESSES_MAX 16
#define TRIES 4
#define TIMEOUT_MS 2000
#define TYPE_A 1
#define TYPE_AAAA 28

struct visitor {
	struct sockaddr_in6 resolver;
	bool dns_tcp;
	int family; /* 0: IPv6 when the name has it, else IPv4 */
	int rounds;
	int gap_ms;  /* between the exchanges of a visit */
	int wait_ms; /* between visits */
};

struct visit {
	char name[256];
	uint16_t port;
	int socktype;
};

struct addresses {
	size_t count;
	struct in6_addr addr[ADDRESSES_MAX];
};

static void sleep_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* "::ffff:192.0.2.1" for "192.0.2.1": every socket here is IPv6 and takes both. */
static int address_parse(const char *text, struct in6_addr *out)
{
	char mapped[INET6_ADDRSTRLEN + 8];

	if (inet_pton(AF_INET6, text, out) == 1)
		return 0;
	snprintf(mapped, sizeof(mapped), "::ffff:%.40s", text);
	return inet_pton(AF_INET6, mapped, out) == 1 ? 0 : -EINVAL;
}

static const char *address_text(const struct in6_addr *a, char out[INET6_ADDRSTRLEN])
{
	if (IN6_IS_ADDR_V4MAPPED(a))
		return inet_ntop(AF_INET, &a->s6_addr[12], out, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, a, out, INET6_ADDRSTRLEN);
}

enum endpoint_kind { ENDPOINT_LISTEN, ENDPOINT_DATAGRAM, ENDPOINT_STREAM };

static int endpoint_watch(int epoll, int fd, enum endpoint_kind kind)
{
	struct epoll_event ev = {.events = EPOLLIN,
				 .data.u64 = (uint64_t)kind << 32 | (uint32_t)fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int endpoint_open(int epoll, uint16_t port, int socktype)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on,
		   sizeof(on)); /* answers from local routes */
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return -errno;
	if (socktype == SOCK_STREAM && listen(fd, 128))
		return -errno;
	return endpoint_watch(epoll, fd,
			      socktype == SOCK_STREAM ? ENDPOINT_LISTEN : ENDPOINT_DATAGRAM);
}

/*
 * Sends a datagram back from the address it was sent to: the packet information goes back as it
 * came.
 */
static void datagram_answer(int fd)
{
	struct sockaddr_in6 peer;
	char control[128], data[MESSAGE_MAX];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = {.msg_name = &peer,
			   .msg_namelen = sizeof(peer),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, 0);
	struct cmsghdr *c;

	if (n < 0)
		return;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
		((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = 0;
	iov.iov_len = (size_t)n;
	m.msg_flags = 0;
	if (sendmsg(fd, &m, 0) < 0)
		perror("labhost: sendmsg");
}

static void stream_answer(int fd)
{
	static const char page[900] = "lab";
	char data[4096];
	ssize_t n = read(fd, data, sizeof(data));

	if (n <= 0 || write(fd, page, sizeof(page)) < 0)
		close(fd);
}

static void endpoint_event(int epoll, uint64_t data)
{
	int fd = (int)(uint32_t)data, peer;

	switch ((enum endpoint_kind)(data >> 32)) {
	case ENDPOINT_LISTEN:
		peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (peer >= 0 && endpoint_watch(epoll, peer, ENDPOINT_STREAM))
			close(peer);
		break;
	case ENDPOINT_DATAGRAM:
		datagram_answer(fd);
		break;
	case ENDPOINT_STREAM:
		stream_answer(fd);
		break;
	}
}

static int serve(int count, char **ports)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev[64];
	int i, n, err;

	for (i = 0; i < count; i++) {
		uint16_t port = (uint16_t)atoi(ports[i]);

		err = endpoint_open(epoll, port, SOCK_STREAM);
		if (!err)
			err = endpoint_open(epoll, port, SOCK_DGRAM);
		if (err) {
			fprintf(stderr, "labhost: port %s: %s\n", ports[i], strerror(-err));
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		n = epoll_wait(epoll, ev, 64, -1);
		for (i = 0; i < n; i++)
			endpoint_event(epoll, ev[i].data.u64);
	}
}

static size_t query_build(const char *name, uint16_t type, uint16_t id, uint8_t out[MESSAGE_MAX])
{
	uint8_t head[12] = { (uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1 };
	size_t len = sizeof(head), label;

	memcpy(out, head, sizeof(head));
	while (*name) {
		label = strcspn(name, ".");
		out[len++] = (uint8_t)label;
		memcpy(out + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	out[len++] = 0;
	out[len++] = (uint8_t)(type >> 8);
	out[len++] = (uint8_t)type;
	out[len++] = 0;
	out[len++] = 1;
	return len;
}

/* The offset behind the name at off, or len when it does not end before. */
static size_t name_skip(const uint8_t *msg, size_t len, size_t off)
{
	while (off < len && msg[off] && msg[off] < 0xc0)
		off += msg[off] + 1U;
	if (off >= len)
		return len;
	off += msg[off] ? 2 : 1;
	return off < len ? off : len;
}

static void answer_read(const uint8_t *msg, size_t len, struct addresses *out)
{
	unsigned int records = len < 12 ? 0 : msg[6] * 256U + msg[7];
	size_t off = name_skip(msg, len, 12) + 4;

	for (; records && out->count < ADDRESSES_MAX; records--) {
		const uint8_t *r;
		struct in6_addr *a = &out->addr[out->count];
		size_t data_len;

		off = name_skip(msg, len, off);
		if (off + 10 > len)
			return;
		r = msg + off;
		data_len = r[8] * 256U + r[9];
		off += 10 + data_len;
		if (off > len)
			return;
		if (r[1] == TYPE_A && data_len == 4) {
			memset(a, 0, 10);
			memset(&a->s6_addr[10], 0xff, 2);
			memcpy(&a->s6_addr[12], r + 10, 4);
			out->count++;
		} else if (r[1] == TYPE_AAAA && data_len == 16) {
			memcpy(a, r + 10, 16);
			out->count++;
		}
	}
}

static int socket_connect(const struct sockaddr_in6 *to, int socktype)
{
	int fd = socket(AF_INET6, socktype | SOCK_CLOEXEC, 0);
	struct timeval limit = { TIMEOUT_MS / 1000, TIMEOUT_MS % 1000 * 1000 };
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)); /* bounds connect() too */
	if (!connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static ssize_t read_full(int fd, uint8_t *out, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, out + got, len - got);

		if (n <= 0)
			return -1;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static ssize_t exchange_tcp(int fd, const uint8_t *query, size_t len, uint8_t answer[MESSAGE_MAX])
{
	uint8_t framed[MESSAGE_MAX + 2] = { (uint8_t)(len >> 8), (uint8_t)len };
	uint8_t size[2];
	size_t answer_len;

	memcpy(framed + 2, query, len);
	if (write(fd, framed, len + 2) < 0 || read_full(fd, size, 2) < 0)
		return -1;
	answer_len = size[0] * 256U + size[1];
	return answer_len > MESSAGE_MAX ? -1 : read_full(fd, answer, answer_len);
}

static void resolve_type(const struct visitor *v, const char *name, uint16_t type,
			 struct addresses *out)
{
	int socktype = v->dns_tcp ? SOCK_STREAM : SOCK_DGRAM;
	uint8_t query[MESSAGE_MAX], answer[MESSAGE_MAX];
	uint16_t id = 0;
	ssize_t n = -1;
	size_t len;
	int i, fd;

	for (i = 0; i < TRIES && n < 12; i++) {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			return;
		len = query_build(name, type, id, query);
		fd = socket_connect(&v->resolver, socktype);
		if (fd < 0)
			continue;
		if (v->dns_tcp)
			n = exchange_tcp(fd, query, len, answer);
		else if (send(fd, query, len, 0) >= 0)
			n = recv(fd, answer, sizeof(answer), 0);
		close(fd);
		if (n >= 12 && memcmp(answer, query, 2))
			n = -1;
	}
	if (n >= 12)
		answer_read(answer, (size_t)n, out);
}

static int visit_parse(const char *text, struct visit *out)
{
	char proto[4];
	unsigned int port;

	if (sscanf(text, "%255[^:]:%u/%3s", out->name, &port, proto) != 3 || port > UINT16_MAX)
		return -EINVAL;
	if (strcmp(proto, "tcp") && strcmp(proto, "udp"))
		return -EINVAL;
	out->port = (uint16_t)port;
	out->socktype = strcmp(proto, "tcp") ? SOCK_DGRAM : SOCK_STREAM;
	return 0;
}

/* Three requests and answers, with pauses as a device makes them. */
static int talk(const struct visitor *v, int fd)
{
	static const char request[220] = "hello";
	char answer[2048];
	int i, good = 0;

	for (i = 0; i < 3; i++) {
		sleep_ms(v->gap_ms);
		if (send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
			return -errno;
		good += recv(fd, answer, sizeof(answer), 0) > 0;
	}
	return good ? 0 : -ETIMEDOUT;
}

static bool visit_address(const struct visitor *v, const struct visit *to, const struct in6_addr *a)
{
	struct sockaddr_in6 sa = {
		.sin6_family = AF_INET6, .sin6_port = htons(to->port), .sin6_addr = *a};
	char text[INET6_ADDRSTRLEN];
	int fd = socket_connect(&sa, to->socktype);
	int err;

	if (fd < 0)
		return false;
	err = talk(v, fd);
	close(fd);
	if (err)
		return false;
	printf("%s %s %u %s\n", to->name, address_text(a, text), to->port,
	       to->socktype == SOCK_STREAM ? "tcp" : "udp");
	fflush(stdout);
	return true;
}

static bool visit_name(const struct visitor *v, const struct visit *to)
{
	struct addresses found = { 0 };
	size_t i;

	/* AAAA first, as RFC 6724 orders them; a host without IPv6 fails at once and goes on. */
	resolve_type(v, to->name, TYPE_AAAA, &found);
	resolve_type(v, to->name, TYPE_A, &found);
	for (i = 0; i < found.count; i++) {
		bool is4 = IN6_IS_ADDR_V4MAPPED(&found.addr[i]);

		if (v->family && (v->family == 4) != is4)
			continue;
		if (visit_address(v, to, &found.addr[i]))
			return true;
	}
	fprintf(stderr, "labhost: %s: no answer from any of %zu addresses\n", to->name,
		found.count);
	return false;
}

static int visit_all(const struct visitor *v, int count, char **args)
{
	struct visit to;
	int round, i, failed = 0;

	for (round = 0; round < v->rounds; round++) {
		for (i = 0; i < count; i++) {
			if (visit_parse(args[i], &to)) {
				fprintf(stderr, "labhost: not NAME:PORT/PROTO: %s\n", args[i]);
				return 2;
			}
			failed += !visit_name(v, &to);
			sleep_ms(v->wait_ms);
		}
	}
	return failed ? 1 : 0;
}

static int usage(void)
{
	fputs("usage: labhost serve PORT...\n"
	      "       labhost visit -r RESOLVER [-t] [-4|-6] [-n ROUNDS] [-g GAP_MS] [-w WAIT_MS] "
	      "NAME:PORT/PROTO...\n", stderr);
	return 2;
}

static int visit_main(int argc, char **argv)
{
	struct visitor v = { .rounds = 1, .gap_ms = 20 };
	int c;

	v.resolver.sin6_family = AF_INET6;
	v.resolver.sin6_port = htons(53);
	while ((c = getopt(argc, argv, "r:t46n:g:w:")) != -1) {
		if (c == 'r' && !address_parse(optarg, &v.resolver.sin6_addr))
			continue;
		if (c == 't')
			v.dns_tcp = true;
		else if (c == '4' || c == '6')
			v.family = c - '0';
		else if (c == 'n')
			v.rounds = atoi(optarg);
		else if (c == 'g')
			v.gap_ms = atoi(optarg);
		else if (c == 'w')
			v.wait_ms = atoi(optarg);
		else
			return usage();
	}
	if (IN6_IS_ADDR_UNSPECIFIED(&v.resolver.sin6_addr))
		return usage();
	return visit_all(&v, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "serve"))
		return serve(argc - 2, argv + 2);
	if (argc > 2 && !strcmp(argv[1], "visit"))
		return visit_main(argc - 1, argv + 1);
	return usage();
}
