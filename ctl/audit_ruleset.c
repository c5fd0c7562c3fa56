/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_ruleset.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit_legacy.h"
#include "audit_xt.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "base/timespan.h"
#include "wait.h"

/* For one question. A set of 100,000 elements takes half a second, a million minutes. */
#define ANSWER_TIME (20 * USEC_PER_SEC)
/* A hundred bytes an element: some millions of them. */
#define ANSWER_MAX ((size_t)512 << 20)

const char *ruleset_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* The child's part: the answer goes to fd. Never returns. */
static _Noreturn void answer(int fd, const char *command)
{
	struct nft_ctx *ctx;
	const char *text, *end;
	int status = EXIT_SUCCESS;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		_exit(EXIT_FAILURE);
	nft_ctx_output_set_flags(ctx,
				 NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS |
					 (strcmp(command, "list ruleset") == 0 ? NFT_CTX_OUTPUT_TERSE : 0));
	nft_ctx_buffer_output(ctx);
	nft_ctx_buffer_error(ctx);
	if (nft_run_cmd_from_buffer(ctx, command) != 0)
		status = EXIT_FAILURE;
	text = nft_ctx_get_output_buffer(ctx);
	end = text + strlen(text);
	while (text < end) {
		ssize_t n = write(fd, text, (size_t)(end - text));

		if (n < 0)
			_exit(EXIT_FAILURE);
		text += n;
	}
	_exit(status);
}

/* All that comes out of fd until it is closed. Negative errno. */
static int read_all(int fd, char **ret, size_t *len)
{
	const usec_t deadline = time_monotonic() + ANSWER_TIME;
	size_t size = 0;

	for (;;) {
		ssize_t n;
		int r;

		if (*len == size) {
			char *longer = size >= ANSWER_MAX ? NULL : realloc(*ret, size ? size * 2 : 65536);

			if (!longer)
				return size >= ANSWER_MAX ? -EFBIG : -ENOMEM;
			*ret = longer;
			size = size ? size * 2 : 65536;
		}
		r = wait_for(fd, POLLIN, deadline);
		if (r < 0)
			return r == -ETIMEDOUT ? -ETIME : r;
		n = read(fd, *ret + *len, size - *len);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		*len += n > 0 ? (size_t)n : 0;
	}
}

