"""ground.py - what the trust tests stand on: the program, a real engine and this machine, seen without the program.

Nothing here asks berth what is there. The engine is asked through its own socket, and this machine through /proc.
"""
import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Commands run in folders of their own: "build/berth" is meant from here.
BERTH = os.environ.get("BERTH", "") and str(pathlib.Path(os.environ["BERTH"]).resolve())
DOCKER = os.environ.get("BERTH_TEST_DOCKER", "")
STOP_AT = str(pathlib.Path(BERTH).parent / "tests" / "stop-at")
CLAIMS = pathlib.Path("/run/berth") if os.geteuid() == 0 else None
OWNER = "trust-tests"
KILLED = 137


class Wrong(Exception):
    """What is not as promised."""


def wrong_unless(good, words):
    if not good:
        raise Wrong(words)


def until(seconds, condition):
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


# --- a Docker engine --------------------------------------------------------------------------------------------


class OverSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """The engine itself, past berth and past whatever is put between."""

    def __init__(self, address=DOCKER):
        self.path = address.removeprefix("unix://")

    def ask(self, method, path, body=None):
        connection = OverSocket(self.path)
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status >= 400 and answer.status != 404:
            raise Wrong(f"the engine says {answer.status} to {method} {path}: {said[:200]!r}")
        return json.loads(said) if said.strip() and answer.status < 400 else None

    @staticmethod
    def labelled(app):
        return urllib.parse.quote(json.dumps({"label": [f"berth.app={app}"]}))

    def containers(self, app):
        return self.ask("GET", f"/containers/json?all=1&filters={self.labelled(app)}")

    def networks(self, app):
        return self.ask("GET", f"/networks?filters={self.labelled(app)}")

    def volumes(self, app):
        return self.ask("GET", f"/volumes?filters={self.labelled(app)}")["Volumes"] or []

    def all_volumes(self):
        return {volume["Name"] for volume in self.ask("GET", "/volumes")["Volumes"] or []}

    def look(self, container):
        """Its variables, and network -> (whether it has an address there, its names there)."""
        seen = self.ask("GET", f"/containers/{container}/json")
        if not seen:
            return [], {}
        networks = {name: (bool(at.get("IPAddress")), at.get("Aliases") or [])
                    for name, at in seen["NetworkSettings"]["Networks"].items()}
        return seen["Config"].get("Env") or [], networks

    def forget(self, app):
        """Removes all of it, for when berth could not."""
        things = [f"/containers/{container['Id']}?force=1&v=1" for container in self.containers(app)]
        things += [f"/networks/{network['Id']}" for network in self.networks(app)]
        things += [f"/volumes/{volume['Name']}?force=1" for volume in self.volumes(app)]
        for thing in things:
            try:
                self.ask("DELETE", thing)
            except Wrong:
                pass

    def lost_count(self, app, said):
        """Engines of this age at times count endpoints that are not there, and keep such a network until they are restarted."""
        networks = [self.ask("GET", f"/networks/{network['Id']}") for network in self.networks(app)]
        lost = "has active endpoints" in said.errors and not self.containers(app) and not any(n["Containers"] for n in networks)
        if lost:
            print(f"# the engine lost count of the network of {app}, which nobody uses", flush=True)
        return lost

    def of(self, app):
        """Everything that carries the application's mark or name, as lines."""
        found = [f"container {c['Names'][0][1:]} {c['State']}" for c in self.containers(app)]
        found += [f"network {n['Name']}" for n in self.networks(app)]
        found += [f"volume {v['Name']}" for v in self.volumes(app)]
        return sorted(found)


# --- this machine -----------------------------------------------------------------------------------------------


def environment_of(pid):
    try:
        pairs = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(pair.decode(errors="replace").partition("=")[::2] for pair in pairs if b"=" in pair)


