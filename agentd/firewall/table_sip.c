/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SIP firewall: ports, limits, whom it trusts, whom it limited. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "firewall/table_private.h"

/* Whoever has taken over the agent shall not be able to slow down logins to this host: of the ports
 * that only root gives away (ip(7)), those of WebSocket alone. */
#define FREE_PORTS 1024
#define PORT_HTTP 80
#define PORT_HTTPS 443

static size_t copy_ports(uint16_t to[static NFT_SIP_PORTS_MAX], const uint16_t *from, size_t n)
{
	const size_t count = n < NFT_SIP_PORTS_MAX ? n : NFT_SIP_PORTS_MAX;

	memcpy(to, from, count * sizeof(*to));
	return count;
}

int table_sip_configure(struct table *t, const struct config *cfg, bool apply)
{
	const bool told = t->auto_ports && cfg->sip.auto_ports;

	t->sip.limits = cfg->sip;
	t->sip.limits.ports = NULL;
	t->auto_ports = cfg->sip.auto_ports;
	/* What was found stays, until something else is. */
	if (!told) {
		t->sip.n_udp = copy_ports(t->sip.udp, cfg->sip.ports, cfg->sip.n_ports);
		t->sip.n_tcp = copy_ports(t->sip.tcp, cfg->sip.ports, cfg->sip.n_ports);
	}
	return nft_switch_sip(t->nft, &t->sip, apply && t->sip.on && !t->deleted);
}

int table_setup(struct table *t, bool *replaced)
{
	const int r = nft_setup(t->nft, replaced), error = nft_take_sip_error(t->nft);

	if (error < 0)
		log_error("The kernel refuses the rules of the SIP firewall: %s. It is off, and bans are in force",
			  strerror(-error));
	t->sip.on = nft_sip_is_on(t->nft);
	return r;
}

int table_sip_port(struct table *t, const struct proto_entry *e)
{
	struct nft_sip *told = &t->told;
	const uint64_t port = e->left;

	if (!t->auto_ports)
		return -EPERM;
	if (port > UINT16_MAX || (port < FREE_PORTS && port != PORT_HTTP && port != PORT_HTTPS))
		return -EPERM;
	if (e->packets == IPPROTO_UDP && told->n_udp < NFT_SIP_PORTS_MAX)
		told->udp[told->n_udp++] = (uint16_t)port;
	else if (e->packets == IPPROTO_TCP && told->n_tcp < NFT_SIP_PORTS_MAX)
		told->tcp[told->n_tcp++] = (uint16_t)port;
	else
		return e->packets == IPPROTO_UDP || e->packets == IPPROTO_TCP ? -ENOSPC : -EINVAL;
	return 0;
}

int table_sip_switch(struct table *t, bool on)
{
	const struct nft_sip before = t->sip;
	int r;

	t->sip.on = on;
	if (t->told.n_udp + t->told.n_tcp > 0) {
		t->sip.n_udp = copy_ports(t->sip.udp, t->told.udp, t->told.n_udp);
		t->sip.n_tcp = copy_ports(t->sip.tcp, t->told.tcp, t->told.n_tcp);
		t->told.n_udp = t->told.n_tcp = 0;
	}
	r = nft_switch_sip(t->nft, &t->sip, !t->deleted);
	if (r < 0)
		t->sip = before;
	return r;
}

int table_sip_count(struct table *t, uint64_t which, struct sip_counter *ret)
{
	*ret = (struct sip_counter){ 0, 0 };
	if (which >= SIP_COUNTS)
		return -EINVAL;
	return t->deleted ? -ESHUTDOWN : nft_sip_counter(t->nft, (enum sip_count)which, ret);
}

/* Whom it limited */

struct limited {
	table_entry_fn fn;
	void *userdata;
};