/* What libnftables says to a command; NULL with *error, a negative errno. */
static json_t *ask(const char *command, int *error)
{
	_cleanup_free_ char *text = NULL;
	json_t *json = NULL;
	size_t len = 0;
	int fds[2], status = 0;
	pid_t child;

	if (pipe(fds) < 0) {
		*error = -errno;
		return NULL;
	}
	child = fork();
	if (child == 0) {
		close(fds[0]);
		answer(fds[1], command);
	}
	close(fds[1]);
	*error = child < 0 ? -errno : read_all(fds[0], &text, &len);
	close(fds[0]);
	if (child > 0) {
		if (*error < 0)
			kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	if (*error == 0 && status != 0)
		*error = geteuid() != 0 ? -EPERM : -EIO;
	if (*error == 0)
		json = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
	if (*error == 0 && !json)
		*error = -EBADMSG;
	return json;
}

/* Index */

static char *key_of(const char *family, const char *table, const char *mark, const char *name)
{
	return text_printf("%s %s %s%s", family, table, mark, name);
}

static long find(const struct ruleset *rs, const char *family, const char *table, const char *mark,
		 const char *name)
{
	_cleanup_free_ char *key = key_of(family, table, mark, name);
	const json_t *at = key ? json_object_get(rs->index, key) : NULL;

	return at ? (long)json_integer_value(at) : -1;
}

static int remember(struct ruleset *rs, const char *family, const char *table, const char *mark,
		    const char *name, size_t n)
{
	_cleanup_free_ char *key = key_of(family, table, mark, name);

	return key && json_object_set_new(rs->index, key, json_integer((json_int_t)n)) == 0 ? 0 : -ENOMEM;
}

static int add_chain(struct ruleset *rs, const json_t *c)
{
	struct nft_chain *longer = reallocarray(rs->chains, rs->n_chains + 1, sizeof(*longer));
	const json_t *device = json_object_get(c, "dev");

	if (!longer)
		return -ENOMEM;
	rs->chains = longer;
	longer[rs->n_chains] =
		(struct nft_chain){.family = ruleset_text(c, "family"),
				   .table = ruleset_text(c, "table"),
				   .name = ruleset_text(c, "name"),
				   .hook = json_string_value(json_object_get(c, "hook")),
				   .device = json_string_value(device),
				   .priority = (long)json_integer_value(json_object_get(c, "prio")),
				   .nat = strcmp(ruleset_text(c, "type"), "nat") == 0,
				   .drops = strcmp(ruleset_text(c, "policy"), "drop") == 0};
	longer += rs->n_chains++;
	return remember(rs, longer->family, longer->table, "", longer->name, rs->n_chains - 1);
}

static int add_set(struct ruleset *rs, const json_t *s, bool map)
{
	struct nft_set *longer = reallocarray(rs->sets, rs->n_sets + 1, sizeof(*longer));

	if (!longer)
		return -ENOMEM;
	rs->sets = longer;
	longer[rs->n_sets] = (struct nft_set){.family = ruleset_text(s, "family"),
					      .table = ruleset_text(s, "table"),
					      .name = ruleset_text(s, "name"),
					      .map = map};
	longer += rs->n_sets++;
	return remember(rs, longer->family, longer->table, "@", longer->name, rs->n_sets - 1);
}

static int add_rule(struct ruleset *rs, const json_t *r)
{
	long at = find(rs, ruleset_text(r, "family"), ruleset_text(r, "table"), "", ruleset_text(r, "chain"));
	struct nft_chain *c = at < 0 ? NULL : &rs->chains[at];

	if (!c)
		return 0;
	if (c->n == c->size) {
		size_t size = c->size ? c->size * 2 : 8;
		const json_t **longer = reallocarray((void *)c->rules, size, sizeof(void *));

		if (!longer)
			return -ENOMEM;
		c->rules = longer;
		c->size = size;
	}
	c->rules[c->n++] = r;
	return 0;
}

static int index_all(struct ruleset *rs)
{
	const json_t *list = json_object_get(rs->json, "nftables"), *one;
	size_t i;
	int r = 0;

	rs->index = json_object();
	for (i = 0; r == 0 && i < json_array_size(list); i++) {
		one = json_array_get(list, i);
		if (json_object_get(one, "chain"))
			r = add_chain(rs, json_object_get(one, "chain"));
		else if (json_object_get(one, "set"))
			r = add_set(rs, json_object_get(one, "set"), false);
		else if (json_object_get(one, "map"))
			r = add_set(rs, json_object_get(one, "map"), true);
	}
	/* Chains may come behind the rules that lead to them. */
	for (i = 0; r == 0 && i < json_array_size(list); i++) {
		one = json_object_get(json_array_get(list, i), "rule");
		if (one)
			r = add_rule(rs, one);
	}
	return r;
}

int ruleset_read(struct ruleset *rs)
{
	int error = 0;

	*rs = (struct ruleset){.n_chains = 0};
	if (audit_legacy_filters())
		rs->unseen = "there are rules of iptables-legacy, which nftables does not show: "
			     "see iptables-legacy-save and ip6tables-legacy-save";
	rs->json = ask("list ruleset", &error);
	if (!rs->json)
		return error;
	audit_xt_expand(rs->json);
	return index_all(rs);
}

void ruleset_done(struct ruleset *rs)
{
	size_t i;

	for (i = 0; i < rs->n_chains; i++)
		free(rs->chains[i].rules);
	for (i = 0; i < rs->n_sets; i++) {
		ranges_done(&rs->sets[i].ranges);
		json_decref(rs->sets[i].answer);
	}
	free(rs->chains);
	free(rs->sets);
	json_decref(rs->index);
	json_decref(rs->json);
}

const struct nft_chain *ruleset_chain(const struct ruleset *rs, const char *family, const char *table,
				      const char *name)
{
	long at = find(rs, family, table, "", name);

	return at < 0 ? NULL : &rs->chains[at];
}

/* As libnftables reads a name (src/scanner.l, string). Netlink takes any text for one: also a command. */
static bool is_word(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.";

	return *name && strchr(first, *name) && !name[strspn(name, rest)];
}

static void read_elements(struct nft_set *s)
{
	_cleanup_free_ char *command = NULL;
	const json_t *list, *one;
	size_t i;
	int error;

	if (!is_word(s->table) || !is_word(s->name))
		return;
	command = text_printf("list %s %s %s %s", s->map ? "map" : "set", s->family, s->table, s->name);
	s->answer = command ? ask(command, &error) : NULL;
	list = json_object_get(s->answer, "nftables");
	for (i = 0; i < json_array_size(list); i++) {
		one = json_array_get(list, i);
		one = json_object_get(one, "set") ? json_object_get(one, "set") : json_object_get(one, "map");
		if (one)
			s->elements = json_object_get(one, "elem");
	}
}

struct nft_set *ruleset_set(struct ruleset *rs, const char *family, const char *table, const char *reference)
{
	long at = *reference == '@' ? find(rs, family, table, "@", reference + 1) : -1;
	struct nft_set *s = at < 0 ? NULL : &rs->sets[at];

	if (s && !s->asked) {
		s->asked = true;
		read_elements(s);
	}
	return s;
}
