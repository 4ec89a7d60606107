// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/cloud.h"

#include <stddef.h>
#include <string.h>

struct cloud {
	const char *suffix;
	bool of_address;
};

/*
 * From the providers' documentation of public host names. Content networks and front doors are not
 * here: their addresses serve many tenants at once.
 */
static const struct cloud clouds[] = {
	/* Amazon: instances (ec2-A-B-C-D.REGION), classic and network load balancers */
	{"compute.amazonaws.com", true},
	{"compute-1.amazonaws.com", true},
	{"compute.amazonaws.com.cn", true},
	{"elb.amazonaws.com", false},
	{"elb.*.amazonaws.com", false},
	/* Microsoft: NAME.REGION.cloudapp.azure.com, classic NAME.cloudapp.net */
	{"cloudapp.azure.com", false},
	{"cloudapp.net", false},
	/* Google: D.C.B.A.bc */
	{"bc.googleusercontent.com", true},
	/* Linode, Vultr, Hetzner, Scaleway, OVH */
	{"ip.linodeusercontent.com", true},
	{"members.linode.com", true},
	{"vultrusercontent.com", true},
	{"your-server.de", true},
	{"instances.scw.cloud", true},
	{"vps.ovh.net", true},
};
#define CLOUD_COUNT (sizeof(clouds) / sizeof(*clouds))
_Static_assert(CLOUD_COUNT < UINT8_MAX, "numbers of cloud namings fit");

/* The length of the last label of text[0 .. len). */
static size_t label_last(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[len - n - 1] != '.')
		n++;
	return n;
}

/* Label by label from the right; name needs one more than suffix. */
static bool is_below(const char *name, const char *suffix)
{
	size_t name_len = strlen(name), suffix_len = strlen(suffix);

	while (suffix_len) {
		size_t n = label_last(name, name_len), s = label_last(suffix, suffix_len);
		const char *label = suffix + suffix_len - s;

		if (n == name_len || n == 0)
			return false;
		if (*label != '*' && (n != s || memcmp(name + name_len - n, label, s) != 0))
			return false;
		name_len -= n + 1;
		suffix_len -= s < suffix_len ? s + 1 : s;
	}
	return name_len > 0;
}

uint8_t cloud_find(const char *name)
{
	for (size_t i = 0; i < CLOUD_COUNT; i++)
		if (is_below(name, clouds[i].suffix))
			return (uint8_t)(i + 1);
	return 0;
}

const char *cloud_suffix(uint8_t cloud)
{
	return cloud && cloud <= CLOUD_COUNT ? clouds[cloud - 1].suffix : NULL;
}

bool cloud_of_address(uint8_t cloud)
{
	return cloud && cloud <= CLOUD_COUNT && clouds[cloud - 1].of_address;
}

uint8_t cloud_number(const char *suffix)
{
	for (size_t i = 0; i < CLOUD_COUNT; i++)
		if (!strcmp(clouds[i].suffix, suffix))
			return (uint8_t)(i + 1);
	return 0;
}
