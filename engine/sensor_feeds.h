/* sensor_feeds.h - what the files that sample sensors share: feeds, the numbers that come of them, and the
 * queue in which their turns come.
 *
 * A feed is one number that is told again and again: of an instance, or of the component as a whole. A number
 * is what a sensor of a component is by now, of all its feeds. What is made of other sensors is told by them,
 * and has no turn.
 */
#ifndef BERTH_ENGINE_SENSOR_FEEDS_H
#define BERTH_ENGINE_SENSOR_FEEDS_H

#include "engine/hold.h"
#include "policies/enrich.h"

struct feed_call; /* hold_feeds.c's: a question to a driver that is under way */

struct feed {
	struct held_component *held;
	struct number *number;
	struct held_instance *of; /* NULL: the component as a whole */
	/* Its turn; it has none where it is made of others. */
	int64_t next_ms; /* monotonic */
	bool turns;      /* it has one */
	size_t place;    /* in the queue */
	struct feed *next_woken;
	bool woken;
	/* Under way: */
	int64_t asked_ms;
	struct exchange *exchange;
	struct probe_call *probe;
	struct tcp_talk *talk;
	struct feed_call *call;
	int64_t read_ms; /* a log was read so far; wall clock; 0: not yet */
	/* What it told: */
	struct counter counter;
	struct enriching enriching;
	bool known;
	double value;
	int64_t until_ms; /* and so long it counts; monotonic */
	char *problem;    /* why it told nothing the last time; NULL: it did */
};

struct number {
	struct held_component *held;
	const struct sensor *sensor;
	struct feed *feeds; /* of a sensor of instances one for each, in their order; of a pushed one the
			       component's own at the end */
	size_t feed_count;
	bool known;
	double value;
	int64_t until_ms;
	int64_t soonest_ms; /* the first of its feeds is too old then */
	bool told;          /* it was known once, */
	int64_t told_ms;    /* the last time then */
	bool due;           /* a feed told something that it is not made of yet */
	int64_t made_ms;
	int64_t heard_ms; /* policies were told last; 0: not yet */
	struct number_window window;
	struct number **inputs; /* of what is made of others: as its enricher has them */
	/* Who is made of its instances' numbers, one by one, and who of it. */
	struct numbers {
		struct number **list;
		size_t count;
	} each, whole;
	/* Whose policies go by it. */
	struct held_component **listeners;
	size_t listener_count;
};

/* Of a hold: what is due first is at the top. */
struct feed_queue {
	struct feed **heap;
	size_t count, room;
	struct feed *woken;
	bool linked; /* numbers know of each other */
	double *scratch;
	size_t scratch_room;
};

static inline bool is_fresh(bool known, int64_t until_ms, int64_t now_ms)
{
	return known && now_ms <= until_ms;
}

/* --- hold_sensors.c --- */
int64_t held_now(const struct held_component *held);
int64_t feed_now(const struct feed *feed);
struct berth_operation *feed_operation(const struct feed *feed);
/* All of the component's sensors, in their order. */
struct number *held_numbers(const struct held_component *held, size_t *ret_count);
/* Those whose policies go by it hear it. */
void number_tell_policies(const struct number *number);
/* It was told beside another one: its turn is a period later. */
void feed_put_off(struct feed *feed);
void feed_wake(struct feed *feed);
/* Its turn is now, where it was never asked and can be. */
void feed_hurry(struct feed *feed);

/* --- feed_numbers.c --- */
/* What counts now; false: it is not known. */
bool number_now(struct number *number, double *ret, int64_t *ret_until_ms);
/* It told nothing for too long: who goes by it is told so, once. */
void number_notice_stale(struct number *number);
/* A number that was measured at that time (monotonic), or why there is none. */
void feed_told(struct feed *feed, double value, int64_t at_ms);
void feed_told_nothing(struct feed *feed, const struct error *err);

/* --- feed_links.c --- */
/* Once all of them are there: each knows what it is made of and who goes by it. 0 or -1: no memory, and
 * nothing of it stays. */
int numbers_link(struct hold *hold);

/* --- feed_queue.c --- */
int feed_queue_room(struct feed_queue *queue, size_t more);
void feed_queue_add(struct feed_queue *queue, struct feed *feed); /* there is room for it */
void feed_queue_moved(struct feed_queue *queue, struct feed *feed);
void feed_queue_release(struct feed_queue *queue);

/* --- feed_values.c: what it is asked with --- */
/* Lines, NULL-terminated; overwritten before their memory is given back. */
struct feed_lines {
	const char **list;
	struct text *texts;
	size_t count;
};
int feed_headers(const struct feed *feed, struct feed_lines *ret, struct error *err);
int feed_words(const struct feed *feed, struct text *to, struct error *err); /* of what is said to it */
int feed_variables(const struct feed *feed, struct feed_lines *ret, struct error *err);
void feed_lines_release(struct feed_lines *lines);
/* What is answered may have in it what was given. */
bool feed_is_given_values(const struct feed *feed);

/* --- hold_feeds.c --- */
/* Whether it can be asked now. */
bool feed_runs(const struct feed *feed);
bool feed_asks(const struct feed *feed); /* a question is under way */
void feed_ask(struct feed *feed);
void feed_go_on(struct feed *feed);
void feed_give_up(struct feed *feed);

#endif
