/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_MATCH_PROBE_H
#define SIPWARDEN_MATCH_PROBE_H

#include "config/filter.h"
#include "match/pattern.h"

/*
 * Does one of some hundred short lines take it BRAKE_STEPS (brake.h)? They are made
 * of what bad regexes stumble over, by itself and in place of what the sender
 * writes in the pattern's examples.
 */
bool probe_pattern(struct pattern *p, struct pattern_context *c, const struct filter_pattern *text);

#endif
