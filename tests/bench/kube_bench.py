#!/usr/bin/env python3
"""Pods of Quorate against pods of bare etcd, on the cluster of tools/e2e-kube; prints one JSON object.

    tools/e2e-kube up && tools/image quorate.tar && tools/e2e-kube import quorate.tar
    tools/e2e-kube run tests/bench/kube_bench.py [--repeat 5] [--idle-s 180] [--only ready,repair,idle]

Ratios are medians of alternating runs on this machine; they are targets to look at, never gates. Both
sides are the same image, on the same nodes, with mutual TLS. Namespaces made here are deleted here.
"""

import argparse
import base64
import ctypes
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import proc

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEADLINE_S = 120
POLL_S = 0.01  # the same for both sides, so that it cancels out in a ratio
METRICS_PORT = 2381
EMBEDDED = "controlPlane.backingStore.etcd.embedded"
DEPLOYED = "controlPlane.backingStore.etcd.deploy"
LIBC = ctypes.CDLL(None, use_errno=True)


def until(what, check):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(POLL_S)  # the poll period; not a wait for a fixed time
    raise RuntimeError(f"timed out: {what}")


def run(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def kubectl(*words, check=True):
    return run("kubectl", *words, check=check)


class Process:
    """The first process of a pod's container: its start and its network, before any status tells them."""

    def __init__(self, pid):
        self.pid = pid
        self.started_at = proc.started_at_s(pid)

    def is_ready(self, path):
        """Whether the port of the probes answers 200 within the pod. Leaves this thread in the pod's network."""
        try:
            with open(f"/proc/{self.pid}/ns/net", "rb") as net:
                if LIBC.setns(net.fileno(), 0) != 0:
                    return False
            connection = http.client.HTTPConnection("127.0.0.1", METRICS_PORT, timeout=2)
            try:
                connection.request("GET", path)
                return connection.getresponse().status == 200
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return False


def process_of(uid, program):
    """None: the pod's container does not run yet."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                if comm.read().strip() != program:
                    continue
            with open(f"/proc/{pid}/cgroup", encoding="utf-8") as cgroup:
                if f"/pod{uid}/" not in cgroup.read():
                    continue
            with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                numbers = re.search(r"NSpid:\t(.*)", status.read()).group(1).split()
            if numbers[-1] == "1":
                return Process(int(pid))
        except (OSError, AttributeError):
            continue
    return None


def ready_at(uid, program, path):
    """(start of the pod's first process, when it was ready), both of CLOCK_BOOTTIME in seconds."""
    process = until(f"{program} runs", lambda: process_of(uid, program))
    until(f"{program} is ready", lambda: process.is_ready(path))
    return process.started_at, time.clock_gettime(time.CLOCK_BOOTTIME)


def all_ready_at(uids, program, path):
    """From the start of the last of these pods until all are ready, in seconds."""
    with ThreadPoolExecutor(len(uids)) as threads:
        times = list(threads.map(lambda uid: ready_at(uid, program, path), uids))
    return max(ready for _, ready in times) - max(started for started, _ in times)


def in_a_thread(look):
    """A thread that looks into a pod stays in that pod's network."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(look).result()


class Release:
    """A release of the chart in a namespace of its own."""

    counter = 0

    def __init__(self, replicas, values):
        Release.counter += 1
        self.space = f"bench-{os.getpid()}-{Release.counter}"
        self.replicas = replicas
        run("helm", "install", "q", os.path.join(ROOT, "deploy", "chart"), "--namespace", self.space,
            "--create-namespace", *(word for value in values for word in ("--set", value)))

    def uid(self, pod):
        return kubectl("--namespace", self.space, "get", "pod", pod, "--ignore-not-found",
                       "--output", "jsonpath={.metadata.uid}")

    def uids(self, name):
        return [until("pod", lambda k=k: self.uid(f"{name}-{k}")) for k in range(self.replicas)]

    def end(self):
        kubectl("delete", "namespace", self.space, "--wait=true")


class Supervised(Release):
    def __init__(self, replicas):
        super().__init__(replicas, [f"{EMBEDDED}.enabled=true",
                                    f"controlPlane.statefulSet.highAvailability.replicas={replicas}"])

    def formed_in(self):
        return all_ready_at(self.uids("q"), "quorate", "/readyz")

    def status(self, ordinal):
        text = kubectl("--namespace", self.space, "exec", f"q-{ordinal}", "--", "quorate", "status",
                       "--output", "json", check=False)
        return json.loads(text) if text else None

    def await_steady(self):
        def is_steady():
            status = self.status(0)
            return status is not None and status["phase"] == "steady"
        until("steady", is_steady)

    def repaired_in(self, ordinal=2):
        """A claim is deleted with its pod: from the new pod's first process until its member serves."""
        self.await_steady()
        old = self.uid(f"q-{ordinal}")
        kubectl("--namespace", self.space, "delete", "pvc", f"data-q-{ordinal}", "--wait=false")
        kubectl("--namespace", self.space, "delete", "pod", f"q-{ordinal}", "--wait=false")
        new = until("another pod", lambda: (uid := self.uid(f"q-{ordinal}")) and uid != old and uid)
        started, ready = in_a_thread(lambda: ready_at(new, "quorate", "/readyz"))
        return ready - started

    def service_account(self):
        return f"system:serviceaccount:{self.space}:q"

    def agents(self):
        """Processes of each agent: the container's first, and the one that works."""
        agents = []
        for uid in self.uids("q"):
            first = process_of(uid, "quorate").pid
            children = run("pgrep", "--parent", str(first), "--exact", "quorate").split()
            agents.append((first, int(children[0])))
        return agents


class Bare(Release):
    """Three members started by hand, and the hands are fast."""

    def __init__(self, replicas):
        set_ = f"{DEPLOYED}.statefulSet"
        super().__init__(replicas, [
            f"{DEPLOYED}.enabled=true", f"{set_}.highAvailability.replicas={replicas}",
            f"{set_}.image.registry=", f"{set_}.image.repository=localhost/quorate", f"{set_}.image.tag={image_tag()}"])
        self.pki = None

    def formed_in(self):
        return all_ready_at(self.uids("q-etcd"), "etcd", "/readyz")

    def ctl(self, *words):
        """All that etcdctl says; it complains, and tells of health, on the other stream."""
        if self.pki is None:
            self.pki = tempfile.mkdtemp(prefix="quorate-bench-")
            secret = json.loads(kubectl("--namespace", self.space, "get", "secret", "q-certs", "--output", "json"))
            for name, content in secret["data"].items():
                with open(os.path.join(self.pki, name), "wb") as file:
                    file.write(base64.b64decode(content))
        endpoints = ",".join(f"https://q-etcd-{k}.q-etcd-headless.{self.space}.svc.cluster.local:2379" for k in (0, 1))
        return subprocess.run(
            ["etcdctl", f"--endpoints={endpoints}", f"--cacert={self.pki}/etcd-ca.crt",
             f"--cert={self.pki}/etcd-server.crt", f"--key={self.pki}/etcd-server.key", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "ETCDCTL_API": "3"}).stdout

    def repaired_in(self, ordinal=2):
        """remove, add --learner, start, promote: what a person who knows types, without pauses. The new
        member runs in a pod of its own, since a StatefulSet's would start as what it was."""
        name = f"q-etcd-{ordinal}"
        template = json.loads(kubectl("--namespace", self.space, "get", "pod", name, "--output", "json"))
        member = re.search(rf"^(\w+), \w+, {name},", self.ctl("member", "list"), re.M).group(1)
        kubectl("--namespace", self.space, "delete", "statefulset", "q-etcd", "--cascade=orphan")
        kubectl("--namespace", self.space, "delete", "pod", name, "--grace-period=1")
        kubectl("--namespace", self.space, "delete", "pvc", f"data-{name}")
        until("a leader", lambda: "successfully" in self.ctl("endpoint", "health"))

        begun = time.monotonic()
        until("member remove", lambda: "removed from" in self.ctl("member", "remove", member))
        peer = f"https://{name}.q-etcd-headless.{self.space}:2380"
        added = until("member add", lambda: re.search(
            r"Member\s+(\w+) added", self.ctl("member", "add", name, "--learner", f"--peer-urls={peer}")))
        by_hand = time.monotonic() - begun

        kubectl("create", "--filename", self.write(self.as_learner(template, name)))
        uid = until("pod", lambda: self.uid(name))
        until("etcd runs", lambda: process_of(uid, "etcd"))
        until("promotion", lambda: "promoted" in self.ctl("member", "promote", added.group(1)))
        # etcd that did not find its own name yet has ended and was started again: only the last start
        # counts, in favour of this side.
        started, ready = in_a_thread(lambda: ready_at(uid, "etcd", "/readyz"))
        return by_hand + ready - started

    def as_learner(self, pod, name):
        spec = pod["spec"]
        spec.pop("nodeName")
        command = spec["containers"][0]["command"]
        spec["containers"][0]["command"] = [
            word.replace("--initial-cluster-state=new", "--initial-cluster-state=existing") for word in command]
        spec["volumes"] = [volume if volume["name"] != "data" else {"name": "data", "emptyDir": {}}
                           for volume in spec["volumes"]]
        return {"apiVersion": "v1", "kind": "Pod", "spec": spec,
                "metadata": {"name": name, "namespace": self.space, "labels": pod["metadata"]["labels"]}}

    def write(self, manifest):
        path = os.path.join(self.pki, "pod.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        return path

    def end(self):
        super().end()
        if self.pki is not None:
            shutil.rmtree(self.pki)


def image_tag():
    with open(os.path.join(ROOT, "deploy", "chart", "Chart.yaml"), encoding="utf-8") as chart:
        return re.search(r"^appVersion: \"?([^\"\n]+)", chart.read(), re.M).group(1)


def ratios(form, repeat, measured):
    """Medians of alternating runs: ours, bare and how they compare."""
    seen = {Supervised: [], Bare: []}
    for _ in range(repeat):
        for side in (Bare, Supervised):
            release = side(form)
            try:
                seen[side].append(measured(release))
            finally:
                release.end()
    ours, bare = statistics.median(seen[Supervised]), statistics.median(seen[Bare])
    return {"bare_s": round(bare, 3), "quorate_s": round(ours, 3), "ratio": round(ours / bare, 3)}


def formed_then_repaired(release):
    release.formed_in()
    return release.repaired_in()


def idle(span_s):
    """What a cluster of three costs while nothing happens: calls of the API, memory, processor."""
    home = os.environ["QUORATE_KUBE_HOME"]
    release = Supervised(3)
    try:
        release.formed_in()
        release.await_steady()
        agents = release.agents()
        before = {pid: proc.cpu_s(pid) for agent in agents for pid in agent}
        begun = time.time()
        time.sleep(span_s)  # the measured span itself
        used_s = max(sum(proc.cpu_s(pid) - before[pid] for pid in agent) for agent in agents)
        ended = time.time()
        calls = {}
        watches = set()
        with open(os.path.join(home, "audit.log"), encoding="utf-8") as log:
            for line in log:
                event = json.loads(line)
                if event["user"]["username"] != release.service_account():
                    continue
                verb = event["verb"]
                if verb == "watch":
                    if event["stage"] == "ResponseStarted":
                        watches.add(event["auditID"])
                    else:
                        watches.discard(event["auditID"])
                    continue
                at = event["requestReceivedTimestamp"]
                seconds = time.mktime(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
                if begun <= seconds <= ended:
                    calls[verb] = calls.get(verb, 0) + 1
        writes = sum(calls.get(verb, 0) for verb in ("create", "update", "patch", "delete"))
        return {
            "span_s": span_s,
            "api_writes_per_min": {"value": round(writes * 60 / span_s, 2), "target": 1},
            "api_reads_per_min": round(sum(calls.get(verb, 0) for verb in ("get", "list")) * 60 / span_s, 1),
            "api_open_watches": {"value": len(watches), "target": 3},
            "agent_rss_mib": {"value": round(max(proc.rss_mib(agent[1]) for agent in agents), 1), "target": 40},
            "agent_cpu": {"value": round(used_s / span_s, 4), "target": 0.01},
        }
    finally:
        release.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--idle-s", type=int, default=180)
    parser.add_argument("--only", default="ready,repair,idle")
    options = parser.parse_args()
    only = options.only.split(",")

    result = {"runs": options.repeat}
    if "ready" in only:
        for replicas in (1, 3):
            result[f"ready_{replicas}"] = {**ratios(replicas, options.repeat, lambda r: r.formed_in()), "target": 1.5}
    if "repair" in only:
        result["repair"] = {**ratios(3, options.repeat, formed_then_repaired), "target": 2.0}
    if "idle" in only:
        result["idle"] = idle(options.idle_s)
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
