"""Health and readiness checks of running tasks: one thread a check, for as long as the task runs."""

import http.client
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request

from engine import EngineError
from tree import stamp

MOST_BODY = 100000


class NoRedirect(urllib.request.HTTPErrorProcessor):
    """Every answer is an answer."""

    def http_response(self, request, response):
        return response

    https_response = http_response


def ask(url, timeout):
    """GET: (status, reason, content type, body). What goes wrong is raised as OSError."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(url, timeout=max(timeout, 0.1)) as answer:
            body = answer.read(MOST_BODY).decode("utf-8", "replace")
            return answer.status, answer.reason, answer.headers.get("Content-Type") or "", body
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(str(error)) from error


def address_of(instance, index, port=None):
    """Where a port of a task answers, as Marathon computes it for itself."""
    if port:
        return instance.agent.host, port
    if all(each["mode"] == "host" for each in instance.app["networks"]):
        return instance.agent.host, instance.ports[index]
    mappings = instance.app["container"]["portMappings"]
    if "hostPort" not in mappings[index]:
        return instance.addresses[0], mappings[index]["containerPort"]
    number = sum("hostPort" in each for each in mappings[:index])
    return instance.agent.host, instance.ports[number]


class Checks:
    def __init__(self, world, engine):
        self.world, self.engine = world, engine

    def watch(self, instance):
        """Begins the checks of a task that has just become Running."""
        checks = instance.app.get("healthChecks", ())
        instance.health = [None] * len(checks)
        for index, check in enumerate(checks):
            if check["protocol"] == "COMMAND" or check["protocol"].startswith("MESOS_"):
                instance.health[index] = self.blank(instance)
            self.begin(self._health, instance, index, check)
        if instance.app.get("readinessChecks") and self.world.deploying(instance.app_id):
            self.begin(self._readiness, instance, instance.app["readinessChecks"][0])

    def begin(self, what, instance, *more):
        threading.Thread(target=what, args=(instance, instance.incarnation, *more), daemon=True).start()

    @staticmethod
    def blank(instance):
        return {"alive": False, "consecutiveFailures": 0, "instanceId": f"instance [{instance.id}]"}

    def _alive(self, instance, incarnation):
        return instance.condition == "Running" and instance.incarnation == incarnation and not instance.killing

    # --- health

    def _health(self, instance, incarnation, index, check):
        begun = time.monotonic()
        mesos = check["protocol"] == "COMMAND" or check["protocol"].startswith("MESOS_")
        time.sleep(check["delaySeconds"] if mesos else 0.2)
        while True:
            with self.world.lock:
                if not self._alive(instance, incarnation):
                    return
            fault = self._probe(instance, check)
            with self.world.lock:
                if not self._alive(instance, incarnation):
                    return
                in_grace = time.monotonic() - begun < check["gracePeriodSeconds"]
                self.judge(instance, index, check, fault, in_grace)
            time.sleep(max(check["intervalSeconds"], 0.1))

    def _probe(self, instance, check):
        """None when it passes, else why not."""
        protocol = check["protocol"].removeprefix("MESOS_")
        if protocol == "COMMAND" or "command" in check:
            try:
                status = self.engine.run_in(instance.container, check["command"]["value"])
            except (EngineError, OSError) as error:
                return str(error)
            return None if status == 0 else f"Command exited with status {status}"
        host, port = address_of(instance, check.get("portIndex", 0), check.get("port"))
        timeout = check["timeoutSeconds"]
        try:
            if protocol == "TCP":
                socket.create_connection((host, port), max(timeout, 0.1)).close()
                return None
            status, reason, _, _ = ask(f"{protocol.lower()}://{host}:{port}{check.get('path', '/')}", timeout)
        except (urllib.error.URLError, OSError) as error:
            cause = getattr(error, "reason", error)
            words = "Connection refused" if "refused" in str(cause) else str(cause)
            return (
                f"Tcp command [Connect({host}/<unresolved>:{port},None,List(),Some({timeout} seconds),true)] failed "
                f"because of java.net.ConnectException: {words}"
            )
        return None if 200 <= status < 400 else f"{status} {reason}"

    def judge(self, instance, index, check, fault, in_grace):
        """One result of a check; must be called with the lock held."""
        result = dict(instance.health[index] or self.blank(instance))
        before, overall = instance.health[index], instance.healthy()
        command = check["protocol"] == "COMMAND"
        if fault is None:
            result["alive"], result["consecutiveFailures"] = True, 0
            result.setdefault("firstSuccess", stamp())
            result["lastSuccess"] = stamp()
        else:
            if in_grace and "firstSuccess" not in result and not command:
                return
            result["alive"] = False
            if not command or "firstSuccess" in result:
                result["consecutiveFailures"] += 1
                result["lastFailure"] = stamp()
                if not command:
                    result["lastFailureCause"] = fault
        instance.health[index] = result
        self.tell(instance, check, before, result, overall, fault)
        limit = check["maxConsecutiveFailures"]
        if fault is not None and limit and result["consecutiveFailures"] >= limit and not instance.killing:
            self.condemn(instance, fault)
        self.world.wake()

    def tell(self, instance, check, before, result, overall, fault):
        bus = self.world.bus
        if fault is not None:
            bus.publish("failed_health_check_event", appId=instance.app_id, taskId=instance.id, healthCheck=check)
        if before is None or before["alive"] != result["alive"]:
            bus.publish(
                "health_status_changed_event",
                appId=instance.app_id,
                instanceId=instance.id,
                version=instance.version,
                alive=result["alive"],
            )
        if instance.healthy() != overall:
            bus.publish(
                "instance_health_changed_event",
                instanceId=instance.id,
                runSpecId=instance.app_id,
                healthy=instance.healthy(),
                runSpecVersion=instance.version,
            )

    def condemn(self, instance, fault):
        launcher = self.world.launcher
        launcher.remember(instance, "TASK_KILLED", f"Task was killed since health check failed. Reason: {fault}")
        launcher.back_off(instance.app)
        self.world.bus.publish(
            "unhealthy_instance_kill_event",
            appId=instance.app_id,
            taskId=instance.task_id,
            instanceId=instance.id,
            version=instance.version,
            reason=fault,
            host=instance.agent.host,
            slaveId=instance.agent.id,
        )
        launcher.kill(instance)

    # --- readiness

    def _readiness(self, instance, incarnation, check):
        while True:
            host, port = address_of(instance, self._index(instance, check["portName"]))
            try:
                url = f"{check['protocol'].lower()}://{host}:{port}{check['path']}"
                status, _, kind, body = ask(url, check["timeoutSeconds"])
            except (urllib.error.URLError, OSError) as error:
                status, kind, body = (
                    504,
                    "text/plain",
                    f"Marathon could not query http://{host}:{port}{check['path']}: {error}",
                )
            result = {
                "name": check["name"],
                "taskId": instance.task_id,
                "ready": status in check["httpStatusCodesForReady"],
            }
            if check["preserveLastResponse"]:
                result["lastResponse"] = {"status": status, "contentType": kind, "body": body}
            with self.world.lock:
                if not self._alive(instance, incarnation):
                    return
                instance.readiness = [result]
                self.world.wake()
            if result["ready"]:
                return
            time.sleep(max(check["intervalSeconds"], 0.1))

    @staticmethod
    def _index(instance, name):
        ports = (instance.app.get("container") or {}).get("portMappings") or instance.app.get("portDefinitions")
        return next(number for number, port in enumerate(ports) if port.get("name") == name)
