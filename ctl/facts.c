/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <string.h>

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
