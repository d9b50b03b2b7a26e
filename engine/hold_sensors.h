/* hold_sensors.h - the sensors of components that are held. */
#ifndef BERTH_ENGINE_HOLD_SENSORS_H
#define BERTH_ENGINE_HOLD_SENSORS_H

#include <berth/berth.h>

#include "engine/hold.h"

/* Of the component, its instances being known: nothing is asked yet. 0 or -1 (no memory). */
int held_sensors_begin(struct held_component *held);
void held_sensors_end(struct held_component *held);
void hold_sensors_end(struct hold *hold); /* when all of them were ended */
/* Ask those whose time has come; the next one's is after so many milliseconds (-1: never). */
int64_t hold_step_sensors(struct hold *hold);
/* What was told since the policies were asked last, and that they have heard it. */
const struct sample *held_samples(const struct held_component *held, size_t *ret_count);
void held_samples_told(struct held_component *held);
/* A number from outside, for one that is pushed. 0, or -1 with *err: ERR_MISSING, ERR_STALE. */
int held_tell(const struct held_component *held, const struct berth_sample *sample, struct error *err);
/* What a sensor told last. False: it has none of that name. */
struct metric_sight;
bool held_number(const struct held_component *held, const char *sensor, struct metric_sight *ret);
/* {COMPONENT: {SENSOR: {"value": NUMBER, "at": wall clock}}} of those that told one at all, for people. NULL:
 * no memory. */
json_t *hold_told_numbers(const struct hold *hold);
/* The same of one sensor. False: it has not told. */
bool told_number(const json_t *told, const char *component, const char *sensor, struct metric_sight *ret);
/* Until they tell anew: what the hold before was told; nobody goes by it. */
void held_recall_numbers(const struct held_component *held, const json_t *told);
/* NAME: NUMBER of each sensor as members of an object; null where it is not known, or too old. */
void held_write_numbers(const struct held_component *held, struct text *to);
/* "instance_sensors": {INSTANCE: {NAME: NUMBER}}, where each instance tells something by itself. */
void held_write_instance_numbers(const struct held_component *held, struct text *to);

#endif
