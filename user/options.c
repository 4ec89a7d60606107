// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *  1. options_parse() walks argv; each word that names a row of option_rows is handed to its setter
 *  2. a configuration file has the same long names, one `name = value` a line
 *  3. what nobody set gets its default
 */
#include "options_private.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

static bool number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long n;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end || n < min || n > max)
		return false;
	*out = n;
	return true;
}

static bool number32_parse(const char *text, uint32_t min, uint32_t *out)
{
	uint64_t n;

	if (!number_parse(text, min, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

/* The index of text among count words, or -1. */
static int word_find(const char *text, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(text, words[i]))
			return i;
	return -1;
}

static bool set_iface(struct options *o, const char *value)
{
	static const char *const roles[ROLE_COUNT] = {"lan", "wan"};
	const char *equals = strchr(value, '=');
	size_t len = equals ? (size_t)(equals - value) : strlen(value);
	struct xdp_point *p = &o->xdp.points[o->xdp.point_count];
	int role = equals ? word_find(equals + 1, roles, ROLE_COUNT) : ROLE_LAN;

	if (role < 0 || !len || len >= sizeof(p->ifname) || o->xdp.point_count == XDP_POINTS_MAX)
		return false;
	for (size_t i = 0; i < o->xdp.point_count; i++)
		if (!strncmp(o->xdp.points[i].ifname, value, len) && !o->xdp.points[i].ifname[len])
			return false;
	memcpy(p->ifname, value, len);
	p->ifname[len] = '\0';
	p->role = (enum point_role)role;
	o->xdp.point_count++;
	return true;
}

static bool set_attach(struct options *o, const char *value)
{
	static const char *const modes[ATTACH_MODE_COUNT] = {"auto", "native", "tc", "generic"};
	int mode = word_find(value, modes, ATTACH_MODE_COUNT);

	o->xdp.attach = mode < 0 ? ATTACH_AUTO : (enum attach_mode)mode;
	return mode >= 0;
}

static bool set_profile(struct options *o, const char *value)
{
	static const char *const profiles[PROFILE_COUNT] = {"gateway", "edge"};
	int profile = word_find(value, profiles, PROFILE_COUNT);

	o->xdp.profile = profile < 0 ? PROFILE_GATEWAY : (enum profile)profile;
	return profile >= 0;
}

static bool set_subject(struct options *o, const char *value)
{
	static const char *const kinds[SUBJECT_KIND_COUNT] = {"ip", "mac", "vlan", "pppoe"};
	int kind = word_find(value, kinds, SUBJECT_KIND_COUNT);

	o->xdp.subject = kind < 0 ? SUBJECT_MAC : (enum subject_kind)kind;
	return kind >= 0;
}

static bool set_local(struct options *o, const char *value)
{
	if (o->xdp.local_count == XDP_LOCAL_MAX)
		return false;
	return !prefix_parse(value, &o->xdp.local[o->xdp.local_count++]);
}

static bool set_sample(struct options *o, const char *value)
{
	return number32_parse(value, 1, &o->xdp.sample);
}

static bool file_add(const char **files, size_t *count, const char *value)
{
	if (*count == FACTS_FILES_MAX || !*value)
		return false;
	files[(*count)++] = value;
	return true;
}

static bool set_passive_dns(struct options *o, const char *value)
{
	return file_add(o->facts.passive, &o->facts.passive_count, value);
}

static bool set_certificates(struct options *o, const char *value)
{
	return file_add(o->facts.certificates, &o->facts.certificate_count, value);
}

static bool set_interval(struct options *o, const char *value)
{
	return number32_parse(value, 1, &o->xdp.interval_s) && o->xdp.interval_s <= 3600;
}

static bool set_window(struct options *o, const char *value)
{
	return number32_parse(value, 1, &o->window_s);
}

static bool set_seed(struct options *o, const char *value)
{
	return number_parse(value, 0, UINT64_MAX, &o->seed);
}

/* "0.4" -> 400 thousandths, without floats: up to three digits behind the point. */
static bool set_threshold(struct options *o, const char *value)
{
	uint32_t d = 0;
	const char *p = value;

	if (*p == '0' || *p == '1')
		d = (uint32_t)(*p++ - '0') * 1000;
	if (*p == '.') {
		p++;
		for (uint32_t unit = 100; isdigit((unsigned char)*p) && unit; p++, unit /= 10)
			d += (uint32_t)(*p - '0') * unit;
	}
	o->threshold = d;
	return !*p && d >= 1 && d <= 1000;
}

static bool set_signatures(struct options *o, const char *value)
{
	o->signatures = value;
	return *value;
}

static bool set_socket(struct options *o, const char *value)
{
	o->socket = value;
	return *value;
}

static bool set_socket_group(struct options *o, const char *value)
{
	o->socket_group = value;
	return *value;
}

static bool set_resolve(struct options *o, const char *value)
{
	o->resolve = value;
	return *value;
}

static bool set_state(struct options *o, const char *value)
{
	o->state = value;
	return *value;
}

static bool set_config(struct options *o, const char *value)
{
	o->config = value;
	return *value;
}

#define SWITCH_SETTER(option, member)                                                             \
	static bool set_##option(struct options *o, const char *value)                            \
	{                                                                                         \
		(void)value;                                                                      \
		return o->member = true;                                                          \
	}

SWITCH_SETTER(json, json)
SWITCH_SETTER(verbose, verbose)
SWITCH_SETTER(check_only, check_only)
SWITCH_SETTER(detach, detach)
SWITCH_SETTER(established, established)
SWITCH_SETTER(regroup, regroup)
SWITCH_SETTER(clear, clear)
SWITCH_SETTER(force, import.force)

static bool set_no_names(struct options *o, const char *value)
{
	(void)value;
	o->xdp.names = false;
	return true;
}

static bool set_oui(struct options *o, const char *value)
{
	if (o->oui_count == OUI_FILES_MAX)
		return false;
	o->oui[o->oui_count++] = value;
	return *value;
}

static bool set_not(struct options *o, const char *value)
{
	o->not_rule = value;
	return *value && !strpbrk(value, " \n");
}

/* Setters that keep a text which the command reads. */
#define TEXT_SETTER(option, member)                                                               \
	static bool set_##option(struct options *o, const char *value)                            \
	{                                                                                         \
		o->import.member = value;                                                         \
		return *value;                                                                    \
	}

TEXT_SETTER(format, format)
TEXT_SETTER(ports, ports)
TEXT_SETTER(source, citation)
TEXT_SETTER(date, date)
TEXT_SETTER(output, output)

#define NAMING_SETTER(option, field)                                                              \
	static bool set_##option(struct options *o, const char *value)                            \
	{                                                                                         \
		struct options_import *import = &o->import;                                       \
                                                                                                  \
		if (import->naming_count == NAMINGS_MAX)                                          \
			return false;                                                             \
		import->namings[import->naming_count++] = (struct import_naming){field, value};   \
		return *value;                                                                    \
	}

NAMING_SETTER(vendor, IMPORT_VENDOR)
NAMING_SETTER(rule, IMPORT_RULE)
NAMING_SETTER(name, IMPORT_NAME)
NAMING_SETTER(level, IMPORT_LEVEL)

#define POSITIVE "a whole number from 1 on"
#define NAMING "VALUE or LABEL=VALUE, at most 256 of them"

static const struct option_row option_rows[] = {
	{"interface", 'i', OPTIONS_LIVE, "IFACE[=ROLE]",
	 "an interface named once, with the role lan or wan",
	 "watch IFACE; lan (default): devices are on this side, wan: the internet is", set_iface,
	 true},
	{"attach", 0, OPTIONS_LIVE, "MODE", "auto, native, tc or generic",
	 "how: auto (default), native, tc, generic", set_attach, false},
	{"profile", 0, OPTIONS_LIVE, "SIZE", "gateway or edge",
	 "table sizes: gateway (default), edge", set_profile, false},
	{"interval", 0, OPTIONS_LIVE, "SECONDS", "1 to 3600", "between drains (10)", set_interval,
	 false},
	{"detach", 0, OPTIONS_LIVE, NULL, NULL, "remove what a killed instance left, and end",
	 set_detach, false},
	{NULL, 'n', OPTIONS_LIVE | OPTIONS_REPLAY, NULL, NULL,
	 "check options, files and interfaces, and end", set_check_only, false},
	{"subject", 0, OPTIONS_TRAFFIC, "KIND", "mac, ip, vlan or pppoe",
	 "who is named: mac (default), ip, vlan, pppoe", set_subject, false},
	{"local", 0, OPTIONS_TRAFFIC, "PREFIX", "a prefix as 192.168.0.0/16 or 2001:db8::/32",
	 "subjects are inside PREFIX (repeatable; none: no restriction)", set_local, true},
	{"sample", 0, OPTIONS_TRAFFIC | OPTIONS_RATE, "N", POSITIVE,
	 "look at 1 packet in N (1: all)", set_sample, false},
	{"no-names", 0, OPTIONS_TRAFFIC, NULL, NULL,
	 "leave unread what hosts call themselves in DHCP and mDNS", set_no_names, false},
	{"oui", 0, OPTIONS_TRAFFIC, "FILE", "one of up to four paths",
	 "a registry of MAC vendors (those that are installed)", set_oui, true},
	{"passive-dns", 0, OPTIONS_TRAFFIC, "FILE", "a path, at most 16 times",
	 "passive DNS: JSON lines in Common Output Format (repeatable)", set_passive_dns, true},
	{"certificates", 0, OPTIONS_TRAFFIC, "FILE", "a path, at most 16 times",
	 "certificates seen on addresses: JSON lines (repeatable)", set_certificates, true},
	{"seed", 0, OPTIONS_REPLAY, "S", "a whole number", "of the sampling dice in replay (1)",
	 set_seed, false},
	{"threshold", 0, OPTIONS_VERDICT, "D", "between 0.001 and 1",
	 "fraction of a rule's domain groups that must be seen (0.4)", set_threshold, false},
	{"window", 0, OPTIONS_VERDICT, "SECONDS", POSITIVE,
	 "evidence is younger than this (86400)", set_window, false},
	{"established", 0, OPTIONS_VERDICT, NULL, NULL,
	 "TCP needs more than a bare SYN, UDP both directions", set_established, false},
	{"regroup", 0, OPTIONS_VERDICT, NULL, NULL,
	 "domain groups by the addresses seen, not the signatures'", set_regroup, false},
	{"format", 0, OPTIONS_IMPORT, "FORMAT", "csv, mud or list",
	 "import: what the files are: csv, mud, list (by their content)", set_format, false},
	{"vendor", 0, OPTIONS_IMPORT, "NAME", NAMING,
	 "import: the vendor; LABEL=NAME: that of one rule (so the next three)", set_vendor, true},
	{"rule", 0, OPTIONS_IMPORT, "ID", NAMING, "import: the rule's id", set_rule, true},
	{"name", 0, OPTIONS_IMPORT, "NAME", NAMING, "import: the rule's name for people",
	 set_name, true},
	{"level", 0, OPTIONS_IMPORT, "LEVEL", NAMING,
	 "import: platform, manufacturer or product", set_level, true},
	{"ports", 0, OPTIONS_IMPORT, "PORTS", "ports as 443,tcp/8883",
	 "import: of a list's names (443)", set_ports, false},
	{"source", 0, OPTIONS_IMPORT, "TEXT", "a text", "import: where the facts come from",
	 set_source, false},
	{"date", 0, OPTIONS_IMPORT, "DATE", "a date", "import: when they were seen or published",
	 set_date, false},
	{"output", 0, OPTIONS_IMPORT, "DIR", "a directory",
	 "import: write one file a vendor there, not to standard output", set_output, false},
	{"force", 0, OPTIONS_IMPORT, NULL, NULL, "import: replace files that are there", set_force,
	 false},
	{"socket", 0, OPTIONS_INSTANCE, "PATH", "a path", "control socket (" SOCKET_DEFAULT ")",
	 set_socket, false},
	{"socket-group", 0, OPTIONS_LIVE, "GROUP", "a group's name",
	 "group that may use the control socket", set_socket_group, false},
	{"resolve", 0, OPTIONS_LIVE, "SERVER", "an address, ADDRESS:PORT or system",
	 "ask SERVER for the signatures' names (default: ask nobody)", set_resolve, false},
	{"state", 0, OPTIONS_INSTANCE, "FILE", "a path", "saved state", set_state, false},
	{"not", 0, OPTIONS_LABEL, "RULE", "a rule's id", "the subject is not RULE's device",
	 set_not, false},
	{"clear", 0, OPTIONS_LABEL, NULL, NULL, "take back what was said, or only --not RULE",
	 set_clear, false},
	{"signatures", 0, OPTIONS_ALWAYS, "DIR", "a directory", "signature files", set_signatures,
	 false},
	{"config", 0, OPTIONS_ALWAYS, "FILE", "a path",
	 "read options from FILE: lines `name = value`, # begins a comment", set_config, false},
	{"json", 0, OPTIONS_ALWAYS, NULL, NULL, "JSON lines on standard output", set_json, false},
	{"verbose", 'v', OPTIONS_ALWAYS, NULL, NULL, "more messages", set_verbose, false},
};
#define OPTION_COUNT (sizeof(option_rows) / sizeof(*option_rows))
_Static_assert(OPTION_COUNT <= 64, "the set of options seen is a 64-bit mask");

void options_help(const struct command *command)
{
	printf("usage: hayrake %s [OPTION ...] %s\n\n%c%s.\n\n", command->name, command->usage,
	       toupper((unsigned char)command->summary[0]), command->summary + 1);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *r = &option_rows[i];
		char left[64];

		if (!(r->group & command->options))
			continue;
		snprintf(left, sizeof(left), "%s%c%s%s%s%s%s", r->letter ? "-" : " ",
			 r->letter ? r->letter : ' ', r->letter && r->name ? ", " : "  ",
			 r->name ? "--" : "", r->name ? r->name : "", r->value ? " " : "",
			 r->value ? r->value : "");
		printf("  %-34s %s\n", left, r->help);
	}
	printf("  %-34s %s\n", "-h, --help", "this list");
}

const struct option_row *option_find(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *r = &option_rows[i];

		if (r->name && strlen(r->name) == len && !memcmp(r->name, name, len))
			return r;
	}
	return NULL;
}

