/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SIPWARDEN_AGENT_PRIVATE_H
#define SIPWARDEN_AGENT_PRIVATE_H

#include <systemd/sd-event.h>

#include "agent.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/pack.h"
#include "calls/calls.h"
#include "control/control.h"
#include "decide/decide.h"
#include "firewall/firewall.h"
#include "health/health.h"
#include "host/connected.h"
#include "host/host.h"
#include "host/listen.h"
#include "input/input.h"
#include "match/match.h"
#include "match/skew.h"
#include "resolve/resolve.h"
#include "store/store.h"
#include "world/world.h"

/* Between agent.c (start and end), flow.c (inputs to decisions), enforce.c
 * (decisions to firewall and store), sipfirewall.c (the SIP firewall), journal.c
 * (decisions to the journal), fraud.c (what calls show to the journal), handout.c (the
 * same to the admin's unit), exemptions.c (their sources that come and go), witnessed.c
 * (what the kernel saw), wired.c (packets that it copied), keep.c and pause.c (what else outlives a restart), watch.c,
 * watchdog.c and publish.c (how all of this is) and operations.c (what admins ask for). */

struct agent;

struct agent_input {
	struct agent *agent;
	struct input *input;
	struct matcher *matcher;
	const struct config_input *cfg;
	struct time_reader *reader;
	struct skew skew;
	bool timed;       /* the chunk at hand comes with times */
	bool live;        /* the chunk at hand was written after all before it was read */
	bool skew_told, old_told;
	usec_t arrival;   /* of the chunk at hand */
	usec_t reached;	  /* moment of the latest line */
	usec_t horizon;	  /* of the other inputs, at the chunk at hand */
	uint32_t samples; /* of the kernel's witness, the latest in the lowest bit: was a friend of this log seen? */
	unsigned n_samples;
	usec_t sampled;   /* when it was asked last */
	struct pack kept; /* its sections, as they were written last */
};

/* Answers about friends that samples holds. */
#define WITNESS_SAMPLES 16

struct addr_array {
	struct addr *items;
	size_t n, size;
};

/* The store's share of what is known, see keep.c. */
struct agent_keep {
	struct pack out;
	int64_t round; /* number of the first commit of the round that goes on; 0: the next one */
	bool decided;  /* the decider's part of the round is written, that of calls is not */
	bool over;     /* the round is, with what was collected last */
	bool whole;    /* all is to be written anew */
	uint64_t patterns; /* name_patterns() of what is being collected */
	usec_t took;   /* the last commit */
	bool befriended;
	usec_t clock; /* up to when lines of all inputs were read */
	usec_t counted_since; /* the first of the processes that the counters are of */
};
/* Room for what is collected that is not given back. */
#define KEEP_MEMORY ((size_t)1 << 20)

/* How we are, and who is told. */
struct agent_watch {
	sd_event_source *timer;
	usec_t interval; /* of looking */
	usec_t watchdog; /* systemd's; 0: it does not watch */
	int memory;	 /* memory_open() */
	usec_t loaded;	 /* the config; CLOCK_REALTIME */
	usec_t followed; /* since when its inputs are; CLOCK_MONOTONIC */
	usec_t fed;	 /* CLOCK_MONOTONIC, the watchdog last */
	usec_t reload_refused; /* CLOCK_REALTIME; 0: it was not */
	bool flushed;	 /* by an admin; until a reload */
	usec_t sized;	 /* CLOCK_MONOTONIC, when it was asked how full the sets are */
	bool withheld;	 /* the watchdog is not fed */
	int worst;	 /* enum problem_code that systemd was told; -1: none */
	struct verdict told; /* what the journal was told of */
	uint64_t events[CLASS_COUNT], alerts[ALERT_KINDS];
	usec_t fraud; /* CLOCK_REALTIME, when the last critical one was told */
	char *metrics_file; /* that is being written; NULL: none */
	char *metrics_error;
	usec_t published; /* CLOCK_MONOTONIC */
};

