/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_value.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

#define TCP_SYN 2 /* RFC 9293 3.1; a first packet has no other flag */

struct bit {
	const char *name;
	unsigned value;
};

static const struct bit ct_states[] = {{"invalid", CT_INVALID}, {"established", 2},	     {"related", 4},
				       {"new", CT_NEW},		{"untracked", CT_UNTRACKED}, {NULL, 0}};
static const struct bit ct_statuses[] = {{"expected", 1},  {"seen-reply", 2}, {"assured", 4},
					 {"confirmed", 8}, {"snat", 16},      {"dnat", CT_STATUS_DNAT},
					 {NULL, 0}};
static const struct bit tcp_flags[] = {{"fin", 1},  {"syn", TCP_SYN}, {"rst", 4},   {"psh", 8}, {"ack", 16},
				       {"urg", 32}, {"ecn", 64},      {"cwr", 128}, {NULL, 0}};

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static struct value unknown(const char *what)
{
	return (struct value){.kind = VALUE_UNKNOWN, .unknown = what};
}

static struct value absent(void)
{
	return (struct value){.kind = VALUE_ABSENT};
}

static struct value number(number_t n)
{
	return (struct value){.kind = VALUE_NUMBER, .number = n};
}

static struct value text(const char *t)
{
	return (struct value){.kind = VALUE_TEXT, .text = t};
}

static struct value bits(unsigned n, enum value_names names)
{
	return (struct value){.kind = VALUE_NUMBER, .number = n, .names = names};
}

static struct value protocol(const struct packet *p)
{
	return (struct value){.kind = VALUE_NUMBER,
			      .number = (number_t)p->protocol,
			      .text = p->protocol == IPPROTO_UDP ? "udp" : "tcp"};
}

static struct value destination(const struct packet *p)
{
	return (struct value){.kind = VALUE_NUMBER, .number = p->to, .names = NAMES_ADDRESS};
}

static struct value value_of_network(const struct packet *p, const char *field)
{
	if (is(field, "saddr"))
		return (struct value){.kind = VALUE_SOURCE, .names = NAMES_ADDRESS};
	if (is(field, "daddr"))
		return destination(p);
	if (is(field, "protocol") || is(field, "nexthdr"))
		return protocol(p);
	if (is(field, "version"))
		return number(p->family == AF_INET ? 4 : 6);
	return unknown(field);
}

static struct value value_of_payload(const struct packet *p, const json_t *e)
{
	const char *header = ruleset_text(e, "protocol"), *field = ruleset_text(e, "field");

	if (is(header, "ip"))
		return p->family == AF_INET ? value_of_network(p, field) : absent();
	if (is(header, "ip6"))
		return p->family == AF_INET6 ? value_of_network(p, field) : absent();
	if (is(header, "ether") || is(header, "vlan"))
		return unknown("the link layer");
	if (!*header)
		return unknown("bytes of the packet");
	if (!is(header, "th") && !is(header, p->protocol == IPPROTO_UDP ? "udp" : "tcp"))
		return absent();
	if (is(field, "dport"))
		return number(p->port);
	if (is(field, "flags"))
		return bits(TCP_SYN, NAMES_TCP_FLAGS);
	return unknown(is(field, "sport") ? "the port it is sent from" : field);
}

/* Of this host, "" being none; NULL: not known. */
static struct value interface(const char *name)
{
	return !name ? unknown("the interface it leaves by") : *name ? text(name) : absent();
}

static struct value value_of_meta(const struct packet *p, const char *key)
{
	if (is(key, "l4proto"))
		return protocol(p);
	if (is(key, "nfproto"))
		return (struct value){.kind = VALUE_NUMBER,
				      .number = p->family == AF_INET ? 2 : 10, /* NFPROTO_… */
				      .text = p->family == AF_INET ? "ipv4" : "ipv6"};
	if (is(key, "protocol"))
		return text(p->family == AF_INET ? "ip" : "ip6");
	if (is(key, "iifname") || is(key, "iif"))
		return interface(p->in);
	if (is(key, "oifname") || is(key, "oif"))
		return interface(p->forward ? p->out : "");
	if (is(key, "mark"))
		return p->mark_known ? number(p->mark) : unknown("its mark");
	if (is(key, "pkttype"))
		return text("host");
	if (is(key, "skuid") || is(key, "skgid"))
		return absent();
	return unknown(key);
}

