/* limits.c - what of a container can be changed in place: its limits and its restart policy. */
#include <stdio.h>
#include <string.h>

#include "simulation/docker/model.h"

#define MEMORY_MIN 6291456
#define CPUS       2

const char *limits_wrong(const json_t *body, char *ret, size_t size)
{
	int64_t memory = json_number(body, "Memory", 0), swap = json_number(body, "MemorySwap", 0);
	int64_t cpus = json_number(body, "NanoCpus", 0), quota = json_number(body, "CpuQuota", 0);
	int64_t period = json_number(body, "CpuPeriod", 0);

	*ret = '\0';
	if (memory && memory < MEMORY_MIN)
		snprintf(ret, size, "Minimum memory limit allowed is 6MB");
	else if (memory > 0 && swap > 0 && swap < memory)
		snprintf(ret, size, "Minimum memoryswap limit should be larger than memory limit, see usage");
	else if (cpus > 0 && period > 0)
		snprintf(ret, size, "Conflicting options: Nano CPUs and CPU Period cannot both be set");
	else if (cpus > 0 && quota > 0)
		snprintf(ret, size, "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	else if (cpus < 0 || cpus > CPUS * INT64_C(1000000000))
		snprintf(ret, size,
			 "Range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", CPUS,
			 CPUS);
	else if (quota > 0 && quota < 1000)
		snprintf(ret, size, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	return *ret ? ret : NULL;
}

void limits_read(struct container *container, const json_t *body)
{
	static const struct {
		const char *key;
		size_t at;
	} numbers[] = {
	    {"Memory", offsetof(struct container, memory)},
	    {"MemorySwap", offsetof(struct container, memory_swap)},
	    {"NanoCpus", offsetof(struct container, nano_cpus)},
	    {"CpuQuota", offsetof(struct container, cpu_quota)},
	    {"CpuPeriod", offsetof(struct container, cpu_period)},
	};
	const json_t *policy = json_object_get(body, "RestartPolicy");
	const char *name = json_text(policy, "Name");

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		int64_t number = json_number(body, numbers[i].key, 0);
		if (number)
			*(int64_t *)(void *)((char *)container + numbers[i].at) = number;
	}
	if (!name || !*name)
		return;
	snprintf(container->restart_policy, sizeof(container->restart_policy), "%s", name);
	container->max_retries = json_number(policy, "MaximumRetryCount", 0);
}

const char *restart_policy_wrong(const json_t *policy, bool auto_remove, char *ret, size_t size)
{
	static const char *const known[] = {"", "no", "always", "unless-stopped", "on-failure"};
	const char *name = json_text(policy, "Name") ?: "";
	bool retries = json_number(policy, "MaximumRetryCount", 0) != 0, found = false;

	*ret = '\0';
	for (size_t i = 0; i < COUNT_OF(known); i++)
		found |= !strcmp(name, known[i]);
	if (auto_remove && *name && strcmp(name, "no") != 0)
		snprintf(ret, size, "can't create 'AutoRemove' container with restart policy");
	else if (!found)
		snprintf(ret, size, "invalid restart policy '%s'", name);
	else if (retries && strcmp(name, "on-failure") != 0 && *name)
		snprintf(ret, size, "maximum retry count cannot be used with restart policy '%s'", name);
	return *ret ? ret : NULL;
}

/* Why what is there cannot be changed in that way. */
static const char *cannot_change(const struct container *container, const json_t *body)
{
	const char *policy = json_text(json_object_get(body, "RestartPolicy"), "Name");
	int64_t cpus = json_number(body, "NanoCpus", 0);

	if (cpus > 0 && container->cpu_period > 0)
		return "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set";
	if (cpus > 0 && container->cpu_quota > 0)
		return "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set";
	if (json_number(body, "CpuPeriod", 0) > 0 && container->nano_cpus > 0)
		return "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set";
	if (json_number(body, "CpuQuota", 0) > 0 && container->nano_cpus > 0)
		return "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set";
	if (json_number(body, "Memory", 0) > container->memory_swap && !json_number(body, "MemorySwap", 0))
		return "Memory limit should be smaller than already set memoryswap limit, update the "
		       "memoryswap at the same time";
	if (policy && *policy && strcmp(policy, "no") != 0 && container->auto_remove)
		return "Restart policy cannot be updated because AutoRemove is enabled for the container";
	return NULL;
}

void update_asked(struct call *call)
{
	const json_t *body = call_body(call);
	char words[200];

	if (!body)
		return;
	struct container *container = container_of_call(call);
	if (!container)
		return;
	if (restart_policy_wrong(json_object_get(body, "RestartPolicy"), false, words, sizeof(words)) ||
	    limits_wrong(body, words, sizeof(words))) {
		refuse(call, 400, "%s", words);
		return;
	}
	const char *why = container->removing ? "Container is marked for removal and cannot be \"update\"."
					      : cannot_change(container, body);
	if (!why && container->unnoticed)
		why = "cannot update a stopped container: unknown";
	if (why) {
		bool conflict = !container->removing && !container->unnoticed;
		refuse(call, conflict ? 409 : 500, "Cannot update container %s: %s", container->id, why);
		return;
	}
	struct text told = {0};
	limits_read(container, body);
	note_listed(container);
	container_event(container, "update", NULL, NULL);
	text_add(&told, "{\"Warnings\":null}");
	answer(call, 200, &told);
}