/* The SIP firewall, see sipfirewall.c. */
struct agent_sip {
	usec_t switched; /* by hand, when; 0: as the config has it */
	bool on;	 /* then */
	usec_t distrusted; /* when a friend was, last */
	struct listen *listen; /* NULL: ports cannot be found */
	struct listen_found found;
	struct connected *connected; /* NULL: connections cannot be counted */
	usec_t looked, asked; /* CLOCK_MONOTONIC: for ports; who was limited */
	struct firewall_element *limited, *coming; /* by address; the answer that is not whole yet */
	size_t n_limited, n_coming, room;
	bool answering;
	uint64_t events; /* that it gave to the rules */
	bool error_told;
};

struct agent {
	const struct agent_options *options;
	sd_event *loop;
	struct world *world;
	struct agent_input *inputs;
	size_t n_inputs;
	struct decider *decider;
	struct calls *calls;
	struct firewall *firewall;
	struct store *store;
	struct control *control;
	struct host *host;	   /* NULL: not watched */
	struct resolver *resolver; /* NULL: it could not be started */
	struct addr_array in_kernel; /* run-time exemptions that the helper was told of */
	sd_event_source *commit_timer, *expire_timer, *calls_timer;
	bool commit_armed;
	bool adopt; /* the store knew no bans: those in the kernel are taken over */
	struct agent_keep keep;
	usec_t paused;	    /* since when; 0: it is not */
	char *pause_reason; /* "" if none was given */
	sd_event_source *pause_timer;
	struct agent_watch watch;
	unsigned handouts; /* files of frauds written */
	struct log_limit handout_limit;
	struct agent_sip sip;
	struct wired *wired; /* NULL: nobody was in doubt yet */
	usec_t started;
};

/* enforce.c */
extern const struct decide_callbacks agent_decide_callbacks;	 /* userdata to be set */
extern const struct firewall_callbacks agent_firewall_callbacks; /* userdata to be set */
/* What was written to the store is committed within a moment. */
void agent_commit_soon(struct agent *a);
/* The timers of commit and expiry; off at first. */
int agent_add_timers(struct agent *a);
/* Puts b into the store, and sets its id. */
void agent_store_ban(struct agent *a, struct ban *b);
/* Looks at when for bans that ended; USEC_INFINITY: never. */
void agent_expire_at(struct agent *a, usec_t when);
/* Bans and exemptions of the store become the decider's. */
void agent_restore(struct agent *a);
/* Is the ban one for the kernel? In observe mode only those by hand are. */
bool agent_enforces(const struct agent *a, const struct ban *b);
/* The mode changed: what is to be enforced is, and nothing else. */
void agent_enforce_anew(struct agent *a);

/* journal.c */
void agent_log_ban(const struct agent *a, const struct ban *b);
void agent_log_lift(const struct agent *a, const struct ban *b, const char *cause);
void agent_log_alert(const struct alert *alert);

/* fraud.c */
/* Before what was known is restored. */
int agent_calls_start(struct agent *a);
void agent_calls_stop(struct agent *a);

/* handout.c */
/* At the very start, as root perhaps. */
int agent_handout_prepare(const struct config *cfg);
/* Writes the facts where systemd waits for them. */
void agent_hand_out(struct agent *a, const struct log_field *fields);

/* keep.c */
/* Takes over the key by which names are hashed; comes before anything is named. */
void agent_keep_names(struct agent *a);
/* Up to when the process before this one had read the lines of all inputs; now, if there was none. */
usec_t agent_keep_clock(struct agent *a);
/* From now on changes are noted. */
int agent_keep_start(struct agent *a);
/* What was known, when the inputs have started. */
void agent_keep_restore(struct agent *a);
/* Writes all that changed, in one transaction. On failure it is to be tried again. */
int agent_commit(struct agent *a);
/* What a reload takes over from the inputs before it; all: also what did not change. */
void agent_keep_inputs(struct agent *a, bool all, struct pack *p);
void agent_keep_restore_inputs(struct agent *a, const struct pack *p);
void agent_keep_done(struct agent *a);

/* pause.c */
int agent_pause_start(struct agent *a);
void agent_pause_restore(struct agent *a);
/* *message for the person who asked. */
int agent_pause(struct agent *a, bool pause, const char *reason, char **message);
/* Whether it is paused, for another database. */
void agent_pause_store(struct agent *a);
/* For systemctl status. */
const char *agent_doing(const struct agent *a);