static void take_limited(void *userdata, const struct nft_element *e)
{
	const struct limited *l = userdata;
	struct proto_entry entry = { .addr = e->addr, .left = e->left, .packets = e->packets, .bytes = e->bytes };

	if (entry.addr.family == AF_INET6)
		entry.addr.len = NFT_NETWORK6;
	l->fn(l->userdata, &entry);
}

int table_sip_limited(struct table *t, table_entry_fn fn, void *userdata)
{
	struct limited l = { fn, userdata };
	int r;

	if (t->deleted || !t->sip.on)
		return 0;
	r = nft_dump(t->nft, NFT_LIMITED4, take_limited, &l);
	return r < 0 ? r : nft_dump(t->nft, NFT_LIMITED6, take_limited, &l);
}

/* Whom it trusts, and who is crowded */

static enum nft_set set_of(const struct table_slot *s)
{
	const bool v6 = s->addr.family == AF_INET6;

	if (s->entry->op == PROTO_CROWD)
		return v6 ? NFT_CROWDED6 : NFT_CROWDED4;
	return v6 ? NFT_TRUSTED6 : NFT_TRUSTED4;
}

static int check_trust(const struct proto_entry *e)
{
	const uint8_t len = e->addr.family == AF_INET6 ? NFT_NETWORK6 : 32;

	return e->addr.len < len || addr_unbannable(&e->addr) ? -EINVAL : 0;
}

static int compare_slots(const void *a, const void *b)
{
	const struct table_slot *x = a, *y = b;
	const int sets = (int)set_of(x) - (int)set_of(y), order = sets ? sets : addr_compare(&x->addr, &y->addr);

	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* As sets have them, and of several commands for one address the last. */
static size_t collect(struct table_slot *slots, struct proto_entry *const *entries, size_t n)
{
	size_t i, count = 0, kept = 0;

	for (i = 0; i < n; i++) {
		const struct addr *a = &entries[i]->addr;

		entries[i]->error = check_trust(entries[i]);
		if (entries[i]->error == 0) {
			slots[count] = (struct table_slot){ addr_truncate(a, a->family == AF_INET6 ? NFT_NETWORK6 : 32),
							    entries[i], i };
			count++;
		}
	}
	qsort(slots, count, sizeof(*slots), compare_slots);
	for (i = 0; i < count; i++)
		if (i + 1 == count || !addr_equal(&slots[i].addr, &slots[i + 1].addr) || set_of(&slots[i]) != set_of(&slots[i + 1]))
			slots[kept++] = slots[i];
	return kept;
}

/*
 * To add what exists changes no timeout, and to remove what does not is an error:
 * so each is added, removed and, unless it shall go, added for good. That is one
 * transaction, and packets see only its end.
 */
static int write_trust(struct table *t, const struct table_slot *slots, size_t n)
{
	size_t i;

	nft_begin(t->nft);
	for (i = 0; i < n; i++)
		nft_add(t->nft, set_of(&slots[i]), &slots[i].addr, USEC_PER_SEC);
	for (i = 0; i < n; i++)
		nft_remove(t->nft, set_of(&slots[i]), &slots[i].addr);
	for (i = 0; i < n; i++)
		if (slots[i].entry->op != PROTO_DISTRUST)
			nft_add(t->nft, set_of(&slots[i]), &slots[i].addr,
				slots[i].entry->left > USEC_PER_SEC ? slots[i].entry->left : USEC_PER_SEC);
	return nft_commit(t->nft);
}

void table_apply_trust(struct table *t, struct proto_entry *const *entries, size_t n)
{
	_cleanup_free_ struct table_slot *slots = calloc(n, sizeof(*slots));
	const size_t count = slots ? collect(slots, entries, n) : 0;
	size_t i;
	int r = slots ? 0 : -ENOMEM;

	/* While it is off there is nobody to trust; the agent tells all when it is switched on. */
	if (count > 0 && t->sip.on)
		r = write_trust(t, slots, count);
	for (i = 0; r < 0 && i < n; i++)
		entries[i]->error = r;
}
