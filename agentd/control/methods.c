/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control socket answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/bus.h"
#include "control/private.h"
#include "store/store.h"

#define REASON_MAX 200

const char *control_cause(enum lift_cause cause)
{
	static const char *const causes[] = { "expired", "by hand", "exempt" };

	return causes[cause];
}

static const char *ban_state(const struct control *c, const struct ban *b)
{
	const char *reason;

	if (!c->ops.enforced(c->ops.userdata, b))
		return "observe";
	if (c->ops.paused(c->ops.userdata, &reason))
		return "paused";
	return b->in_kernel ? "enforced" : "pending";
}

int control_append_ban(const struct control *c, sd_bus_message *m, const struct ban *b)
{
	char addr[ADDR_TEXT_MAX];

	return sd_bus_message_append(m, "(" BUS_BAN ")", addr_format(&b->addr, addr), b->start, b->end, b->count, b->step,
				     b->rule, b->reason, b->accounts ? b->accounts : "", ban_state(c, b), (int)b->in_kernel,
				     (int)b->proven, (int)!c->ops.enforced(c->ops.userdata, b), b->packets, b->bytes);
}

int control_check_allowed(const struct control_client *c, sd_bus_error *error)
{
	if (c->allowed)
		return 0;
	return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
				 "only root and members of group %s may command sipwardend",
				 c->control->group ? c->control->group : "root");
}

static int invalid(sd_bus_error *error, const char *text, const char *why)
{
	char shown[100];

	return sd_bus_error_setf(error, BUS_ERROR_INVALID, "'%s' %s", text_escape(SPAN(text), shown, sizeof(shown)), why);
}

int control_read_address(const char *text, struct addr *ret, sd_bus_error *error)
{
	int r = addr_parse_bannable(text, strlen(text), ret);

	if (r == -EDOM)
		return invalid(error, text, "has bits behind its prefix length; write the network's own address");
	if (r < 0)
		return invalid(error, text, "is not an IP address or prefix, or IPv4 address with a port");
	return 0;
}

/* Facts */

int control_append_number(sd_bus_message *m, const char *key, uint64_t value)
{
	return sd_bus_message_append(m, "{sv}", key, "t", value);
}

int control_append_text(sd_bus_message *m, const char *key, const char *value)
{
	return sd_bus_message_append(m, "{sv}", key, "s", value);
}

int control_append_mode(const struct control *c, sd_bus_message *m)
{
	const char *reason = "";
	int r = control_append_number(m, "paused", c->ops.paused(c->ops.userdata, &reason));

	if (r >= 0)
		r = control_append_text(m, "pause_reason", reason);
	return r < 0 ? r : control_append_number(m, "observe", c->ops.config(c->ops.userdata)->observe);
}

/* Lists */

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static void snapshot_add(void *userdata, struct ban *b)
{
	struct control_client *c = userdata;

	c->snapshot[c->snapshot_len++] = b->addr;
}

static int snapshot_take(struct control_client *c)
{
	const struct control_ops *ops = &c->control->ops;
	struct decider *d = ops->decider(ops->userdata);
	struct decide_stats stats;

	decider_stats(d, &stats);
	free(c->snapshot);
	c->snapshot_len = 0;
	c->snapshot = calloc(stats.active + 1, sizeof(*c->snapshot));
	if (!c->snapshot)
		return -ENOMEM;
	decider_each(d, snapshot_add, c);
	qsort(c->snapshot, c->snapshot_len, sizeof(*c->snapshot), compare_addresses);
	return 0;
}

static int reply_page(struct control_client *c, sd_bus_message *m, uint32_t cursor)
{
	const struct control_ops *ops = &c->control->ops;
	sd_bus_message *reply = NULL;
	size_t i, end;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(" BUS_BAN ")");
	end = cursor + (size_t)CONTROL_PAGE < c->snapshot_len ? cursor + (size_t)CONTROL_PAGE : c->snapshot_len;
	for (i = cursor; r >= 0 && i < end; i++) {
		const struct ban *b = decider_find(ops->decider(ops->userdata), &c->snapshot[i]);

		if (b && addr_equal(&b->addr, &c->snapshot[i]))
			r = control_append_ban(c->control, reply, b);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "u", end < c->snapshot_len ? (uint32_t)end : 0);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

static void take_counters(void *userdata, const struct firewall_element *e)
{
	const struct control *control = userdata;
	struct ban *b = decider_find(control->ops.decider(control->ops.userdata), &e->addr);

	if (b && addr_equal(&b->addr, &e->addr)) {
		b->packets = e->packets;
		b->bytes = e->bytes;
	}
}

/* The kernel has told its counters: everybody who waits gets the answer. */
static void counters_taken(void *userdata, int error)
{
	struct control *control = userdata;
	struct control_client *c;

	(void)error;
	for (c = control->clients; c; c = c->next) {
		sd_bus_message *m = c->waiting;

		if (!m)
			continue;
		c->waiting = NULL;
		if (c->dead || c->answer(c, m) < 0)
			sd_bus_reply_method_errorf(m, SD_BUS_ERROR_NO_MEMORY, "out of memory");
		sd_bus_message_unref(m);
	}
}

int control_with_counters(struct control_client *c, sd_bus_message *m,
			  int (*answer)(struct control_client *c, sd_bus_message *m), sd_bus_error *error)
{
	struct control *control = c->control;

	if (c->waiting)
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "an answer is on its way already");
	if (firewall_list(control->ops.firewall(control->ops.userdata), take_counters, counters_taken, control) < 0)
		return answer(c, m);
	c->waiting = sd_bus_message_ref(m);
	c->answer = answer;
	return 1;
}

