"""The small resources that tell of Marathon itself."""

import json
import os
import resource
import threading
import time

from wire import Answer

VERSION = "1.11.26"
RAML = "#%RAML 1.0\ntitle: the double of a Marathon\nversion: 2.0\nmediaType: application/json\nbaseUri: ../\n"


def ping(request):
    accepts = request.accepts or ["*/*"]
    vary = [("Vary", "Accept")]
    for accept in accepts:
        if accept in ("text/plain", "*/*", "text/*"):
            return Answer(200, b"pong", vary, content_type="text/plain") if accept != "text/html" else None
        if accept == "text/html":
            return Answer(200, b"pong", vary, content_type="text/html")
        if accept == "application/json":
            return Answer(200, b'"pong"', vary, content_type="application/json")
    return Answer(204)


def public(request):
    if request.path != "/public/api/api.raml":
        return Answer.json(404, {"message": "URI not found"})
    return Answer(200, RAML.encode(), [("Last-Modified", "Sat, 21 Nov 2026 08:15:32 GMT"), ("Accept-Ranges", "bytes")])


def info(world):
    options = world.options
    mesos = options.mesos or "127.0.0.1:5050"
    config = {
        "access_control_allow_origin": None,
        "checkpoint": True,
        "decline_offer_duration": 120000,
        "default_network_name": None,
        "env_vars_prefix": None,
        "executor": "//cmd",
        "failover_timeout": 604800,
        "features": [],
        "framework_name": "marathon",
        "ha": True,
        "hostname": options.leader.split(":")[0],
        "launch_token": 100,
        "launch_token_refresh_interval": 30000,
        "leader_proxy_connection_timeout_ms": 5000,
        "leader_proxy_read_timeout_ms": 10000,
        "local_port_max": 20000,
        "local_port_min": 10000,
        "master": mesos,
        "max_instances_per_offer": 5,
        "mesos_bridge_name": "mesos-bridge",
        "mesos_heartbeat_failure_threshold": 5,
        "mesos_heartbeat_interval": 15000,
        "mesos_leader_ui_url": f"http://{mesos}/",
        "mesos_role": "*",
        "mesos_user": "root",
        "new_group_enforce_role": "Off",
        "min_revive_offers_interval": 5000,
        "offer_matching_timeout": 3000,
        "on_elected_prepare_timeout": 180000,
        "reconciliation_initial_delay": 15000,
        "reconciliation_interval": 600000,
        "scale_apps_initial_delay": 15000,
        "scale_apps_interval": 300000,
        "store_cache": True,
        "task_launch_confirm_timeout": 300000,
        "task_launch_timeout": 300000,
        "task_lost_expunge_initial_delay": 300000,
        "task_lost_expunge_interval": 30000,
        "task_reservation_timeout": 20000,
        "webui_url": None,
        "maintenance_mode": True,
    }
    return {
        "name": "marathon",
        "version": options.version,
        "buildref": "double",
        "elected": True,
        "leader": options.leader,
        "frameworkId": world.framework,
        "marathon_config": config,
        "zookeeper_config": {
            "zk": "zk://127.0.0.1:2181/marathon",
            "zk_compression": True,
            "zk_compression_threshold": 65536,
            "zk_connection_timeout": 10000,
            "zk_max_node_size": 1024000,
            "zk_max_versions": 50,
            "zk_session_timeout": 10000,
            "zk_timeout": 10000,
        },
        "http_config": {"http_port": int(options.leader.rsplit(":", 1)[1]), "https_port": 8443},
    }


def counters(api):
    world = api.world
    used = sum(world.launcher.used.values())
    return {
        "marathon.deployments.counter": len(world.roots) - 1,
        "marathon.tasks.launched.counter": used,
        "marathon.mesos.offers.used.counter": used,
        "marathon.mesos.offers.incoming.counter": world.launcher.offers + used,
        "marathon.mesos.offers.declined.counter": world.launcher.offers,
    }


def gauges(api):
    import tree

    world = api.world
    mine = list(world.instances.values())
    return {
        "marathon.apps.active.gauge": len(tree.apps(world.root)),
        "marathon.groups.active.gauge": sum(1 for _ in tree.walk(world.root)),
        "marathon.deployments.active.gauge": len(world.deployments.running),
        "marathon.instances.running.gauge": sum(each.condition == "Running" for each in mine),
        "marathon.instances.staged.gauge": sum(each.condition in ("Provisioned", "Starting") for each in mine),
        "marathon.http.event-streams.active.gauge": len(world.bus.streams),
        "marathon.uptime.gauge.seconds": time.time() - world.begun,
        "marathon.jvm.threads.active.gauge": threading.active_count(),
        "marathon.jvm.memory.total.used.gauge.bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0,
        "marathon.leadership.duration.gauge.seconds": time.time() - world.begun,
        "marathon.process.gauge": os.getpid(),
    }


def metrics(api):
    zero = dict.fromkeys(("m1_rate", "m5_rate", "m15_rate", "mean_rate"), 0.0)
    timing = {
        "count": 0,
        **dict.fromkeys(("min", "mean", "max", "p50", "p75", "p95", "p98", "p99", "p999", "stddev"), 0.0),
        **zero,
        "duration_units": "seconds",
        "rate_units": "calls/second",
    }
    return {
        "version": "4.0.0",
        "counters": {name: {"count": value} for name, value in counters(api).items()},
        "gauges": {name: {"value": value} for name, value in gauges(api).items()},
        "histograms": {},
        "meters": {
            f"marathon.http.responses.{kind}.rate.meter": {
                "count": api.counted.get(kind, 0),
                **zero,
                "units": "events/second",
            }
            for kind in ("1xx", "2xx", "3xx", "4xx", "5xx")
        },
        "timers": {
            f"marathon.http.requests.{method}.duration.timer.seconds": timing
            for method in ("get", "put", "post", "delete", "head", "options", "move", "other")
        },
    }


def prometheus(api):
    lines = []
    for kind, values in (("counter", counters(api)), ("gauge", gauges(api))):
        for name, value in values.items():
            name = name.replace(".", "_").replace("-", "_")
            lines += [f"# TYPE {name} {kind}", f"{name} {json.dumps(value)}"]
    return Answer(200, ("\n".join(lines) + "\n").encode(), content_type="text/plain")