static struct value value_of_ct(const struct packet *p, const json_t *e)
{
	const char *key = ruleset_text(e, "key");

	if (is(key, "state"))
		return bits(p->ct_state, NAMES_CT_STATE);
	if (is(key, "status"))
		return bits(p->ct_status, NAMES_CT_STATUS);
	if (is(key, "direction"))
		return text("original");
	if (is(key, "mark"))
		return p->ct_mark_known ? number(p->ct_mark) : unknown("the mark of its connection");
	return unknown("its connection");
}

/* A source that is where the routes say it is, and no address of ours. */
static struct value value_of_fib(const struct packet *p, const json_t *e)
{
	const char *result = ruleset_text(e, "result");
	const json_t *flags = json_object_get(e, "flags");
	bool source = false;
	size_t i;

	for (i = 0; i < json_array_size(flags); i++) {
		const char *flag = json_string_value(json_array_get(flags, i));

		source |= flag && is(flag, "saddr");
	}
	if (json_is_string(flags))
		source = is(json_string_value(flags), "saddr");
	if (is(result, "type"))
		return text(source || !p->here ? "unicast" : "local");
	if (source && (is(result, "oif") || is(result, "oifname")))
		return text(p->in);
	return unknown("a route");
}

static struct value value_of_bits(const struct packet *p, const json_t *operands, char op)
{
	struct value v = value_of(p, json_array_get(operands, 0));
	number_t mask;

	if (v.kind == VALUE_SOURCE)
		return unknown("bits of the source address");
	if (v.kind != VALUE_NUMBER)
		return v;
	if (!value_constant(&v, p->family, json_array_get(operands, 1), &mask))
		return unknown("bits that are compared");
	v.number = op == '&' ? v.number & mask : op == '|' ? v.number | mask : v.number ^ mask;
	v.text = NULL;
	return v;
}

struct value value_of(const struct packet *p, const json_t *expression)
{
	/* An object of one member, whose name is the kind of expression. */
	const char *kind = json_object_iter_key(json_object_iter((json_t *)expression));
	const json_t *e = kind ? json_object_get(expression, kind) : NULL;

	if (!kind)
		return unknown("an expression");
	if (is(kind, "payload"))
		return value_of_payload(p, e);
	if (is(kind, "meta"))
		return value_of_meta(p, ruleset_text(e, "key"));
	if (is(kind, "ct"))
		return value_of_ct(p, e);
	if (is(kind, "fib"))
		return value_of_fib(p, e);
	if (is(kind, "&") || is(kind, "|") || is(kind, "^"))
		return value_of_bits(p, e, *kind);
	/* A header that a packet need not have: asked is whether it is there, or what it holds. */
	if (is(kind, "exthdr"))
		return json_object_get(e, "field") ? absent() : number(0);
	return unknown(kind);
}

static bool name_value(const struct value *v, int family, const char *name, number_t *ret)
{
	const struct bit *b = v->names == NAMES_CT_STATE    ? ct_states
			      : v->names == NAMES_CT_STATUS ? ct_statuses
			      : v->names == NAMES_TCP_FLAGS ? tcp_flags
							    : NULL;

	if (v->names == NAMES_ADDRESS)
		return match_address(name, family, ret);
	for (; b && b->name; b++) {
		if (is(b->name, name)) {
			*ret = b->value;
			return true;
		}
	}
	return false;
}

static bool join(const struct value *v, int family, const json_t *list, number_t *ret)
{
	number_t one;
	size_t i;

	*ret = 0;
	for (i = 0; i < json_array_size(list); i++) {
		if (!value_constant(v, family, json_array_get(list, i), &one))
			return false;
		*ret |= one;
	}
	return json_array_size(list) > 0;
}

bool value_constant(const struct value *v, int family, const json_t *constant, number_t *ret)
{
	if (json_is_integer(constant)) {
		*ret = (number_t)json_integer_value(constant);
		return true;
	}
	if (json_is_boolean(constant)) {
		*ret = json_is_true(constant);
		return true;
	}
	if (json_is_string(constant))
		return name_value(v, family, json_string_value(constant), ret);
	if (json_is_array(constant))
		return join(v, family, constant, ret);
	if (json_object_get(constant, "|"))
		return join(v, family, json_object_get(constant, "|"), ret);
	return false;
}
