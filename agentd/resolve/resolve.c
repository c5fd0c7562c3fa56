/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/resolve.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "resolve/answer.h"
#include "resolve/dns.h"
#include "resolve/known.h"

/* Names looked up at once; each has at most six questions under way, then two for each SRV target. */
#define LOOKUPS_MAX 8
/* After a failure, doubled at each further one. */
#define RETRY_MIN (5 * USEC_PER_SEC)
#define RETRY_MAX (300 * USEC_PER_SEC)

static const char *const services[] = { "_sip._udp", "_sip._tcp", "_sips._tcp", "_sip._tls" };

struct name {
	char *host;
	struct known known;
	struct lookup *lookup; /* under way, or NULL */
	usec_t next;	       /* CLOCK_MONOTONIC */
	usec_t failing;	       /* CLOCK_REALTIME: since when; 0: it is not */
	unsigned failures;     /* in a row */
	const char *error;
};

/* All questions about one name. */
struct lookup {
	struct resolver *resolver;
	struct name *name; /* NULL: taken away meanwhile */
	unsigned waiting;  /* questions without an answer, and one while more are being asked */
	bool targets_asked;
	int error; /* the first status that was no answer */
	struct answer answer;
};

struct resolver {
	struct resolve_callbacks callbacks;
	struct dns *dns;
	struct name **names;
	size_t n_names;
	unsigned n_lookups;
	bool stopping;
	sd_event_source *timer;
	struct log_limit failing, cut;
};

/* The schedule */

static usec_t clamp(usec_t value, usec_t min, usec_t max)
{
	return value < min ? min : value > max ? max : value;
}

/* Up to a tenth sooner, so that names which were asked for together part. */
static usec_t with_jitter(usec_t span)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = 0;
	return span - span / 10 * (random % 1024) / 1024;
}

/* The name to be looked up first, or NULL. */
static struct name *first_due(const struct resolver *r)
{
	struct name *first = NULL;
	size_t i;

	for (i = 0; i < r->n_names; i++)
		if (!r->names[i]->lookup && (!first || r->names[i]->next < first->next))
			first = r->names[i];
	return first;
}

