/* turns.c - a running container is renamed while nothing joins or leaves its network.
 *
 * An engine counts a network's endpoints, and at the end of a renaming writes that count as it read it at the
 * beginning (Docker 20.10 does, and others). Of what joined or left meanwhile it knows nothing from then on:
 * the network of an application that is gone "has active endpoints" until the engine is started anew. */
#include <string.h>

#include "locations/docker/docker.h"

/* What takes long to end mostly waits for a program, and may be overtaken: who is renamed is waited for, too.
 */
enum { TURN_PAUSE_MS = 30, PATIENCE_MS = 3000 };

static bool flies(const struct task *task, enum turn turn)
{
	return task->turn == turn && task->calls[0].exchange;
}

bool turn_comes(const struct task *task, enum turn turn)
{
	enum turn awaited = turn == TURN_MOVES ? TURN_RENAMES : TURN_MOVES;

	if (turn == TURN_NONE || task->docker->libpod[0])
		return true;
	if (turn == TURN_RENAMES && task_now(task) - task->since_ms >= PATIENCE_MS)
		return true;
	for (const struct task *other = task->docker->tasks; other; other = other->next)
		if (flies(other, awaited) && !strcmp(other->wish.app, task->wish.app))
			return false;
	return true;
}

enum progress ask_in_turn(struct task *task, enum turn turn, const struct question *question, step *same,
			  step *next, struct error *err)
{
	if (!turn_comes(task, turn)) {
		json_decref(question->body);
		return task_pause(task, TURN_PAUSE_MS, same, err);
	}
	enum progress progress = ask(task, 0, question, next, err);
	task->turn = turn;
	return progress;
}
