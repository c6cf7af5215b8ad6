#!/usr/bin/env python3
"""Include arrows: who may see whom, which folder alone sees a library, and where a clock is read.

usage: includes.py ROOT
"""

import re
import sys
from pathlib import Path

import source

# A folder may include itself and these. A folder that is not named here may include nothing of ours.
PURE = ["core/base", "core/model", "core/facts", "core/rules", "core/machines", "core"]
EDGE = ["core/base", "core/model", "core/wire", "core/engine", "adapters/base", "adapters/clock"]
SIM = PURE + ["core/wire", "core/engine"]
ARROWS = {
    "core/base": [],
    "core/model": PURE[:1],
    "core/facts": PURE[:2],
    "core/rules": PURE[:3],
    "core/machines": PURE[:4],
    "core": PURE[:5],
    "core/wire": ["core/base", "core/model"],
    "core/engine": PURE,
    "adapters/base": ["core/base", "core/model"],
    "adapters/api": EDGE + ["core"],
    "adapters/clock": EDGE,
    "adapters/disk": EDGE,
    "adapters/etcd": EDGE,
    "adapters/journal": EDGE,
    "adapters/kine": EDGE,
    "adapters/http": EDGE,
    "adapters/kube": EDGE + ["adapters/local"],
    "adapters/local": EDGE,
    "adapters/log": EDGE + ["core"],
    "adapters/metrics": EDGE + ["core", "core/rules"],
    "adapters/peer": EDGE,
    "adapters/process": EDGE,
    "adapters/store": EDGE,
    "adapters/vcluster": EDGE + ["adapters/host"],
    "replay": SIM,
}
# Prefixes: everything below sees this; the first that fits counts. adapters -x- sim.
WIDE = [
    ("adapters/host", ("core", "adapters")),
    ("sim", ("core", "sim")),
    ("tools", ("core", "adapters", "sim", "replay", "tools")),
]

# A library that only these may see, and why.
ONLY = [
    (r"boost/(msm|mpl|serialization)/", r"core/machines/(table\.hpp|\w+\.cpp)$",
     "MSM stays behind core/machines/table.hpp"),
    (r".*\.pb\.h$|google/protobuf/", r"(core/wire|adapters/etcd|adapters/api|adapters/peer|tools)/",
     "protobuf is for the edges"),
    (r"grpcpp/|grpc/", r"adapters/(etcd|api|peer)/|tools/", "gRPC is for its adapters"),
    (r"rocksdb/|adapters/journal/store\.hpp", r"adapters/journal/(store\.hpp|\w+\.cpp)$",
     "RocksDB's headers stay in the journal"),
    (r"spdlog/", r"adapters/log/", "one place writes logs"),
    (r"curl/", r"adapters/kube/client\.cpp$", "one place calls the Kubernetes API"),
    (r"boost/beast", r"adapters/(http/|etcd/peer_http\.cpp$)", "HTTP is for probes and for etcd's peer port"),
]

# What the pure core may know of the standard library: nothing that tells time, draws numbers,
# does I/O, starts threads, or iterates in an order that is not the value's own.
PURE_STANDARD = set(
    "algorithm array bit compare concepts cstddef cstdint cstring iterator limits map numeric "
    "optional set span string string_view tuple type_traits utility variant vector".split()
)
PURE_EXCEPTIONS = {"core/base/check.cpp": {"cstdio", "cstdlib"}}  # prints the condition, aborts

CLOCK = re.compile(
    r"\b\w*_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\b(?:std::)?time\(\s*(?:nullptr|NULL|0)\s*\)"
)
CLOCK_FOLDERS = ("adapters/clock", "tools")
CLOCK_EXCEPTIONS = {
    "adapters/api/server.cpp": "gRPC takes the end of its shutdown as an instant of its own clock",
    "adapters/local/pki.cpp": "validity of certificates, when the caller gives no instant",
}


def is_pure(folder):
    return folder in PURE


def may_include(folder, target):
    if folder == target:
        return True
    for prefix, seen in WIDE:
        if folder == prefix or folder.startswith(prefix + "/"):
            return target.split("/")[0] in seen
    return target in ARROWS.get(folder, [])


def problems_in(path, text):
    path = str(path)
    folder = str(Path(path).parent)
    known = folder in ARROWS or any(folder == p or folder.startswith(p + "/") for p, _ in WIDE)
    if not known:
        yield f"{path}: folder {folder} has no arrows yet; add it to tests/architecture/includes.py"
    for system, name in source.includes(text):
        target = str(Path(name).parent)
        if not system and name.split("/")[0] in source.FOLDERS and not may_include(folder, target):
            yield f"{path}: {folder} may not include {name}"
        if system and is_pure(folder) and "/" not in name:
            if name not in PURE_STANDARD | PURE_EXCEPTIONS.get(path, set()):
                yield f"{path}: the pure core may not include <{name}>"
        for library, place, why in ONLY:
            if re.match(library, name) and not re.match(place, path):
                yield f"{path}: includes {name}, but {why}"
    if not folder.startswith(CLOCK_FOLDERS) and path not in CLOCK_EXCEPTIONS:
        bare = source.code(text)
        for match in CLOCK.finditer(bare):
            yield (f"{path}:{source.line_of(bare, match.start())}: {match.group()}: clocks are read "
                   "in adapters/clock alone")


def problems(root):
    for path in source.files(root):
        yield from problems_in(path, (Path(root) / path).read_text())


def main():
    found = list(problems(sys.argv[1]))
    print("\n".join(found) or "every include follows the arrows")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