static int answer_list(struct control_client *c, sd_bus_message *m)
{
	int r = snapshot_take(c);

	return r < 0 ? r : reply_page(c, m, 0);
}

static int method_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct control_client *c = userdata;
	uint32_t cursor;
	int r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "u", &cursor);
	if (r < 0)
		return r;
	return cursor > 0 ? reply_page(c, m, cursor) : control_with_counters(c, m, answer_list, error);
}

/* Bans by hand */

static int method_ban(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	const char *text, *reason;
	char shown[REASON_MAX], exempt[ADDR_TEXT_MAX];
	struct addr addr, exemption;
	uint64_t span;
	int r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "sts", &text, &span, &reason);
	if (r >= 0)
		r = control_read_address(text, &addr, error);
	if (r < 0)
		return r;
	if (span == 0 || (span != USEC_INFINITY && span > TIMESPAN_MAX))
		return sd_bus_error_setf(error, BUS_ERROR_INVALID, "a ban lasts from a moment to ten years");
	text_escape(SPAN(reason), shown, sizeof(shown));
	r = decider_ban(ops->decider(ops->userdata), &addr, span, shown, time_now(), &exemption);
	if (r == -EPERM)
		return sd_bus_error_setf(error, BUS_ERROR_EXEMPT, "%s is exempt by %s", text,
					 addr_format(&exemption, exempt));
	if (r == -EINVAL)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID, "%s cannot be banned: %s", text,
					 addr_unbannable(&addr));
	if (r == -ENOSPC)
		return sd_bus_error_setf(error, BUS_ERROR_FAILED, "as many bans as max_bans allows are in force");
	return r < 0 ? r : sd_bus_reply_method_return(m, "");
}

static int method_unban(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	char wider[ADDR_TEXT_MAX];
	struct addr addr, cover;
	const char *text;
	int r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "s", &text);
	if (r >= 0)
		r = control_read_address(text, &addr, error);
	if (r < 0)
		return r;
	r = decider_unban(ops->decider(ops->userdata), &addr, &cover);
	if (r < 0 && cover.family)
		return sd_bus_error_setf(error, BUS_ERROR_NOT_FOUND, "%s is banned as part of %s: lift that, or exempt %s",
					 text, addr_format(&cover, wider), text);
	if (r < 0)
		return sd_bus_error_setf(error, BUS_ERROR_NOT_FOUND, "%s is not banned", text);
	return sd_bus_reply_method_return(m, "");
}

static int method_unban_all(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	return sd_bus_reply_method_return(m, "t", (uint64_t)decider_unban_all(ops->decider(ops->userdata)));
}

/* Exemptions */

static void append_exempt(void *userdata, const struct addr *addr, const char *source, const char *reason)
{
	char text[ADDR_TEXT_MAX];

	sd_bus_message_append(userdata, "(" BUS_EXEMPT ")", addr_format(addr, text), reason ? reason : "",
			      (int)(strcmp(source, "config") == 0), source);
}

