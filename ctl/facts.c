/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <string.h>

#include "control/bus.h"
#include "output.h"

json_t *facts_read(sd_bus_message *m)
{
	json_t *facts = json_object();
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r > 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const char *key, *contents, *text;
		uint64_t number;

		r = sd_bus_message_read(m, "s", &key);
		if (r > 0)
			r = sd_bus_message_peek_type(m, NULL, &contents);
		if (r > 0 && strcmp(contents, "t") == 0) {
			r = sd_bus_message_read(m, "v", "t", &number);
			json_object_set_new(facts, key, json_integer((json_int_t)number));
		} else if (r > 0) {
			r = sd_bus_message_read(m, "v", "s", &text);
			if (r > 0)
				json_object_set_new(facts, key, output_string(text));
		}
		if (r > 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0)
		return facts;
	json_decref(facts);
	return NULL;
}

int facts_read_array(sd_bus_message *m, json_t *facts, const char *key, const char *type, facts_item_fn read)
{
	json_t *array = json_array(), *item;
	int r = sd_bus_message_enter_container(m, 'a', type);

	while (r > 0 && (item = read(m)))
		json_array_append_new(array, item);
	if (r > 0)
		r = sd_bus_message_exit_container(m);
	json_object_set_new(facts, key, array);
	return r < 0 ? r : 0;
}

static json_t *read_set(sd_bus_message *m)
{
	const char *name;
	uint64_t count, limit;

	if (sd_bus_message_read(m, "(" BUS_SET ")", &name, &count, &limit) <= 0)
		return NULL;
	return json_pack("{s:s, s:I, s:I}", "set", name, "elements", (json_int_t)count, "limit", (json_int_t)limit);
}

int facts_read_sets(sd_bus_message *m, json_t *facts)
{
	return facts_read_array(m, facts, "sets", "(" BUS_SET ")", read_set);
}

long long facts_number(const json_t *facts, const char *key)
{
	return (long long)json_integer_value(json_object_get(facts, key));
}

const char *facts_text(const json_t *facts, const char *key)
{
	const char *text = json_string_value(json_object_get(facts, key));

	return text ? text : "";
}

void facts_mode(json_t *facts)
{
	usec_t since = (usec_t)facts_number(facts, "paused");

	json_object_set_new(facts, "paused_since", output_time(since));
	json_object_set_new(facts, "paused", json_boolean(since));
	json_object_set_new(facts, "observe", json_boolean(facts_number(facts, "observe")));
}
