// SPDX-License-Identifier: GPL-2.0-or-later
/* sources: user/options.c user/options_config.c user/base/log.c user/base/addr.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"

#define LIVE (OPTIONS_ALWAYS | OPTIONS_VERDICT | OPTIONS_TRAFFIC | OPTIONS_LIVE | OPTIONS_INSTANCE)

static const struct command run = {"run", "", "watch", LIVE, NULL};
static const struct command replay = {
	"replay", "", "read", OPTIONS_ALWAYS | OPTIONS_VERDICT | OPTIONS_TRAFFIC | OPTIONS_REPLAY,
	NULL};

/* Parses a line of words after the subcommand. The words are kept for the test's life. */
static int parse(struct options *o, const struct command *command, const char *line)
{
	static char text[1024];
	static char *argv[64];
	int argc = 2;

	snprintf(text, sizeof(text), "%s", line);
	argv[0] = argv[1] = (char *)"x";
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(o, command, argc, argv);
}

static void options_have_defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, &run, ""), -1);
	assert_int_equal(o.xdp.subject, SUBJECT_MAC);
	assert_int_equal(o.xdp.sample, 1);
	assert_int_equal(o.xdp.interval_s, 10);
	assert_int_equal(o.window_s, 86400);
	assert_int_equal(o.threshold, 0);
	assert_string_equal(o.socket, SOCKET_DEFAULT);
	assert_non_null(o.signatures);
	assert_null(o.state);
	options_clean(&o);
}

static void options_are_read(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(
		parse(&o, &run,
		      "-i br-lan -i eth1=wan --attach=tc --profile edge --subject ip "
		      "--local 192.168.0.0/16 --local 2001:db8::/32 --sample 100 "
		      "--interval 5 --threshold 0.25 --window 3600 --json -v --established "
		      "--socket /s --state /t --signatures /d"),
		-1);
	assert_int_equal(o.xdp.point_count, 2);
	assert_string_equal(o.xdp.points[0].ifname, "br-lan");
	assert_int_equal(o.xdp.points[0].role, ROLE_LAN);
	assert_string_equal(o.xdp.points[1].ifname, "eth1");
	assert_int_equal(o.xdp.points[1].role, ROLE_WAN);
	assert_int_equal(o.xdp.attach, ATTACH_TC);
	assert_int_equal(o.xdp.profile, PROFILE_EDGE);
	assert_int_equal(o.xdp.subject, SUBJECT_IP);
	assert_int_equal(o.xdp.local_count, 2);
	assert_int_equal(o.xdp.sample, 100);
	assert_int_equal(o.xdp.interval_s, 5);
	assert_int_equal(o.threshold, 250);
	assert_int_equal(o.window_s, 3600);
	assert_true(o.json && o.verbose && o.established);
	assert_string_equal(o.signatures, "/d");
	options_clean(&o);
	assert_int_equal(parse(&o, &replay, "a.pcap --seed 7 -- -b.pcap -"), -1);
	assert_int_equal(o.arg_count, 3);
	assert_string_equal(o.args[0], "a.pcap");
	assert_string_equal(o.args[1], "-b.pcap");
	assert_string_equal(o.args[2], "-");
	options_clean(&o);
}

static void thresholds(void **state)
{
	static const struct {
		const char *line;
		int status;
		uint32_t threshold;
	} rows[] = {
		{"--threshold 0.4", -1, 400},	{"--threshold .4", -1, 400},
		{"--threshold 1", -1, 1000},	{"--threshold 1.0", -1, 1000},
		{"--threshold 0.001", -1, 1},	{"--threshold 0", EXIT_USAGE, 0},
		{"--threshold 0.0", EXIT_USAGE, 0}, {"--threshold 1.1", EXIT_USAGE, 0},
		{"--threshold 2", EXIT_USAGE, 0},   {"--threshold .", EXIT_USAGE, 0},
		{"--threshold 0,4", EXIT_USAGE, 0}, {"--threshold -1", EXIT_USAGE, 0},
		{"--threshold 0.4x", EXIT_USAGE, 0},
	};
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(parse(&o, &replay, rows[i].line), rows[i].status);
		if (rows[i].status < 0)
			assert_int_equal(o.threshold, rows[i].threshold);
		options_clean(&o);
	}
}

static void mistakes_end_with_usage(void **state)
{
	static const char *const lines[] = {
		"--bogus",	   "-x",	     "--sample 0",	"--sample x",
		"--sample",	   "--local 1.2.3.4/8", "--subject who", "--attach fast",
		"-i a=up",	   "-i a -i a",	     "-i ",		"-i abcdefghijklmnop",
		"--json=yes",	   "--seed 1",	     "--interval 3601", "--window 0",
		"--interval 99999999999999999999",
	};
	struct options o;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(parse(&o, &run, lines[i]), EXIT_USAGE);
		options_clean(&o);
	}
}

static int config_parse(struct options *o, const char *text, const char *line)
{
	char path[] = "/tmp/hayrake-config-XXXXXX";
	char words[256];
	int fd = mkstemp(path);
	int status;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	snprintf(words, sizeof(words), "--config %s %s", path, line);
	status = parse(o, &run, words);
	unlink(path);
	return status;
}

static void configuration_files(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(config_parse(&o,
				      "# a comment\ninterface = br-lan\n  sample=50 # more\n"
				      "threshold = 0.3\njson = yes\nverbose = no\nstate = /x\n\n",
				      "--threshold 0.5"),
			 -1);
	assert_int_equal(o.xdp.point_count, 1);
	assert_int_equal(o.xdp.sample, 50);
	assert_int_equal(o.threshold, 500);
	assert_true(o.json);
	assert_false(o.verbose);
	assert_string_equal(o.state, "/x");
	options_clean(&o);
	assert_int_equal(config_parse(&o, "sample = 0\n", ""), EXIT_FAILED);
	options_clean(&o);
	assert_int_equal(config_parse(&o, "colour = red\n", ""), EXIT_FAILED);
	options_clean(&o);
	assert_int_equal(config_parse(&o, "sample\n", ""), EXIT_FAILED);
	options_clean(&o);
	assert_int_equal(parse(&o, &run, "--config /nonexistent/x"), EXIT_FAILED);
	options_clean(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_have_defaults),  cmocka_unit_test(options_are_read),
		cmocka_unit_test(thresholds),		  cmocka_unit_test(mistakes_end_with_usage),
		cmocka_unit_test(configuration_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
