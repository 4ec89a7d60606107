// SPDX-License-Identifier: GPL-2.0-or-later
#include "input/pcap_stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The size of what is open, the window for it. */
static int stream_measure(struct pcap_stream *s)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		s->bytes_total = (uint64_t)st.st_size;
	if (s->bytes_total && s->bytes_total < STREAM_WINDOW)
		s->window_len = (size_t)s->bytes_total;
	s->window = malloc(s->window_len);
	s->at = s->end = s->window;
	return s->window ? 0 : -ENOMEM;
}

int stream_open(struct pcap_stream *s, const char *path, const struct pcap_progress *progress)
{
	int err;

	*s = (struct pcap_stream){
		.fd = STDIN_FILENO, .window_len = STREAM_WINDOW, .progress = progress};
	if (strcmp(path, "-"))
		s->fd = open(path, O_RDONLY | O_CLOEXEC);
	err = s->fd < 0 ? -errno : stream_measure(s);
	if (err)
		stream_close(s);
	else
		(void)posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return err;
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
	while (left < len && left < s->window_len && !s->error) {
		ssize_t n = read(s->fd, s->window + left, s->window_len - left);

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
		size_t step = len < s->window_len ? (size_t)len : s->window_len;

		if (!stream_take(s, step))
			return false;
		len -= step;
	}
	return true;
}
