/* bench.c - the bench of the policies' tests. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const member_names[BENCH_MEMBERS] = {"app.x.1", "app.x.2", "app.x.3", "app.x.4",
							"app.x.5", "app.x.6", "app.x.7", "app.x.8"};

static struct policy_set *set_of(const char *policies, struct error *err)
{
	json_error_t wrong;
	json_t *list = json_loads(policies, 0, &wrong), *item;
	struct policy_spec specs[8];
	size_t i, count = 0;

	cr_assert(list, "%s: %s", policies, wrong.text);
	json_array_foreach (list, i, item) {
		specs[count].type = json_string_value(json_object_get(item, "type"));
		json_t *config = json_copy(item);
		json_object_del(config, "type");
		specs[count++].config = config;
	}
	struct policy_set *set = policy_set_new(specs, count, err);
	for (i = 0; i < count; i++)
		json_decref((json_t *)specs[i].config);
	json_decref(list);
	return set;
}

void bench_begin(struct bench *bench, const char *policies, size_t members)
{
	struct error err = {0};

	*bench = (struct bench){.now = 1000000,
				.state = LIFE_RUNNING,
				.up = true,
				.member_count = members,
				.size = (int64_t)members};
	bench->set = set_of(policies, &err);
	cr_assert(bench->set, "%s", err.text);
	for (size_t i = 0; i < members; i++)
		bench->members[i] = (struct member_sense){.name = member_names[i],
							  .expected = LIFE_RUNNING,
							  .up = UP_YES,
							  .endpoint = "127.0.0.1:80"};
}

void bench_end(struct bench *bench)
{
	policy_set_free(bench->set);
	arena_release(&bench->arena);
	*bench = (struct bench){0};
}

struct error bench_refuses(const char *policies)
{
	struct error err = {0};
	struct policy_set *set = set_of(policies, &err);

	cr_assert_null(set, "%s", policies);
	return err;
}

void bench_restart(struct bench *bench, const char *policies)
{
	struct error err = {0};
	json_t *saved = policy_set_save(bench->set);
	char *text = json_dumps(saved, 0);

	json_decref(saved);
	policy_set_free(bench->set);
	bench->set = set_of(policies, &err);
	saved = json_loads(text, 0, NULL);
	cr_assert_eq(policy_set_restore(bench->set, saved, &err), 0, "%s", err.text);
	json_decref(saved);
	free(text);
}

void bench_step(struct bench *bench)
{
	struct error err;
	struct senses senses = {
	    .members = bench->members,
	    .member_count = bench->member_count,
	    .signals = bench->signals,
	    .signal_count = bench->signal_count,
	    .outcomes = bench->outcomes,
	    .outcome_count = bench->outcome_count,
	    .samples = bench->samples,
	    .sample_count = bench->sample_count,
	    .size = bench->size,
	    .chance = bench->chance,
	    .zone_ms = bench->zone_ms,
	    .state = bench->state,
	    .up = bench->up,
	};

	arena_release(&bench->arena);
	cr_assert_eq(policy_set_step(bench->set, &senses, bench->now, &bench->arena, &bench->wishes, &err),
		     0);
	bench->outcome_count = bench->signal_count = bench->sample_count = 0;
}

void bench_pass(struct bench *bench, int64_t ms)
{
	int64_t until = bench->now + ms;

	while (bench->wishes.next_ms <= until) {
		cr_assert_gt(bench->wishes.next_ms, bench->now,
			     "it asks to be called at once, again and again");
		bench->now = bench->wishes.next_ms;
		bench_step(bench);
		if (bench->wishes.count && bench->now < until)
			return;
	}
	bench->now = until;
	bench_step(bench);
}

const struct wish *bench_wish(const struct bench *bench, enum wish_kind kind, const char *member)
{
	for (size_t i = 0; i < bench->wishes.count; i++) {
		const struct wish *wish = &bench->wishes.list[i];
		if (wish->kind == kind && (!member || (wish->member && !strcmp(wish->member, member))))
			return wish;
	}
	return NULL;
}

size_t bench_count(const struct bench *bench, enum wish_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < bench->wishes.count; i++)
		count += bench->wishes.list[i].kind == kind;
	return count;
}

bool bench_emitted(const struct bench *bench, const char *sensor)
{
	for (size_t i = 0; i < bench->wishes.count; i++)
		if (bench->wishes.list[i].kind == WISH_SIGNAL && !strcmp(bench->wishes.list[i].what, sensor))
			return true;
	return false;
}

void bench_ended(struct bench *bench, const struct wish *wish, enum outcome_kind kind)
{
	cr_assert(wish, "there is no such wish");
	bench->outcomes[bench->outcome_count++] = (struct wish_outcome){wish->id, kind, "it would not start"};
	bench_step(bench);
}

void bench_signal(struct bench *bench, const char *sensor, const char *member)
{
	bench->signals[bench->signal_count++] = (struct policy_signal){sensor, member, NULL};
	bench_step(bench);
}

void bench_number(struct bench *bench, const char *sensor, double number)
{
	bench->samples[bench->sample_count++] =
	    (struct sample){.sensor = sensor, .kind = SAMPLE_NUMBER, .number = number};
	bench_step(bench);
}

void bench_up(struct bench *bench, size_t member, bool up)
{
	bench->members[member].up = up ? UP_YES : UP_NO;
	bench_step(bench);
}

void bench_expect(struct bench *bench, size_t member, enum lifecycle life)
{
	bench->members[member].expected = life;
	bench_step(bench);
}

size_t bench_index(const struct bench *bench, enum policy_kind kind)
{
	for (size_t i = 0; i < policy_set_count(bench->set); i++)
		if (policy_set_type(bench->set, i)->kind == kind)
			return i;
	cr_assert(false, "no such policy");
	return 0;
}

const char *bench_said(struct bench *bench, enum policy_kind kind)
{
	static char said[400];
	struct text text = {0};

	policy_set_explain(bench->set, bench_index(bench, kind), bench->now, "; ", &text);
	snprintf(said, sizeof(said), "%s", text_view(&text));
	text_release(&text);
	return said;
}