def processes(app):
    """pid -> environment of all processes that carry the application's mark: keepers and what they keep."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            environment = environment_of(entry)
            tree = environment.get("BERTH_TREE", "")
            if environment.get("BERTH_APP") == app or tree.startswith(app + "."):
                found[int(entry)] = environment
    return found


def end_processes(app):
    for pid in processes(app):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


# --- the program ------------------------------------------------------------------------------------------------


class Said:
    def __init__(self, command, code, out, errors):
        self.command, self.code, self.out, self.errors = command, code, out, errors

    def __str__(self):
        told = "\n".join((self.out + self.errors).strip().splitlines()[-8:])
        return f"`berth {' '.join(self.command)}` ended with {self.code}:\n{told}"


class Deployer:
    """Somebody on a machine, with a state folder and an owner's name."""

    def __init__(self, folder, owner=OWNER, locations=None):
        self.folder, self.owner = pathlib.Path(folder), owner
        self.folder.mkdir(parents=True, exist_ok=True)
        self.locations = locations or {"engine": f"docker:{DOCKER}", "here": "localhost"}

    def environment(self, traced=False):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DOCKER_", "BERTH_"))}
        for name in ("state", "config", "run"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        # Where the counters are summed a killed program must not leave half a file.
        inherited["GCOV_PREFIX"] = str(self.folder / "counters")
        if traced:  # then it cannot look for leaks
            inherited["ASAN_OPTIONS"] = inherited.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        return inherited | {
            "XDG_STATE_HOME": str(self.folder / "state"), "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"), "DOCKER_CONFIG": str(self.folder / "config.docker"),
            "NO_COLOR": "1", "BERTH_OWNER": self.owner, "BERTH_PROGRESS": "plain"}

    def command(self, *arguments, bound=True):
        places = [part for name, spec in self.locations.items() for part in ("--location", f"{name}={spec}")]
        return [BERTH, *arguments, *(places if bound else [])]

    def start(self, *arguments, before=(), bound=True):
        return subprocess.Popen([*before, *self.command(*arguments, bound=bound)], env=self.environment(bool(before)), cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                errors="replace")

    def wait(self, child, arguments, seconds=240):
        try:
            out, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, errors = child.communicate()
            raise Wrong(f"`berth {' '.join(arguments)}` does not end within {seconds} s:\n{(out + errors)[-800:]}") from None
        return Said(arguments, child.returncode, out, errors)

    def berth(self, *arguments, seconds=240, bound=True):
        return self.wait(self.start(*arguments, bound=bound), arguments, seconds)

    def good(self, *arguments, **how):
        said = self.berth(*arguments, **how)
        wrong_unless(said.code == 0, str(said))
        return said

    def killed_at(self, call, *arguments, calls=None):
        """Killed at that call of those that leave it; 0: none, they are only counted."""
        calls = calls or str(self.folder / "calls")
        said = self.wait(self.start(*arguments, before=(STOP_AT, "-l", calls, "-x", str(self.folder / "counters"), str(call))), arguments)
        with open(calls, encoding="utf-8", errors="replace") as lines:
            made = lines.read().splitlines()
        return said, made

    def killed_after(self, seconds, *arguments):
        child = self.start(*arguments)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
        return self.wait(child, arguments)

    def lose_store(self):
        shutil.rmtree(self.folder / "state" / "berth", ignore_errors=True)

    def lose_records(self):
        for file in (self.folder / "state" / "berth").glob("berth.db*"):
            file.unlink(missing_ok=True)

    def write(self, name, blueprint):
        path = self.folder / name
        path.write_text(json.dumps(blueprint, indent=1), encoding="utf-8")
        return str(path)


# --- what is wanted, and whether it is so -----------------------------------------------------------------------


def web(name, version="1", **more):
    """A container that answers at once and ends at once; replaced start-first."""
    return {"type": "docker:busybox:latest", "id": name, "location": "engine", "command": "exec httpd -f -p 80",
            "openPorts": [80], "stopSignal": "KILL", "env": {"VERSION": version}, **more}


def store(name, version="1", **more):
    """One with data, so that it is replaced stop-first."""
    return web(name, version, volumes=["data:/data"], **more)


