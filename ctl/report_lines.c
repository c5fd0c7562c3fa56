/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records that are lines: of acc in Kamailio and OpenSIPS, and FreeSWITCH's in the form for sipwarden. */
#include <errno.h>
#include <string.h>

#include "report_reader.h"

static int fault(struct record_context *c, const char *why)
{
	c->fault = why;
	return -EBADMSG;
}

static const char *find(struct span in, const char *what)
{
	return in.len ? memmem(in.ptr, in.len, what, strlen(what)) : NULL;
}

/* The value behind name ("src_user="), up to the text that ends it, or the end of the line. */
static struct span value(struct span line, const char *name, const char *end)
{
	const char *at = find(line, name), *stop;
	struct span v = {"", 0};

	if (!at)
		return v;
	v.ptr = at + strlen(name);
	v.len = (size_t)(line.ptr + line.len - v.ptr);
	stop = find(v, end);
	if (stop)
		v.len = (size_t)(stop - v.ptr);
	return v;
}

/*
 * Tags, Call-IDs and users may have ';' and '=' in them: who sends a Call-ID of
 * "x;code=200;src_user=100" would have had calls that are none, in the name of 100.
 */
static bool is_twice(struct span line, const char *const *names)
{
	for (; *names; names++) {
		const char *at = find(line, *names);

		if (at && find((struct span){at + 1, (size_t)(line.ptr + line.len - at - 1)}, *names))
			return true;
	}
	return false;
}

static const char *const acc_names[] = {
	"timestamp=", ";method=",   ";call_id=",   ";code=",	 ";src_user=", ";caller_id=",
	";src_ip=",   ";dst_user=", ";callee_id=", ";duration=", NULL};

/*
 * "ACC: transaction answered: timestamp=1795546176;method=INVITE;from_tag=…;call_id=…;code=200;reason=OK;"
 * and extra fields, in Kamailio's stock configuration src_user, src_domain, src_ip, dst_ouser, dst_user,
 * dst_domain. source: Kamailio src/modules/acc/acc.c and OpenSIPS modules/acc/acc.c, acc_log_request()
 */
static int from_acc(struct span line, struct record_context *c, struct record *ret)
{
	const char *begin = find(line, "ACC: ");
	struct span method, talk;

	if (!begin)
		return -EAGAIN;
	line = (struct span){begin, (size_t)(line.ptr + line.len - begin)};
	method = value(line, ";method=", ";");
	/* ACC: call missed: is said beside the answer of a transaction that failed; ACC: request accounted:
	 * by scripts. */
	if (find(line, "ACC: transaction answered: ") != begin && find(line, "ACC: call missed: ") != begin)
		return -EAGAIN;
	if (!span_equal(method, SPAN("INVITE")) && !span_equal(method, SPAN("BYE")))
		return method.len ? -EAGAIN : fault(c, "a line of acc without method");
	if (is_twice(line, acc_names))
		return fault(c, "a field is there twice: a caller may have made it up");
	if (!record_time(value(line, "timestamp=", ";"), c, &ret->start))
		return fault(c, "its timestamp is no time");
	if (!record_code(value(line, ";code=", ";"), &ret->result))
		return fault(c, "its code is none of SIP");
	ret->id = value(line, ";call_id=", ";");
	ret->account = record_user(value(line, ";src_user=", ";"));
	if (ret->account.len == 0)
		ret->account = record_user(value(line, ";caller_id=", ";"));
	ret->source = value(line, ";src_ip=", ";");
	ret->number = record_user(value(line, ";dst_user=", ";"));
	if (ret->number.len == 0)
		ret->number = record_user(value(line, ";callee_id=", ";"));
	talk = value(line, ";duration=", ";");
	if (talk.len == 0 || !record_seconds(talk, &ret->seconds))
		ret->seconds = -1;
	if (method.len == 3)
		ret->event = RECORD_END;
	else if (ret->result == RECORD_ANSWERED && ret->seconds <= 0)
		ret->event = RECORD_BEGIN;
	return 1;
}

/* docs/gateways/freeswitch.md: everything from "user" on is the caller's. */
static int from_freeswitch(struct span line, struct record_context *c, struct record *ret)
{
	const char *mark = find(line, " sipwarden call ");
	struct span direction;

	if (!mark)
		return -EAGAIN;
	direction = value(line, " direction=", " ");
	if (!span_equal(direction, SPAN("inbound")))
		return -EAGAIN;
	if (!record_time((struct span){line.ptr, (size_t)(mark - line.ptr)}, c, &ret->start))
		return fault(c, "its start is no time");
	if (!record_result(value(line, " cause=", " "), &ret->result))
		return fault(c, "its cause is none");
	if (!record_seconds(value(line, " billsec=", " "), &ret->seconds))
		return fault(c, "its billsec is no number of seconds");
	if (ret->result == RECORD_ANSWERED && ret->seconds == 0)
		ret->result = RECORD_UNANSWERED;
	ret->source = value(line, " src=", " ");
	ret->id = value(line, " uuid=", " ");
	ret->account = value(line, " user='", "'");
	ret->number = record_user(value(line, " number='", "'"));
	return 1;
}

int record_from_line(const struct record_format *f, struct span line, struct record_context *c,
		     struct record *ret)
{
	*ret = (struct record){.event = RECORD_CALL};
	if (strcmp(f->name, "acc") == 0)
		return from_acc(line, c, ret);
	return from_freeswitch(line, c, ret);
}