uint64_t option_bit(const struct option_row *r)
{
	return 1ULL << (r - option_rows);
}

static const struct option_row *option_find_letter(char letter)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

/* Walks argv: one word, its option and value. */
struct words {
	const struct command *command;
	int argc;
	char **argv;
	int at;
	uint64_t seen; /* bit i: option_rows[i] was given */
};

static int usage_error(const struct words *w, const char *what, const char *word)
{
	log_error("%s %s; `hayrake %s --help` lists the options", what, word, w->command->name);
	return EXIT_USAGE;
}

/* The row of the word at w->at and its value (NULL: none given with the word). */
static const struct option_row *word_option(const struct words *w, const char **value)
{
	const char *word = w->argv[w->at];
	const char *equals;

	*value = NULL;
	if (word[1] != '-') {
		if (word[2])
			*value = word + 2;
		return option_find_letter(word[1]);
	}
	equals = strchr(word, '=');
	if (equals)
		*value = equals + 1;
	return option_find(word + 2, equals ? (size_t)(equals - word - 2) : strlen(word + 2));
}

/* Takes the option at w->at. -1 to go on, or an exit status. */
static int word_take(struct words *w, struct options *o)
{
	const char *word = w->argv[w->at];
	const char *value;
	const struct option_row *r;

	if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		options_help(w->command);
		return EXIT_DONE;
	}
	r = word_option(w, &value);
	if (!r || !(r->group & w->command->options))
		return usage_error(w, "unknown option", word);
	if (!r->value && value)
		return usage_error(w, "a value is not wanted by", word);
	if (r->value && !value) {
		if (w->at + 1 >= w->argc)
			return usage_error(w, "a value is missing for", word);
		value = w->argv[++w->at];
	}
	if (!r->set(o, value)) {
		log_error("option %s: '%s' is not %s", word, value, r->expect);
		return EXIT_USAGE;
	}
	w->seen |= option_bit(r);
	return -1;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* signatures/ beside the source tree that the binary was built in, else the installed ones. */
