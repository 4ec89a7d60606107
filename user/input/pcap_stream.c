// SPDX-License-Identifier: GPL-2.0-or-later
#include "input/pcap_stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int stream_open(struct pcap_stream *s, const char *path, const struct pcap_progress *progress)
{
	bool is_stdin = !strcmp(path, "-");
	struct stat st;

	*s = (struct pcap_stream){.fd = STDIN_FILENO, .progress = progress};
	s->window = malloc(STREAM_WINDOW);
	if (!s->window)
		return -ENOMEM;
	s->at = s->end = s->window;
	if (!is_stdin)
		s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &st) < 0) {
		int err = -errno;

		stream_close(s);
		return err;
	}
	if (S_ISREG(st.st_mode))
		s->bytes_total = (uint64_t)st.st_size;
	(void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

void stream_close(struct pcap_stream *s)
{
	if (s->fd > STDIN_FILENO)
		close(s->fd);
	free(s->window);
	*s = (struct pcap_stream){.fd = -1};
}

/* Tells the progress about once per hundredth of a file of known size, and at its end. */
static void stream_report(struct pcap_stream *s)
{
	bool due = s->bytes_done >= s->bytes_report || s->bytes_done == s->bytes_total;

	if (!due || !s->progress || !s->progress->update)
		return;
	s->progress->update(s->progress->ctx, s->bytes_done, s->bytes_total);
	s->bytes_report = s->bytes_done + s->bytes_total / 100;
}

bool stream_fill(struct pcap_stream *s, size_t len)
{
	size_t left = stream_left(s);

	assert(len <= STREAM_WINDOW);
	memmove(s->window, s->at, left);
	s->at = s->window;
	while (left < len && !s->error) {
		ssize_t n = read(s->fd, s->window + left, STREAM_WINDOW - left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			s->error = -errno;
		if (n <= 0)
			break;
		left += (size_t)n;
		s->bytes_done += (uint64_t)n;
		stream_report(s);
	}
	s->end = s->window + left;
	return left >= len;
}

bool stream_skip(struct pcap_stream *s, uint64_t len)
{
	while (len) {
		size_t step = len < STREAM_WINDOW ? (size_t)len : STREAM_WINDOW;

		if (!stream_take(s, step))
			return false;
		len -= step;
	}
	return true;
}