def process(name, version="1", **more):
    return {"type": "process", "id": name, "location": "here", "command": "exec sleep 1000", "env": {"VERSION": version}, **more}


def application(app, *components):
    return {"id": app, "services": list(components)}


def wanted_instances(blueprint):
    """name -> (location, version)"""
    return {f"{blueprint['id']}.{component['id']}.{ordinal}": (component["location"], component["env"]["VERSION"])
            for component in blueprint["services"] for ordinal in range(1, component.get("instances", 1) + 1)}


class Ground:
    """One application on one engine and this machine."""

    def __init__(self, app, engine):
        self.app, self.engine = app, engine

    def instances(self):
        """(name, location, version, whether it runs) of all that is there, doubles included."""
        found = []
        for container in self.engine.containers(self.app):
            name = container["Names"][0][1:]
            variables, _ = self.engine.look(container["Id"])
            version = [v[8:] for v in variables if v.startswith("VERSION=")]
            found.append((name, "engine", "".join(version), container["State"] == "running"))
        kept = processes(self.app)
        for pid, environment in kept.items():
            if "BERTH_RUN" not in environment:
                continue
            name = f"{self.app}.{environment['BERTH_COMPONENT']}.{environment['BERTH_INSTANCE']}"
            # What it keeps names it by its number and its beginning.
            children = [e for e in kept.values() if f":{pid}." in e.get("BERTH_TREE", "")]
            found.append((name, "here", "".join(sorted({e.get("VERSION", "") for e in children})), bool(children)))
        beside = [e["BERTH_TREE"] for e in kept.values()
                  if "BERTH_TREE" in e and int(e["BERTH_TREE"].partition(":")[2].partition(".")[0]) not in kept]
        found += [(tree, "here", "without a keeper", True) for tree in beside]
        return sorted(found)

    def of_machine(self, folder):
        """Processes and what lies in files, as lines."""
        found = [f"process {pid} {e.get('BERTH_TREE') or e.get('BERTH_RUN')}" for pid, e in processes(self.app).items()]
        for claims in (CLAIMS, folder / "run" / "berth"):
            if claims and claims.is_dir():
                found += [f"file {file}" for file in claims.glob(f"{self.app}.*") if file.suffix != ".lock"]
        if (folder / "state" / "berth" / "run" / self.app).exists():
            found += [f"file {file}" for file in (folder / "state" / "berth" / "run" / self.app).rglob("*")]
        return sorted(found)

    def as_wanted(self, blueprint, running=True):
        wanted = sorted((name, *rest, running) for name, rest in wanted_instances(blueprint).items())
        there = self.instances()
        wrong_unless(there == wanted, f"there is {there}, wanted is {wanted}")
        self.nothing_beside(blueprint)
        if running:
            self.on_its_network()

    def on_its_network(self):
        """Each container has its address there, its own name and the one it shares with its like."""
        for container in self.engine.containers(self.app):
            name = container["Names"][0][1:]
            _, networks = self.engine.look(container["Id"])
            address, names = networks.get(f"berth.{self.app}", (False, []))
            shared = name.rpartition(".")[0]
            wrong_unless(address and shared in names and set(networks) == {f"berth.{self.app}"},
                         f"{name} is on the networks {networks}, without the name {shared}")

    def nothing_beside(self, blueprint):
        """One network, one claim, data; no lease, no helper, no nameless volume."""
        on_engine = any(component["location"] == "engine" for component in blueprint["services"])
        networks = [network["Name"] for network in self.engine.networks(self.app)]
        wrong_unless(networks == [f"berth.{self.app}"] * on_engine or not on_engine and len(networks) <= 1,
                     f"the networks are {networks}")
        volumes = sorted(volume["Name"] for volume in self.engine.volumes(self.app))
        known = {f"berth.claim.{self.app}", f"{self.app}.data"}
        wrong_unless(set(volumes) <= known and (f"berth.claim.{self.app}" in volumes or not on_engine),
                     f"the volumes are {volumes}")

    def nothing(self, folder, data=False):
        left = self.engine.of(self.app) + self.of_machine(folder)
        if data:
            left = [line for line in left if line != f"volume {self.app}.data"]
        wrong_unless(not left, f"this is left: {left}")

    def ends(self, deployer, *flags):
        """Destroyed, with its data; then nothing of it is left."""
        said = deployer.berth("destroy", self.app, "-y", "--volumes", *flags)
        if said.code == 1 and self.engine.lost_count(self.app, said):
            return
        # A killed one may have come to its end.
        wrong_unless(said.code == 0 or said.code == 1 and "nothing" in said.errors, str(said))
        self.nothing(deployer.folder)

    def forget(self):
        end_processes(self.app)
        if DOCKER:
            self.engine.forget(self.app)
        if CLAIMS and CLAIMS.is_dir():
            for file in CLAIMS.glob(f"{self.app}.*"):
                file.unlink(missing_ok=True)


