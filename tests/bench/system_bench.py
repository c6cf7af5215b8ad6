#!/usr/bin/env python3
"""The whole product against etcd by hand, measured in one run; prints one JSON object.

    tests/bench/system_bench.py [--quorate build/quorate] [--etcd /usr/bin/etcd] [--repeat 5]

Ratios are medians of alternating runs on this machine; they are targets to look at, never gates.
Everything runs on loopback without TLS on both sides; every process started here is ended here.
"""

import argparse
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime

import proc

DEADLINE_S = 60


def free_base(count=100):
    """A range of ports that nobody listens on."""
    for base in range(31000, 60000, count):
        sockets = []
        try:
            for port in range(base, base + 30):
                s = socket.socket()
                s.bind(("127.0.0.1", port))
                sockets.append(s)
            return base
        except OSError:
            continue
        finally:
            for s in sockets:
                s.close()
    raise RuntimeError("no free range of ports")


def until(what, check):
    """Polls every 5 ms; the same for both sides, so that it cancels out in a ratio."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if check():
            return
        time.sleep(0.005)  # the poll period; not a wait for a fixed time
    raise RuntimeError(f"timed out: {what}")


def post(port, path, body, connection=None):
    """One call of etcd's JSON gateway; None when it fails."""
    own = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        own.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = own.getresponse()
        text = answer.read()
        return json.loads(text) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        own.close()
        return None


def serves(port):
    return post(port, "/v3/kv/range", {"key": base64.b64encode(b"x").decode()}) is not None