static void arm(struct resolver *r)
{
	const struct name *first = first_due(r);

	if (!first || r->n_lookups >= LOOKUPS_MAX || r->stopping) {
		sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(r->timer, first->next);
	sd_event_source_set_enabled(r->timer, SD_EVENT_ONESHOT);
}

/* The end of a look-up */

static void tell_change(const struct resolver *r, const struct name *name)
{
	struct addr addrs[KNOWN_MAX];
	size_t i;

	for (i = 0; i < name->known.n; i++)
		addrs[i] = name->known.items[i].addr;
	r->callbacks.changed(r->callbacks.userdata, name->host, addrs, name->known.n);
}

static void set_failing(struct resolver *r, struct name *name, const char *error)
{
	name->error = error;
	name->failures++;
	if (name->failing)
		return;
	name->failing = time_now();
	if (!log_limit_pass(&r->failing))
		return;
	if (name->known.n > 0)
		log_warning("The exempt name %s cannot be looked up: %s. Its last %zu addresses stay exempt; 'sipwarden "
			    "exempt list' shows this and other such names",
			    name->host, error, name->known.n);
	else
		log_warning("The exempt name %s cannot be looked up: %s. NOTHING IS EXEMPT BY IT YET; 'sipwarden exempt "
			    "list' shows this and other such names",
			    name->host, error);
}

static void set_good(struct name *name)
{
	if (name->failing)
		log_notice("The exempt name %s can be looked up again", name->host);
	name->failing = 0;
	name->failures = 0;
	name->error = NULL;
}

static usec_t retry_pause(const struct name *name, usec_t ttl)
{
	usec_t pause = RETRY_MIN << (name->failures < 8 ? name->failures - 1 : 7);

	return clamp(pause, RETRY_MIN, clamp(ttl, RETRY_MIN, RETRY_MAX));
}

/* All questions are answered, or given up. */
static void take_lookup(struct resolver *r, struct name *name, const struct lookup *l)
{
	const struct answer *a = &l->answer;
	const usec_t ttl = clamp(a->ttl == UINT32_MAX ? RESOLVE_TTL_MAX : a->ttl * USEC_PER_SEC, RESOLVE_TTL_MIN,
				 RESOLVE_TTL_MAX);
	const bool complete = !l->error && a->n_addrs > 0;
	const usec_t grace = 2 * ttl > RESOLVE_GRACE ? 2 * ttl : RESOLVE_GRACE, now = time_monotonic();

	if (l->error == DNS_CANCELLED) {
		name->next = now;
		return;
	}
	if (known_take(&name->known, a->addrs, a->n_addrs, complete, now, grace))
		tell_change(r, name);
	if (a->cut && log_limit_pass(&r->cut))
		log_warning("The exempt name %s has more than %d addresses or %d SRV targets; the others are not exempt by "
			    "it",
			    name->host, ANSWER_ADDRS_MAX, ANSWER_TARGETS_MAX);
	if (complete) {
		set_good(name);
		name->next = now + with_jitter(ttl);
	} else {
		set_failing(r, name, l->error ? dns_strerror(l->error) : "it has no address that could be exempt");
		name->next = now + with_jitter(retry_pause(name, ttl));
	}
}

static void ask_targets(struct lookup *l);

/* An answer less to wait for. */
static void settle(struct lookup *l)
{
	struct resolver *r = l->resolver;

	if (--l->waiting > 0)
		return;
	if (l->name && !l->targets_asked && l->answer.n_targets > 0) {
		ask_targets(l);
		return;
	}
	r->n_lookups--;
	if (l->name) {
		l->name->lookup = NULL;
		if (!r->stopping)
			take_lookup(r, l->name, l);
	}
	free(l);
	arm(r);
}

static void on_answer(void *userdata, int status, const uint8_t *message, size_t len)
{
	struct lookup *l = userdata;

	if (message && answer_read(message, len, &l->answer) < 0)
		status = DNS_BAD_MESSAGE;
	if (status != DNS_OK && !dns_is_negative(status) && !l->error)
		l->error = status;
	settle(l);
}

static void ask(struct lookup *l, const char *host, int type)
{
	l->waiting++;
	dns_ask(l->resolver->dns, host, type, on_answer, l);
}

static void ask_targets(struct lookup *l)
{
	size_t i;

	l->targets_asked = true;
	l->waiting = 1;
	for (i = 0; i < l->answer.n_targets; i++) {
		ask(l, l->answer.targets[i], ns_t_a);
		ask(l, l->answer.targets[i], ns_t_aaaa);
	}
	settle(l);
}

static void begin(struct resolver *r, struct name *name)
{
	struct lookup *l = calloc(1, sizeof(*l));
	char service[HOSTNAME_TEXT_MAX + 16];
	size_t i;

	if (!l) {
		name->next = time_monotonic() + RETRY_MIN;
		return;
	}
	*l = (struct lookup){ .resolver = r, .name = name, .waiting = 1, .answer.ttl = UINT32_MAX };
	name->lookup = l;
	r->n_lookups++;
	ask(l, name->host, ns_t_a);
	ask(l, name->host, ns_t_aaaa);
	for (i = 0; i < ELEMENTSOF(services); i++) {
		snprintf(service, sizeof(service), "%s.%s", services[i], name->host);
		if (strlen(service) < HOSTNAME_TEXT_MAX)
			ask(l, service, ns_t_srv);
	}
	settle(l);
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct resolver *r = userdata;
	struct name *name;

	(void)source;
	(void)usec;
	/* Another network, another server. */
	if (dns_refresh(r->dns))
		resolver_hurry(r);
	while (r->n_lookups < LOOKUPS_MAX && (name = first_due(r)) && name->next <= time_monotonic())
		begin(r, name);
	arm(r);
	return 0;
}

/* Names */

static void name_free(struct name *name)
{
	if (name->lookup)
		name->lookup->name = NULL;
	free(name->host);
	free(name);
}

static struct name *name_new(struct resolver *r, const char *host)
{
	struct name *name = calloc(1, sizeof(*name));
	struct addr addrs[KNOWN_MAX];
	size_t n;

	if (!name)
		return NULL;
	name->host = strdup(host);
	if (!name->host) {
		free(name);
		return NULL;
	}
	name->next = time_monotonic();
	n = r->callbacks.restore(r->callbacks.userdata, host, addrs, KNOWN_MAX);
	known_take(&name->known, addrs, n, true, name->next, RESOLVE_GRACE);
	return name;
}

static bool is_known(const struct resolver *r, const char *host)
{
	size_t i;

	for (i = 0; i < r->n_names; i++)
		if (strcmp(r->names[i]->host, host) == 0)
			return true;
	return false;
}

static bool is_wanted(char *const *hosts, const char *host)
{
	for (; hosts && *hosts; hosts++)
		if (strcmp(*hosts, host) == 0)
			return true;
	return false;
}

static void drop_unwanted(struct resolver *r, char *const *hosts)
{
	size_t i, kept = 0;

	for (i = 0; i < r->n_names; i++) {
		struct name *name = r->names[i];

		if (is_wanted(hosts, name->host)) {
			r->names[kept++] = name;
			continue;
		}
		r->callbacks.changed(r->callbacks.userdata, name->host, NULL, 0);
		name_free(name);
	}
	r->n_names = kept;
}

static int add_name(struct resolver *r, const char *host)
{
	struct name **longer = reallocarray(r->names, r->n_names + 1, sizeof(struct name *)), *name;

	if (!longer)
		return -ENOMEM;
	r->names = longer;
	name = name_new(r, host);
	if (!name)
		return -ENOMEM;
	r->names[r->n_names++] = name;
	if (name->known.n > 0)
		tell_change(r, name);
	return 0;
}

int resolver_configure(struct resolver *r, char *const *hosts)
{
	int error = 0;

	drop_unwanted(r, hosts);
	for (; error >= 0 && hosts && *hosts; hosts++)
		if (!is_known(r, *hosts))
			error = add_name(r, *hosts);
	arm(r);
	return error;
}

void resolver_hurry(struct resolver *r)
{
	const usec_t now = time_monotonic();
	size_t i;

	for (i = 0; i < r->n_names; i++)
		if (r->names[i]->failing && r->names[i]->next > now)
			r->names[i]->next = now;
	arm(r);
}

bool resolver_info(const struct resolver *r, size_t i, struct resolve_info *ret)
{
	const usec_t now = time_monotonic();
	const struct name *name;

	if (i >= r->n_names)
		return false;
	name = r->names[i];
	*ret = (struct resolve_info){
		.name = name->host,
		.addresses = name->known.n,
		.next = name->lookup ? 0 : time_now() + (name->next > now ? name->next - now : 0),
		.failing = name->failing,
		.error = name->error ? name->error : "",
	};
	return true;
}

int resolver_start(sd_event *loop, const struct resolve_callbacks *callbacks, struct resolver **ret)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	r->callbacks = *callbacks;
	error = sd_event_add_time(loop, &r->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC / 10, on_due, r);
	if (error >= 0)
		error = sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
	if (error >= 0)
		error = dns_start(loop, &r->dns);
	if (error < 0) {
		resolver_stop(r);
		return error;
	}
	*ret = r;
	return 0;
}

struct resolver *resolver_stop(struct resolver *r)
{
	size_t i;

	if (!r)
		return NULL;
	/* Every look-up under way comes to its end here. */
	r->stopping = true;
	dns_stop(r->dns);
	for (i = 0; i < r->n_names; i++)
		name_free(r->names[i]);
	free(r->names);
	sd_event_source_disable_unref(r->timer);
	free(r);
	return NULL;
}