def settled(deployer, file):
    """The next deploy has nothing to do."""
    said = deployer.berth("plan", file, "--detailed-exitcode")
    wrong_unless(said.code == 0, f"the next deploy would change something: {said}")


# --- scripts ----------------------------------------------------------------------------------------------------


class Report:
    """`ok` and `not ok` lines, one for each of what many tries were about."""

    def __init__(self, name):
        self.name, self.failed, self.lock = name, 0, threading.Lock()

    def line(self, what, trouble=None):
        with self.lock:
            print(f"{'not ok' if trouble else 'ok'} - {self.name}: {what}")
            for line in (trouble or "").splitlines()[:24]:
                print(f"#   {line}")
            sys.stdout.flush()
            self.failed += bool(trouble)

    def attempt(self, what, function, *arguments):
        try:
            function(*arguments)
            self.line(what)
        except Wrong as trouble:
            self.line(what, str(trouble))
        except Exception:  # of one try; the others go on
            self.line(what, traceback.format_exc())

    def each(self, jobs, tries):
        """(words, function, arguments...) side by side."""
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            try:
                list(pool.map(lambda one: self.attempt(*one), tries))
            except BaseException:
                # Interrupted: what has not begun does not begin, and what there is is removed.
                pool.shutdown(cancel_futures=True)
                raise


def of_the_day():
    """A number that changes from day to day, so that what is thinned out today is tried tomorrow."""
    return int(time.time() // 86400)


def arguments_of(words, engine=True, **more):
    parser = argparse.ArgumentParser(description=words.splitlines()[0], epilog="BERTH is the program and BERTH_TEST_DOCKER "
                                     "the engine, as for tests/real; `scripts/bed run` sets the latter.")
    parser.add_argument("--jobs", type=int, default=2, help="how many side by side (2)")
    for name, (default, help_words) in more.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default,
                            help=f"{help_words} ({default})")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not BERTH or engine and not DOCKER:
        parser.error("BERTH and BERTH_TEST_DOCKER are to be set" if engine else "BERTH is to be set")
    for program in (BERTH, STOP_AT):
        if not os.access(program, os.X_OK):
            parser.error(f"there is no program {program}: build with -DBERTH_TESTS=ON")
    return given


class Work:
    """A folder of this run, and the applications' names in it; both gone at the end when all was well."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"berth-{name}."))
        self.apps, self.mark, self.engine = [], f"{name[:4]}{os.getpid()}", Engine()
        self.lock = threading.Lock()

    def ground(self, number):
        app = f"{self.mark}x{number}"
        with self.lock:
            self.apps.append(app)
        return Ground(app, self.engine), self.folder / app

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for app in self.apps:
            Ground(app, self.engine).forget()
        shutil.rmtree(self.folder, ignore_errors=True)


def chance(seed, number):
    return random.Random(f"{seed}/{number}")


__all__ = [name for name in dir() if not name.startswith("_") and name not in ("argparse", "concurrent")] + ["re"]
