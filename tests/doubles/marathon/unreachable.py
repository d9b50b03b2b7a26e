"""Agents that are lost from sight, and found again, with the tasks that ran there all the while."""

from instances import ACTIVE
from tree import stamp


def lost(world, agent):
    """Mesos has not heard of an agent for too long: its tasks go on, unseen."""
    for instance in list(world.instances.values()):
        if instance.agent is not agent or instance.condition not in ACTIVE or instance.goal != "Running":
            continue
        strategy = instance.app["unreachableStrategy"]
        at_once = (
            isinstance(strategy, dict) and not strategy["inactiveAfterSeconds"] and not strategy["expungeAfterSeconds"]
        )
        tell(
            world,
            instance,
            "TASK_UNREACHABLE",
            "UnreachableInactive" if at_once else "Unreachable",
            "health check timed out",
        )
        if at_once:
            world.instances.pop(instance.id, None)
            world.orphans.append(instance)
            instance.goal = "Decommissioned"
            world.launcher.schedule(instance.app, 1)


def found(world, agent):
    """The agent is back: what was replaced meanwhile is killed, the rest runs as before."""
    for instance in [each for each in world.orphans if each.agent is agent and each.condition == "UnreachableInactive"]:
        instance.condition, instance.wiped = "Running", True
        world.launcher.kill(instance)
    for instance in [
        each for each in world.instances.values() if each.agent is agent and each.condition == "Unreachable"
    ]:
        tell(world, instance, "TASK_RUNNING", "Running", "Unreachable agent re-reregistered")


def tell(world, instance, state, condition, message):
    instance.condition = condition
    world.bus.publish(
        "status_update_event",
        slaveId=instance.agent.id,
        taskId=instance.task_id,
        taskStatus=state,
        message=message,
        appId=instance.app_id,
        host=instance.agent.host,
        ipAddresses=[{"ipAddress": each, "protocol": "IPv4"} for each in instance.addresses],
        ports=list(instance.ports),
        version=instance.version,
        timestamp=stamp(),
    )
    world.launcher.changed(instance)
