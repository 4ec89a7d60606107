// SPDX-License-Identifier: GPL-2.0-or-later
#include "infer/region.h"

#include <ctype.h>
#include <string.h>

#define NUMBER_MAX 2 /* digits */

static const char *const areas[] = {
	"africa", "america", "ap", "apac", "as", "asia", "au", "br", "ca", "cn",
	"de",     "emea",    "eu", "europe", "fr", "gb", "hk", "in", "jp", "kr",
	"na",     "ru",      "sa", "sg",   "tw", "uk",   "us", "usa",
};
static const char *const compass_words[] = {
	"central",   "east",      "north",     "northeast", "northwest",
	"south",     "southeast", "southwest", "west",
};
static const char *const compass_codes[] = {"c", "e", "n", "ne", "nw", "s", "se", "sw", "w"};
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

struct word {
	const char *text;
	size_t len;
};

static bool is_number(struct word w)
{
	size_t i = 0;

	while (i < w.len && isdigit((unsigned char)w.text[i]))
		i++;
	return i == w.len && w.len <= NUMBER_MAX;
}

/* w without prefix, or with len above w's when it does not begin so. */
static struct word word_after(struct word w, const char *prefix)
{
	size_t len = strlen(prefix);

	if (w.len < len || memcmp(w.text, prefix, len) != 0)
		return (struct word){w.text, SIZE_MAX};
	return (struct word){w.text + len, w.len - len};
}

static bool is_compass(struct word w)
{
	for (size_t i = 0; i < LENGTH(compass_words); i++) {
		struct word rest = word_after(w, compass_words[i]);

		if (rest.len != SIZE_MAX && is_number(rest))
			return true;
	}
	return false;
}

/* A short direction needs its number: "use" is a word, "use1" a region. */
static bool is_compass_code(struct word w)
{
	for (size_t i = 0; i < LENGTH(compass_codes); i++) {
		struct word rest = word_after(w, compass_codes[i]);

		if (rest.len != SIZE_MAX && rest.len > 0 && is_number(rest))
			return true;
	}
	return false;
}

static bool is_region(struct word w)
{
	for (size_t i = 0; i < LENGTH(areas); i++) {
		struct word rest = word_after(w, areas[i]);

		if (rest.len != SIZE_MAX &&
		    (is_number(rest) || is_compass(rest) || is_compass_code(rest)))
			return true;
	}
	return false;
}

static struct word word_at(const char *text)
{
	return (struct word){text, strcspn(text, ".-")};
}

/* What follows a region and belongs to it: "-east", "-east-1". */
static const char *region_end(const char *at)
{
	struct word w;

	if (*at != '-' || !is_compass(word_at(at + 1)))
		return at;
	w = word_at(at + 1);
	at = w.text + w.len;
	w = word_at(at + 1);
	return *at == '-' && w.len && is_number(w) ? w.text + w.len : at;
}

bool region_fold(const char *name, char out[static NAME_TEXT_MAX])
{
	const char *last = strrchr(name, '.');
	bool found = false;
	size_t n = 0;

	if (strlen(name) >= NAME_TEXT_MAX)
		return false;
	while (last && name < last) {
		struct word w = word_at(name);

		if (is_region(w)) {
			found = true;
			out[n++] = '#';
			name = region_end(w.text + w.len);
		} else {
			memcpy(out + n, w.text, w.len);
			n += w.len;
			name = w.text + w.len;
		}
		if (name < last)
			out[n++] = *name++;
	}
	strcpy(out + n, name);
	return found;
}
