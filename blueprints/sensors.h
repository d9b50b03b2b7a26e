/* sensors.h - what a sensor is, for those who ask it. */
#ifndef BERTH_BLUEPRINTS_SENSORS_H
#define BERTH_BLUEPRINTS_SENSORS_H

#include "blueprints/blueprint.h"

/* Whether each instance tells a number of its own. */
bool sensor_is_of_instances(const struct sensor *sensor);

#endif