static int append_names(sd_bus_message *m, const struct control_ops *ops)
{
	int r = sd_bus_message_open_container(m, 'a', "(" BUS_NAME ")");
	struct resolve_info i;
	size_t n;

	for (n = 0; r >= 0 && ops->name(ops->userdata, n, &i); n++)
		r = sd_bus_message_append(m, "(" BUS_NAME ")", i.name, (uint32_t)i.addresses, i.next, i.failing, i.error);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int method_exempts(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	const struct control_ops *ops = &c->control->ops;
	sd_bus_message *reply = NULL;
	int r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = append_names(reply, ops);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(" BUS_EXEMPT ")");
	if (r >= 0) {
		decider_exempt_each(ops->decider(ops->userdata), append_exempt, reply);
		r = sd_bus_message_close_container(reply);
	}
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

static int change_exempt(const struct control_client *c, sd_bus_message *m, const char *text, const char *reason,
			 bool add, sd_bus_error *error)
{
	const struct control_ops *ops = &c->control->ops;
	_cleanup_free_ char *message = NULL;
	struct decide_stats before, after;
	char shown[REASON_MAX];
	struct addr addr;
	int r = control_read_address(text, &addr, error);

	if (r >= 0 && addr.port)
		r = invalid(error, text, "is one port; an exemption is of an address or prefix");
	if (r < 0)
		return r;
	decider_stats(ops->decider(ops->userdata), &before);
	r = ops->exempt(ops->userdata, &addr, text_escape(SPAN(reason), shown, sizeof(shown)), add, &message);
	if (r == -EEXIST)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID, "%s is exempt already", text);
	if (r == -ENOENT)
		return sd_bus_error_setf(error, BUS_ERROR_NOT_FOUND, "%s is not exempt", text);
	if (r < 0)
		return sd_bus_error_setf(error, BUS_ERROR_FAILED, "%s: %s", text, message ? message : strerror(-r));
	if (!add)
		return sd_bus_reply_method_return(
			m, "t", (uint64_t)(decider_exemption(ops->decider(ops->userdata), &addr) != NULL));
	decider_stats(ops->decider(ops->userdata), &after);
	return sd_bus_reply_method_return(m, "t", after.lifts - before.lifts);
}

static int method_exempt(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *text, *reason;
	int r = control_check_allowed(userdata, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "ss", &text, &reason);
	return r < 0 ? r : change_exempt(userdata, m, text, reason, true, error);
}

static int method_unexempt(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *text;
	int r = control_check_allowed(userdata, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "s", &text);
	return r < 0 ? r : change_exempt(userdata, m, text, "", false, error);
}

/* The agent as a whole */

int control_reply_text(sd_bus_message *m, int r, const char *message, sd_bus_error *error)
{
	if (r < 0)
		return sd_bus_error_setf(error, BUS_ERROR_FAILED, "%s", message ? message : strerror(-r));
	return sd_bus_reply_method_return(m, "s", message ? message : "");
}

static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	_cleanup_free_ char *message = NULL;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	r = c->control->ops.reload(c->control->ops.userdata, &message);
	return control_reply_text(m, r, message, error);
}

static int method_pause(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	_cleanup_free_ char *message = NULL;
	char shown[REASON_MAX];
	const char *reason;
	int r = control_check_allowed(c, error);

	if (r >= 0)
		r = sd_bus_message_read(m, "s", &reason);
	if (r < 0)
		return r;
	r = c->control->ops.pause(c->control->ops.userdata, true, text_escape(SPAN(reason), shown, sizeof(shown)), &message);
	return control_reply_text(m, r, message, error);
}

static int method_resume(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	_cleanup_free_ char *message = NULL;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	r = c->control->ops.pause(c->control->ops.userdata, false, "", &message);
	return control_reply_text(m, r, message, error);
}

static int method_flush(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct control_client *c = userdata;
	_cleanup_free_ char *message = NULL;
	int r = control_check_allowed(c, error);

	if (r < 0)
		return r;
	r = c->control->ops.flush(c->control->ops.userdata, &message);
	return control_reply_text(m, r, message, error);
}

/* Who may call is decided by the socket's peer (control_check_allowed), not by sd-bus. */
#define METHOD(name, in, out, fn) SD_BUS_METHOD(name, in, out, fn, SD_BUS_VTABLE_UNPRIVILEGED)

const sd_bus_vtable control_vtable[] = {
	SD_BUS_VTABLE_START(0),
	METHOD("Status", "", "a{sv}a(" BUS_INPUT ")a(" BUS_SET ")a(" BUS_PROBLEM ")", control_method_status),
	METHOD("Metrics", "", "s", control_method_metrics),
	METHOD("ListBans", "u", "a(" BUS_BAN ")u", method_list),
	METHOD("Explain", "s", "b(" BUS_BAN ")a{sv}ssa(" BUS_RULE ")a(" BUS_HISTORY ")", control_method_explain),
	METHOD("ListAlerts", "", "a(" BUS_ALERT ")", control_method_alerts),
	METHOD("Ban", "sts", "", method_ban),
	METHOD("Unban", "s", "", method_unban),
	METHOD("UnbanAll", "", "t", method_unban_all),
	METHOD("ListExempt", "", "a(" BUS_NAME ")a(" BUS_EXEMPT ")", method_exempts),
	METHOD("Exempt", "ss", "t", method_exempt),
	METHOD("Unexempt", "s", "t", method_unexempt),
	METHOD("Pause", "s", "s", method_pause),
	METHOD("Resume", "", "s", method_resume),
	METHOD("Reload", "", "s", method_reload),
	METHOD("Flush", "", "s", method_flush),
	METHOD("Firewall", "", "a{sv}a(" BUS_PORT ")a(" BUS_LIMIT ")a(" BUS_COUNT ")a(" BUS_SET ")", control_method_firewall),
	METHOD("SwitchFirewall", "b", "s", control_method_switch_firewall),
	METHOD("ListLimited", "", "a(" BUS_LIMITED ")", control_method_limited),
	SD_BUS_SIGNAL("Banned", "(" BUS_BAN ")", 0),
	SD_BUS_SIGNAL("Lifted", "sssb", 0),
	SD_BUS_SIGNAL("Alert", "(" BUS_ALERT ")", 0),
	SD_BUS_VTABLE_END,
};
