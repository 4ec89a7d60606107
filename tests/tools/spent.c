// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spent COMMAND...: runs it with its output thrown away and prints the processor time it took in
 * microseconds, user and system, and the most memory it held in KiB. Exits as the command did.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Spawned, not forked: a child's peak starts with what its parent holds. */
static int quiet_spawn(char **argv, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	int err;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

int main(int argc, char **argv)
{
	struct rusage spent;
	int err, status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: spent COMMAND...\n");
		return 2;
	}
	err = quiet_spawn(argv + 1, &pid);
	if (err) {
		fprintf(stderr, "spent: %s: %s\n", argv[1], strerror(err));
		return 127;
	}
	while (wait4(pid, &status, 0, &spent) < 0 && errno == EINTR)
		;
	printf("%lld %ld\n",
	       (spent.ru_utime.tv_sec + spent.ru_stime.tv_sec) * 1000000LL +
		       spent.ru_utime.tv_usec + spent.ru_stime.tv_usec,
	       spent.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
