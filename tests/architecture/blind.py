#!/usr/bin/env python3
"""S22: what stands in for the adapters in a simulated life sees no more of the world than they would.

The core includes nothing of the simulator (includes.py). Its ports there are sim/world/agent*.cpp and
sim/ports: of the world they may name only what is listed here, and of the oracles nothing comes back.

usage: blind.py ROOT
"""

import re
import sys
from pathlib import Path

import source

# What an adapter has: its own clock, disk and host, the etcds and the store that it reaches.
PORTS = {
    "agents": "another agent, by letter",
    "api": "the API server that it is connected to",
    "api_admits": "what that one says to a request",
    "config": "its settings",
    "no_set": "whether the store has a StatefulSet",
    "names": "whether DNS answers when it asks",
    "network": "who is reached: asked before anything is told",
    "store": "the host's API, past its caches",
    "volumes": "its own disk",
    "watch_lag": "how late a watch tells",
}
# One member's client port, the own process and what volume and host refuse it; not who leads, serves
# or is followed in truth.
CLUSTER = set(
    "add_learner alarm asks_for_passwords binary defragment end hash_at medium members move_leader "
    "process promote read_through rebuild remove resize revision start status stop surroundings".split()
)
# The world's own affairs, of which nothing is told to the core.
KERNEL = {
    "agent_ended", "await_request", "conflicts_percent", "coverage", "destructive_commands",
    "forget_request", "kernel", "lost_answers_percent", "say", "set_journal_aside",
    "store_changed", "watched",
}
# Counts commands and the edges of them, where faults fall; beside what a rule is met.
FAULTS = {
    "command_in_flight", "command_released", "command_took_effect", "commands", "committed",
    "committing", "families_active", "felt",
}
WORLD = re.compile(r"\bworld_?\.(\w+)(?:\.(\w+))?")
# Before what is said as a statement of its own.
STATEMENT = (";", "{", "}", ")")


def is_port(path):
    path = str(path)
    return bool(re.match(r"sim/world/agent\w*\.(cpp|hpp)$|sim/ports/", path))


def may_name(part, member):
    if part == "cluster":
        return member in CLUSTER
    if part == "faults":
        return member in FAULTS
    return part in PORTS or part in KERNEL


def problems_in(path, text):
    if not is_port(path):
        return
    bare = source.code(text)
    for match in WORLD.finditer(bare):
        part, member = match.groups()
        where = f"{path}:{source.line_of(bare, match.start())}: {match.group()}"
        if part == "oracles":
            if not bare[: match.start()].rstrip().endswith(STATEMENT):
                yield f"{where}: an adapter is told nothing by an oracle"
        elif not may_name(part, member):
            yield f"{where}: an adapter could not know this"


def problems(root):
    for path in source.files(root):
        yield from problems_in(path, (Path(root) / path).read_text())


def main():
    found = list(problems(sys.argv[1]))
    print("\n".join(found) or "no port sees more than an adapter")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
