/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_xt.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "audit_ruleset.h"
#include "audit_xt_decode.h"
#include "base/cleanup.h"
#include "base/text.h"

struct expander {
	json_t *rules; /* "family table chain handle" -> its expr, of those that have an xt */
};

static const struct {
	uint32_t number;
	const char *name;
} families[] = {
	{NFPROTO_IPV4, "ip"}, {NFPROTO_IPV6, "ip6"}, {NFPROTO_INET, "inet"}, {NFPROTO_BRIDGE, "bridge"}};

static char *key_of(const char *family, const char *table, const char *chain, uint64_t handle)
{
	return text_printf("%s %s %s %llu", family, table, chain, (unsigned long long)handle);
}

static bool has_xt(const json_t *expr)
{
	size_t i;

	for (i = 0; i < json_array_size(expr); i++)
		if (json_object_get(json_array_get(expr, i), "xt"))
			return true;
	return false;
}

static void note_rules(struct expander *x, const json_t *ruleset)
{
	const json_t *list = json_object_get(ruleset, "nftables");
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *rule = json_object_get(json_array_get(list, i), "rule");
		json_t *expr = json_object_get(rule, "expr");
		_cleanup_free_ char *key = NULL;

		if (!has_xt(expr))
			continue;
		key = key_of(ruleset_text(rule, "family"), ruleset_text(rule, "table"),
			     ruleset_text(rule, "chain"),
			     (uint64_t)json_integer_value(json_object_get(rule, "handle")));
		if (key)
			json_object_set(x->rules, key, expr);
	}
}

static struct xt read_xt(struct nftnl_expr *e, bool match, uint32_t family)
{
	struct xt x = {.family = (int)family};

	x.name = nftnl_expr_get_str(e, match ? NFTNL_EXPR_MT_NAME : NFTNL_EXPR_TG_NAME);
	x.revision = nftnl_expr_get_u32(e, match ? NFTNL_EXPR_MT_REV : NFTNL_EXPR_TG_REV);
	x.info = nftnl_expr_get(e, match ? NFTNL_EXPR_MT_INFO : NFTNL_EXPR_TG_INFO, &x.len);
	return x;
}

/* Puts the statements at the place of the next xt from *at on, and moves behind. */
static void replace_next(json_t *expr, size_t *at, json_t *statements)
{
	size_t i;

	while (*at < json_array_size(expr) && !json_object_get(json_array_get(expr, *at), "xt"))
		(*at)++;
	if (!statements || *at == json_array_size(expr)) {
		(*at)++;
		json_decref(statements);
		return;
	}
	json_array_remove(expr, *at);
	for (i = 0; i < json_array_size(statements); i++)
		json_array_insert(expr, (*at)++, json_array_get(statements, i));
	json_decref(statements);
}

static void expand(json_t *expr, struct nftnl_rule *rule, uint32_t family)
{
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(rule);
	struct nftnl_expr *e;
	size_t at = 0;

	while (iter && (e = nftnl_expr_iter_next(iter))) {
		const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
		bool match = name && strcmp(name, "match") == 0;
		struct xt x;

		if (!match && (!name || strcmp(name, "target") != 0))
			continue;
		x = read_xt(e, match, family);
		replace_next(expr, &at,
			     !x.name || !x.info ? NULL
			     : match		? audit_xt_match(&x)
						: audit_xt_target(&x));
	}
	if (iter)
		nftnl_expr_iter_destroy(iter);
}

static int on_rule(const struct nlmsghdr *message, void *data)
{
	struct expander *x = data;
	struct nftnl_rule *rule = nftnl_rule_alloc();
	const char *family = NULL;
	size_t i;

	if (!rule)
		return MNL_CB_ERROR;
	if (nftnl_rule_nlmsg_parse(message, rule) == 0) {
		uint32_t number = nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY);
		_cleanup_free_ char *key = NULL;
		json_t *expr;

		for (i = 0; i < ELEMENTSOF(families); i++)
			if (families[i].number == number)
				family = families[i].name;
		key = family ? key_of(family, nftnl_rule_get_str(rule, NFTNL_RULE_TABLE),
				      nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN),
				      nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE))
			     : NULL;
		expr = key ? json_object_get(x->rules, key) : NULL;
		if (expr)
			expand(expr, rule, number);
	}
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static void dump_rules(struct mnl_socket *nl, struct expander *x)
{
	char buffer[65536];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;
	unsigned port = mnl_socket_get_portid(nl);
	ssize_t n;

	request->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = 1;
	header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->nfgen_family = NFPROTO_UNSPEC;
	header->version = NFNETLINK_V0;
	if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0)
		return;
	while ((n = mnl_socket_recvfrom(nl, buffer, sizeof(buffer))) > 0)
		if (mnl_cb_run(buffer, (size_t)n, 1, port, on_rule, x) <= MNL_CB_STOP)
			return;
}

void audit_xt_expand(json_t *ruleset)
{
	struct expander x = {json_object()};
	struct mnl_socket *nl;

	note_rules(&x, ruleset);
	nl = json_object_size(x.rules) > 0 ? mnl_socket_open(NETLINK_NETFILTER) : NULL;
	if (nl) {
		if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
			dump_rules(nl, &x);
		mnl_socket_close(nl);
	}
	json_decref(x.rules);
}