def put_rate(ports, puts=8000, threads=8):
    """Acknowledged puts a second, spread over the ports."""
    counts = [0] * threads

    def work(number):
        port = ports[number % len(ports)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for i in range(puts // threads):
            key = base64.b64encode(f"bench/{number}/{i}".encode()).decode()
            if post(port, "/v3/kv/put", {"key": key, "value": key}, connection):
                counts[number] += 1

    start = time.monotonic()
    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.monotonic() - start)


class Bare:
    """Three members started by hand with static configuration."""

    def __init__(self, etcd, base):
        self.etcd, self.base = etcd, base
        self.dir = tempfile.mkdtemp(prefix="quorate-bench-")
        self.processes = {}

    def peers(self, members=(0, 1, 2)):
        return ",".join(f"m{k}=http://127.0.0.1:{self.base + 10 * k + 1}" for k in members)

    def start(self, k, state="new", cluster=None):
        client, peer = self.base + 10 * k, self.base + 10 * k + 1
        self.processes[k] = subprocess.Popen(
            [self.etcd, f"--name=m{k}", f"--data-dir={self.dir}/m{k}",
             f"--listen-client-urls=http://127.0.0.1:{client}",
             f"--advertise-client-urls=http://127.0.0.1:{client}",
             f"--listen-peer-urls=http://127.0.0.1:{peer}",
             f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
             f"--initial-cluster={cluster or self.peers()}", f"--initial-cluster-state={state}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def form(self):
        start = time.monotonic()
        for k in range(3):
            self.start(k)
        until("bare formation", lambda: all(serves(self.base + 10 * k) for k in range(3)))
        return time.monotonic() - start

    def ctl(self, *arguments):
        ports = [self.base, self.base + 20]
        endpoints = ",".join(f"127.0.0.1:{p}" for p in ports)
        return subprocess.run(["etcdctl", f"--endpoints={endpoints}", *arguments],
                              env={**os.environ, "ETCDCTL_API": "3"}, capture_output=True, text=True)

    def replace(self, k=1):
        """remove, add --learner, start, promote: what a person who knows types, without pauses."""
        listed = self.ctl("member", "list").stdout
        member = re.search(rf"^(\w+), \w+, m{k},", listed, re.M).group(1)
        self.processes[k].kill()
        self.processes[k].wait()
        shutil.rmtree(f"{self.dir}/m{k}")
        # The dead one may have led: the election is detection, and no part of the replacement.
        until("a leader", lambda: all(serves(self.base + 10 * n) for n in range(3) if n != k))
        start = time.monotonic()
        until("member remove", lambda: self.ctl("member", "remove", member).returncode == 0)
        peer = f"http://127.0.0.1:{self.base + 10 * k + 1}"
        added = None

        def add():
            nonlocal added
            answer = self.ctl("member", "add", f"m{k}", "--learner", f"--peer-urls={peer}")
            added = re.search(r"Member\s+(\w+) added", answer.stdout)
            return added is not None

        until("member add", add)
        self.start(k, "existing", self.peers((0, 2)) + f",m{k}={peer}")
        until("promotion", lambda: self.ctl("member", "promote", added.group(1)).returncode == 0)
        until("promoted member serves", lambda: serves(self.base + 10 * k))
        return time.monotonic() - start

    def end(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Supervised:
    """The same three members under quorate."""

    def __init__(self, quorate, etcd, base):
        self.quorate, self.etcd, self.base = quorate, etcd, base
        self.dir = tempfile.mkdtemp(prefix="quorate-bench-")
        self.up = None

    def form(self):
        start = time.monotonic()
        self.up = subprocess.Popen(
            [self.quorate, "up", "--replicas", "3", "--dir", self.dir, "--no-tls", "--etcd", self.etcd,
             "--port-base", str(self.base)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("supervised formation", lambda: all(serves(self.base + 10 * k) for k in range(3)))
        return time.monotonic() - start

    def status(self):
        text = subprocess.run([self.quorate, "status", "--dir", self.dir, "--output", "json"],
                              capture_output=True, text=True).stdout
        return json.loads(text)

    def steady(self):
        subprocess.run([self.quorate, "wait", "--for", "steady", "--dir", self.dir, "--timeout", "60s"],
                       check=True, capture_output=True)

    def replace(self, k=1):
        """From the removal to the verified promotion, by the agents' logs."""
        self.steady()
        member = next(m for m in self.status()["members"] if m["ordinal"] == k)
        shutil.rmtree(f"{self.dir}/replica-{k}/etcd")
        os.kill(member["etcd_pid"], signal.SIGKILL)
        old = member["member_id"]
        until("replacement", lambda: any(
            m["ordinal"] == k and m["role"] == "voter" and m["ready"] and m["member_id"] != old
            for m in self.status()["members"]))
        self.steady()
        stamps = {}
        for replica in range(3):
            with open(f"{self.dir}/replica-{replica}/log/agent.log", encoding="utf-8") as log:
                for line in log:
                    when = datetime.fromisoformat(line.split(" ", 1)[0].replace("Z", "+00:00"))
                    if "(H01 " in line:
                        stamps["begin"] = when
                    if "(H20 " in line:
                        stamps["end"] = when
        return (stamps["end"] - stamps["begin"]).total_seconds()

    def idle(self, span_s=20):
        """Resident memory of the largest agent in MiB, and the busiest agent's share of a core."""
        pids = [m["agent_pid"] for m in self.status()["members"]]
        before = {pid: proc.cpu_s(pid) for pid in pids}
        time.sleep(span_s)  # the measured span itself
        share = max(proc.cpu_s(pid) - before[pid] for pid in pids) / span_s
        return max(proc.rss_mib(pid) for pid in pids), share

    def end(self):
        subprocess.run([self.quorate, "down", "--dir", self.dir], capture_output=True)
        try:
            self.up.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.up.kill()
            self.up.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument("--quorate", default=os.path.join(root, "build", "quorate"))
    parser.add_argument("--etcd", default=shutil.which("etcd"))
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()

    seen = {name: [] for name in ("form_bare", "form", "replace_bare", "replace", "put_bare", "put")}
    memory, cpu = 0.0, 0.0
    for _ in range(options.repeat):
        bare = Bare(options.etcd, free_base())
        try:
            seen["form_bare"].append(bare.form())
            seen["put_bare"].append(put_rate([bare.base + 10 * k for k in range(3)]))
            seen["replace_bare"].append(bare.replace())
        finally:
            bare.end()
        ours = Supervised(options.quorate, options.etcd, free_base())
        try:
            seen["form"].append(ours.form())
            ours.steady()  # what is measured is supervision, not the end of the formation
            seen["put"].append(put_rate([ours.base + 10 * k for k in range(3)]))
            seen["replace"].append(ours.replace())
            memory, cpu = ours.idle()
        finally:
            ours.end()

    median = {name: statistics.median(values) for name, values in seen.items()}
    json.dump({
        "runs": options.repeat,
        "formation_s": {"bare": median["form_bare"], "quorate": median["form"],
                        "ratio": median["form"] / median["form_bare"], "target": 1.5},
        "replacement_s": {"etcdctl": median["replace_bare"], "quorate": median["replace"],
                          "ratio": median["replace"] / median["replace_bare"], "target": 2.0},
        "puts_per_s": {"bare": median["put_bare"], "quorate": median["put"],
                       "ratio": median["put"] / median["put_bare"], "target": 0.99},
        "agent_rss_mib": {"value": memory, "target": 40},
        "agent_idle_cpu": {"value": cpu, "target": 0.01},
    }, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
