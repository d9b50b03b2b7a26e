"""What answers show of apps, groups, the queue and deployments."""

import time

import normal
import tree
from agents import REASONS
from instances import counts

PREFIXES = ("group.apps.", "apps.", "app.", "")
KINDS = ("tasks", "counts", "deployments", "readiness", "lastTaskFailure", "failures", "taskStats")


def embeds(values, *always):
    out = set(always)
    for value in values:
        for prefix in PREFIXES:
            if value.startswith(prefix) and value[len(prefix) :] in KINDS:
                out.add(value[len(prefix) :])
                break
    if "failures" in out:
        out |= {"lastTaskFailure", "tasks", "counts", "deployments"}
    return out


def app_info(world, app, embed):
    out = normal.emitted(app)
    mine = world.of(app["id"])
    shown = [each for each in mine if each.listed()]
    if "counts" in embed:
        out |= counts(mine)
    if "deployments" in embed:
        out["deployments"] = [{"id": each} for each in world.deployments.of(app["id"])]
    if "readiness" in embed:
        out["readinessCheckResults"] = world.readiness_of(app["id"])
    if "tasks" in embed:
        out["tasks"] = [each.task() for each in shown]
    if "lastTaskFailure" in embed and app["id"] in world.failures:
        out["lastTaskFailure"] = world.failures[app["id"]]
    if "taskStats" in embed:
        out["tasksStats"] = task_stats(app, shown)
    return out


def task_stats(app, instances):
    info = app["versionInfo"]
    groups = {
        "startedAfterLastScaling": [each for each in instances if each.version >= info["lastScalingAt"]],
        "withLatestConfig": [each for each in instances if each.version >= info["lastConfigChangeAt"]],
        "withOutdatedConfig": [each for each in instances if each.version < info["lastConfigChangeAt"]],
        "totalSummary": instances,
    }
    return {name: {"stats": stats(group)} for name, group in groups.items() if group}


def stats(instances):
    shown = counts(instances)
    out = {
        "counts": {name: shown["tasks" + name.capitalize()] for name in ("staged", "running", "healthy", "unhealthy")}
    }
    lives = sorted(time.time() - each.statuses[-1][1] for each in instances if each.started and each.statuses)
    if lives:
        out["lifeTime"] = {
            "averageSeconds": round(sum(lives) / len(lives), 3),
            "medianSeconds": round(lives[len(lives) // 2], 3),
        }
    return out


def group_info(world, group, embed, apps, groups, pods=True):
    """A group, with what was asked for of the things below it."""
    out = {"id": group["id"]}
    if apps:
        out["apps"] = [app_info(world, app, embed) for app in group["apps"].values()]
    if pods:
        out["pods"] = list(group["pods"].values())
    if groups:
        out["groups"] = [group_info(world, each, embed, apps, True, pods) for each in group["groups"].values()]
    out |= {"dependencies": group["dependencies"], "version": group["version"]}
    if tree.top_level(group["id"]):
        out["enforceRole"] = bool(group["enforceRole"])
    return out


# --- the queue ------------------------------------------------------------------------------------------------------


def queue(world, offers):
    waiting = {}
    for each in world.instances.values():
        if each.waiting() or each.condition == "Provisioned":
            waiting.setdefault(each.app_id, []).append(each)
    return {"queue": [queue_item(world, mine[0].app, len(mine), offers) for mine in waiting.values()]}


def queue_item(world, app, count, offers):
    launcher = world.launcher
    told = launcher.stats.setdefault(app["id"], launcher.fresh_stats())
    left = launcher.delays.get(launcher.key(app), [0, 0, 0])[1] - time.monotonic()
    summary = {"processedOffersCount": told["processed"], "unusedOffersCount": told["unused"]}
    if told["at"]:
        summary["lastUnusedOfferAt"] = told["at"]
    if told["used_at"]:
        summary["lastUsedOfferAt"] = told["used_at"]
    summary["rejectSummaryLastOffers"] = rejects(told["last_refused"], told["last_seen"])
    summary["rejectSummaryLaunchAttempt"] = rejects(told["refused"], told["seen"])
    out = {
        "count": count,
        "role": app["role"],
        "delay": {"timeLeftSeconds": max(0, int(left + 0.999)), "overdue": left < 0},
        "since": told["since"],
        "processedOffersSummary": summary,
    }
    if offers:
        out["lastUnusedOffers"] = list(told["offers"].values())
    current = world.app(app["id"]) or app
    return out | {"app": normal.emitted(current)}


def rejects(refused, seen):
    return [{"reason": reason, "declined": refused[reason], "processed": seen[reason]} for reason in REASONS]


# --- label selectors ------------------------------------------------------------------------------------------------


def selector(text):
    """A function of labels, or None when the text is no selector."""
    tests = []
    for part in split(text):
        test = one_test(part.strip())
        if test is None:
            return None
        tests.append(test)
    return lambda labels: all(test(labels) for test in tests)


def split(text):
    """At the commas that stand in no parentheses."""
    part, depth = "", 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            yield part
            part = ""
        else:
            part += letter
    yield part


def one_test(part):
    for sign in ("!=", "=="):
        if sign in part:
            key, value = (each.strip() for each in part.split(sign, 1))
            if not key or not value:
                return None
            wanted = sign == "=="
            return lambda labels: (labels.get(key) == value) == wanted if wanted else labels.get(key, value) != value
    for word in (" notin ", " in "):
        if word in part and part.endswith(")"):
            key, values = part.split(word, 1)
            among = {each.strip() for each in values.strip().strip("()").split(",")}
            name = key.strip()
            if word == " in ":
                return lambda labels: labels.get(name) in among
            return lambda labels: name in labels and labels[name] not in among
    if not part or " " in part or "=" in part:
        return None
    return lambda labels: part in labels