/* sipfirewall.c */
/* Before the agent is confined. */
void agent_sip_open(struct agent *a);
/* With the database: how it was left. */
void agent_sip_restore(struct agent *a);
/* Whether it is on by hand, for another database. */
void agent_sip_store(struct agent *a);
/* The config changed. */
void agent_sip_configure(struct agent *a);
/* Once a second. */
void agent_sip_tick(struct agent *a, const struct firewall_stats *fw);
void agent_sip_done(struct agent *a);
/* Shall it be on? */
bool agent_sip_wanted(const struct agent *a);
/* *message for the person who asked. */
int agent_sip_switch(struct agent *a, bool on, char **message);
/* For callbacks: who logged in, who is banned, whom it limited, what the helper did. */
void agent_sip_befriended(void *userdata, const struct addr *addr, usec_t before, usec_t when);
void agent_sip_banned(struct agent *a, const struct ban *b);
usec_t agent_sip_trusted(void *userdata, const struct addr *addr);
void agent_sip_limited(void *userdata, const struct firewall_element *e);
void agent_sip_limited_end(void *userdata, int error);
void agent_sip_switched(void *userdata, bool on, int error);

/* flow.c */
int agent_inputs_start(struct agent *a, const struct world *w, struct agent_input **ret);
void agent_inputs_stop(struct agent_input *inputs, size_t n);
/*
 * Lines of before this moment are read, of all inputs but one (NULL: of all):
 * bans that had ended by then need not be known any more. That a line counts must
 * not depend on when it is read.
 */
usec_t agent_horizon(const struct agent *a, const struct agent_input *but);

/* witnessed.c */
/* Asks, now and then, whether the kernel saw who logged in. */
void witnessed_learn(struct agent_input *in, const struct event *e);
/* Is the kernel's silence about the source of a line of when worth anything? */
bool witnessed_counts(const struct agent_input *in, usec_t when);
/* For the decider: asks about addr. */
bool witnessed_ask(struct agent *a, const struct addr *addr);

/* wired.c */
struct wired;
/* Can packets that a line of when, which comes now, tells of still be paired with it? when 0: it has no time. */
bool wired_is_fresh(usec_t when, usec_t now);
/* For the firewall: takes over the descriptor that copies of packets come from. */
void wired_open(void *userdata, int fd);
/* They come no more. */
void wired_close(struct agent *a);
/* Nobody is watched by the helper any more, and no line waits. */
void wired_unwatch(struct agent *a);
/* Takes what has come. Before lines are read that may tell of it. */
void wired_receive(struct agent *a);
/* For the decider: callbacks.prove(). */
bool wired_prove_line(struct agent *a, const struct event *e, usec_t when, struct proof *ret);
void wired_done(struct agent *a);

/* exemptions.c */
/* Begins or goes on finding exemptions, DNS names and this host itself, as the config
 * now has it. Only said, if it cannot. */
void agent_exemptions_configure(struct agent *a);
void agent_exemptions_stop(struct agent *a);
/* Tells the firewall what changed since it was told last; again: all, as it knows nothing. */
void agent_exemptions_enforce(struct agent *a, bool again);

/* watch.c */
/* All facts and what they mean; with_bans: also of each ban, which takes a while if there are a million. The
 * strings are the agent's; h->inputs is to be freed, also after -ENOMEM. */
int agent_health(struct agent *a, bool with_bans, struct health *h, struct verdict *v);

/* watchdog.c */
/* At the very start, while files can be opened. */
void agent_watch_init(struct agent *a);
/* Another config and its inputs are in force. */
void agent_watch_loaded(struct agent *a);
int agent_watch_start(struct agent *a);
void agent_watch_stop(struct agent *a);

/* publish.c */
/* In Prometheus's format: a new string, or NULL when out of memory. */
char *agent_metrics(struct agent *a);
/* The directory of the file, for everybody to read, if there is none; user: whose it shall be, while we are root. */
int agent_metrics_directory(const char *path, const char *user);
/* Writes them where the config says, if it is time to. */
void agent_publish(struct agent *a);
/* Takes the file away. */
void agent_unpublish(struct agent *a);

/* operations.c */
extern const struct control_ops agent_control_ops; /* userdata to be set */
/* Reads config and filters again, all or nothing. *message for the person who asked. */
int agent_reload(struct agent *a, char **message);

#endif
