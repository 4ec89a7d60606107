// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/resolvers.h"

#include <string.h>

#define ADGUARD "AdGuard"
#define ALIBABA "Alibaba Cloud"
#define APPLE "Apple"
#define CISCO "Cisco OpenDNS"
#define CLEANBROWSING "CleanBrowsing"
#define CLOUDFLARE "Cloudflare"
#define COMCAST "Comcast"
#define CONTROLD "Control D"
#define DNSPOD "DNSPod"
#define DNSSB "DNS.SB"
#define GOOGLE "Google"
#define MULLVAD "Mullvad"
#define NEXTDNS "NextDNS"
#define QUAD9 "Quad9"
#define SWITCH "SWITCH"

const struct resolver resolvers[] = {
	{"chrome.cloudflare-dns.com", CLOUDFLARE, {NULL}},
	{"cloudflare-dns.com", CLOUDFLARE, {NULL}},
	{"dns.adguard-dns.com", ADGUARD,
	 {"94.140.14.14", "94.140.15.15", "2a10:50c0::ad1:ff", "2a10:50c0::ad2:ff"}},
	{"dns.adguard.com", ADGUARD, {NULL}},
	{"dns.alidns.com", ALIBABA,
	 {"223.5.5.5", "223.6.6.6", "2400:3200::1", "2400:3200:baba::1"}},
	{"dns.controld.com", CONTROLD, {NULL}},
	{"dns.google", GOOGLE,
	 {"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"}},
	{"dns.mullvad.net", MULLVAD, {"194.242.2.2", "2a07:e340::2"}},
	{"dns.nextdns.io", NEXTDNS, {NULL}},
	{"dns.opendns.com", CISCO, {NULL}},
	{"dns.quad9.net", QUAD9, {"9.9.9.9", "149.112.112.112", "2620:fe::fe", "2620:fe::9"}},
	{"dns.sb", DNSSB, {"185.222.222.222", "45.11.45.11", "2a09::", "2a11::"}},
	{"dns.switch.ch", SWITCH, {"130.59.31.248", "130.59.31.251", "2001:620:0:ff::2"}},
	{"dns10.quad9.net", QUAD9, {"9.9.9.10", "149.112.112.10", "2620:fe::10"}},
	{"dns11.quad9.net", QUAD9, {"9.9.9.11", "149.112.112.11", "2620:fe::11"}},
	{"doh.cleanbrowsing.org", CLEANBROWSING, {NULL}},
	{"doh.dns.apple.com", APPLE, {NULL}},
	{"doh.dns.sb", DNSSB, {NULL}},
	{"doh.familyshield.opendns.com", CISCO, {"208.67.222.123", "208.67.220.123"}},
	{"doh.opendns.com", CISCO,
	 {"208.67.222.222", "208.67.220.220", "2620:119:35::35", "2620:119:53::53"}},
	{"doh.pub", DNSPOD, {"1.12.12.12", "120.53.53.53"}},
	{"doh.xfinity.com", COMCAST, {NULL}},
	{"dot.pub", DNSPOD, {NULL}},
	{"family.adguard-dns.com", ADGUARD, {"94.140.14.15", "94.140.15.16"}},
	{"family.cloudflare-dns.com", CLOUDFLARE, {"1.1.1.3", "1.0.0.3"}},
	{"mozilla.cloudflare-dns.com", CLOUDFLARE, {NULL}},
	{"one.one.one.one", CLOUDFLARE,
	 {"1.1.1.1", "1.0.0.1", "2606:4700:4700::1111", "2606:4700:4700::1001"}},
	{"security.cloudflare-dns.com", CLOUDFLARE, {"1.1.1.2", "1.0.0.2"}},
	{"unfiltered.adguard-dns.com", ADGUARD, {"94.140.14.140", "94.140.14.141"}},
};
const uint32_t resolver_count = sizeof(resolvers) / sizeof(resolvers[0]);

uint32_t resolver_find(const char *name)
{
	uint32_t lo = 0, hi = resolver_count;

	while (lo < hi) {
		uint32_t at = (lo + hi) / 2;
		int order = strcmp(name, resolvers[at].name);

		if (!order)
			return at;
		if (order < 0)
			hi = at;
		else
			lo = at + 1;
	}
	return RESOLVER_NONE;
}
