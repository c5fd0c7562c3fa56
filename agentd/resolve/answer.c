/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/answer.h"

#include <arpa/nameser.h>
#include <ares.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* Aliases of aliases; more is a loop, or meant badly. */
#define ALIASES_MAX 16
#define SRV_FIXED 6 /* priority, weight, port */

struct reader {
	const uint8_t *message, *at, *end;
};

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* A name at p, which may point anywhere in the message. Returns its length there, or -EBADMSG. */
static int expand(const struct reader *r, const uint8_t *p, char buf[static HOSTNAME_TEXT_MAX])
{
	char *name;
	long len;
	bool fits;

	if (ares_expand_name(p, r->message, (int)(r->end - r->message), &name, &len) != ARES_SUCCESS)
		return -EBADMSG;
	fits = strlen(name) < HOSTNAME_TEXT_MAX;
	if (fits)
		strcpy(buf, name);
	ares_free_string(name);
	return fits ? (int)len : -EBADMSG;
}

static int read_name(struct reader *r, char buf[static HOSTNAME_TEXT_MAX])
{
	int n = expand(r, r->at, buf);

	if (n < 0 || n > r->end - r->at)
		return -EBADMSG;
	r->at += n;
	return 0;
}

struct record {
	char owner[HOSTNAME_TEXT_MAX];
	unsigned type, class;
	uint32_t ttl;
	const uint8_t *data;
	size_t len;
};

static int read_record(struct reader *r, struct record *ret)
{
	if (read_name(r, ret->owner) < 0 || r->end - r->at < NS_RRFIXEDSZ)
		return -EBADMSG;
	ret->type = get16(r->at);
	ret->class = get16(r->at + 2);
	ret->ttl = (uint32_t)get16(r->at + 4) << 16 | get16(r->at + 6);
	ret->len = get16(r->at + 8);
	r->at += NS_RRFIXEDSZ;
	if ((size_t)(r->end - r->at) < ret->len)
		return -EBADMSG;
	ret->data = r->at;
	r->at += ret->len;
	return 0;
}

static void take_address(struct answer *answer, const struct record *record)
{
	const size_t size = record->type == ns_t_a ? 4 : 16;
	char text[ADDR_TEXT_MAX];
	struct addr a = { .family = size == 4 ? AF_INET : AF_INET6, .len = (uint8_t)(size * 8) };
	size_t i;

	if (record->len != size)
		return;
	memcpy(a.bytes, record->data, size);
	/* By its text: IPv4 that came as IPv6 is IPv4. */
	addr_format(&a, text);
	if (addr_parse(text, strlen(text), &a) < 0 || addr_unbannable(&a))
		return;
	for (i = 0; i < answer->n_addrs; i++)
		if (addr_equal(&answer->addrs[i], &a))
			return;
	if (answer->n_addrs == ANSWER_ADDRS_MAX)
		answer->cut = true;
	else
		answer->addrs[answer->n_addrs++] = a;
}

static void take_target(struct answer *answer, const struct reader *r, const struct record *record)
{
	char wire[HOSTNAME_TEXT_MAX], name[HOSTNAME_TEXT_MAX];
	size_t i;

	/* A target of "." says that there is no such service. */
	if (record->len <= SRV_FIXED || expand(r, record->data + SRV_FIXED, wire) < 0 || hostname_parse(wire, name) < 0)
		return;
	for (i = 0; i < answer->n_targets; i++)
		if (strcmp(answer->targets[i], name) == 0)
			return;
	if (answer->n_targets == ANSWER_TARGETS_MAX)
		answer->cut = true;
	else
		strcpy(answer->targets[answer->n_targets++], name);
}

/* RFC 2181 8: a TTL with its highest bit set is 0. */
static void note_ttl(struct answer *answer, uint32_t ttl)
{
	if (ttl > INT32_MAX)
		ttl = 0;
	if (ttl < answer->ttl)
		answer->ttl = ttl;
}

int answer_read(const uint8_t *message, size_t len, struct answer *answer)
{
	struct reader r = { message, message + NS_HFIXEDSZ, message + len };
	char name[HOSTNAME_TEXT_MAX];
	struct record record;
	unsigned count, wanted, aliases = 0;

	if (len < NS_HFIXEDSZ || len > NS_MAXMSG || get16(message + 4) != 1)
		return -EBADMSG;
	if (read_name(&r, name) < 0 || r.end - r.at < NS_QFIXEDSZ)
		return -EBADMSG;
	wanted = get16(r.at);
	r.at += NS_QFIXEDSZ;
	for (count = get16(message + 6); count > 0; count--) {
		if (read_record(&r, &record) < 0)
			return -EBADMSG;
		if (record.class != ns_c_in || strcasecmp(record.owner, name) != 0)
			continue;
		if (record.type == ns_t_cname && aliases++ < ALIASES_MAX && expand(&r, record.data, name) < 0)
			return -EBADMSG;
		if (record.type != wanted && record.type != ns_t_cname)
			continue;
		note_ttl(answer, record.ttl);
		if (record.type == ns_t_a || record.type == ns_t_aaaa)
			take_address(answer, &record);
		else if (record.type == ns_t_srv)
			take_target(answer, &r, &record);
	}
	return 0;
}