static bool signatures_default(struct options *o)
{
	static const char *const beside[] = {"/../signatures", "/signatures"};
	char exe[PATH_MAX];
	char path[PATH_MAX + 16];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	o->signatures = HAYRAKE_SIGNATURES;
	if (len <= 0)
		return true;
	exe[len] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return true;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
		snprintf(path, sizeof(path), "%s%s", exe, beside[i]);
		if (is_directory(path))
			return string_keep(o, path, &o->signatures);
	}
	return true;
}

static void options_defaults(struct options *o)
{
	*o = (struct options){
		.socket = SOCKET_DEFAULT,
		.window_s = 86400,
		.seed = 1,
		.import = {.ports = "443"},
		.xdp = {.subject = SUBJECT_MAC, .sample = 1, .interval_s = 10, .names = true},
	};
}

int options_parse(struct options *o, const struct command *command, int argc, char **argv)
{
	struct words w = {.command = command, .argc = argc, .argv = argv, .at = 2};
	bool only_args = false;
	int status;

	options_defaults(o);
	o->args = argv;
	for (; w.at < argc; w.at++) {
		char *word = argv[w.at];

		if (only_args || word[0] != '-' || !word[1]) {
			o->args[o->arg_count++] = word;
		} else if (!strcmp(word, "--")) {
			only_args = true;
		} else {
			status = word_take(&w, o);
			if (status >= 0)
				return status;
		}
	}
	status = o->config ? config_read(o, w.seen) : -1;
	if (status >= 0)
		return status;
	if (o->verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	if (!o->signatures && !signatures_default(o)) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	return -1;
}

void options_clean(struct options *o)
{
	while (o->string_count)
		free(o->strings[--o->string_count]);
}
