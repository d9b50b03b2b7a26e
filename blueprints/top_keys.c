/* top_keys.c - the table of a blueprint's own keys. */
#include "blueprints/top_keys.h"

#include "base/cleanup.h"

#define LOCATION_SUMMARY   "where its components go: a name, a spec such as docker, or a map"
#define PARAMETERS_SUMMARY "what its deployer may choose: read by config(\"NAME\"), set by --set NAME=VALUE"
#define UNUSED_SUMMARY     "of an application as a whole; without effect, with a warning"
#define CONFIG_SUMMARY     "values that config(\"NAME\") reads in every component"

const struct top_key top_keys[] = {
    {"id", TOP_READ, "the application's name; else made from `name`, else from the file's name", "text"},
    {"name", TOP_READ, "a name for people", "value"},
    {"location", TOP_READ, LOCATION_SUMMARY, "location"},
    {"locations", TOP_READ, "names for locations; or a list, as Brooklyn has it: the first one is used",
     "locations"},
    {"services", TOP_READ, "its components", "services"},
    {"parameters", TOP_READ, PARAMETERS_SUMMARY, "parameters"},
    {"brooklyn.parameters", TOP_READ, PARAMETERS_SUMMARY, "parameters"},
    {"config", TOP_READ, CONFIG_SUMMARY, "config"},
    {"brooklyn.config", TOP_READ, CONFIG_SUMMARY, "config"},
    {"description", TOP_NOTED, "for people; without effect", "anything"},
    {"origin", TOP_NOTED, "where it comes from; without effect", "anything"},
    {"version", TOP_NOTED, "for people; without effect", "anything"},
    {"iconUrl", TOP_NOTED, "for people; without effect", "anything"},
    {"icon_url", TOP_NOTED, "for people; without effect", "anything"},
    {"catalog", TOP_READ,
     "types of your own: files beside the blueprint, Brooklyn's catalogues among them, or {id, item}",
     "catalog"},
    {"brooklyn.enrichers", TOP_UNUSED, UNUSED_SUMMARY, "anything"},
    {"enrichers", TOP_UNUSED, UNUSED_SUMMARY, "anything"},
    {"brooklyn.initializers", TOP_UNUSED, UNUSED_SUMMARY, "anything"},
    {"initializers", TOP_UNUSED, UNUSED_SUMMARY, "anything"},
    {"brooklyn.tags", TOP_NOTED, "for people; without effect", "anything"},
    {"tags", TOP_NOTED, "for people; without effect", "anything"},
    {"brooklyn.catalog", TOP_LATER, NULL, NULL},
    {"brooklyn.children", TOP_LATER, NULL, NULL},
    {"brooklyn.flags", TOP_LATER, NULL, NULL},
    {"brooklyn.policies", TOP_LATER, NULL, NULL},
    {"artifacts", TOP_LATER, NULL, NULL},
    {"children", TOP_LATER, NULL, NULL},
    {"effectors", TOP_LATER, NULL, NULL},
    {"policies", TOP_LATER, NULL, NULL},
    {"sensors", TOP_LATER, NULL, NULL},
    {"type", TOP_LATER, NULL, NULL},
};

const size_t top_key_count = COUNT_OF(top_keys);
