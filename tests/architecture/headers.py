#!/usr/bin/env python3
"""Every header compiles alone, so that includes may be in any order.

Headers that include gRPC, protobuf or MSM are left to their own folders' builds: they take seconds
each, and everybody there includes them first anyway.

usage: headers.py ROOT FOLDER,... COMPILER...
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import source

HEAVY = ("grpcpp/", "grpc/", "google/protobuf/", "boost/msm/")


def heavy(root, header, seen=None):
    """Does the header reach one of the heavy libraries, through any of our own headers?"""
    seen = set() if seen is None else seen
    if header in seen or not (Path(root) / header).exists():
        return False
    seen.add(header)
    for system, name in source.includes((Path(root) / header).read_text()):
        if name.startswith(HEAVY) or name.endswith(".pb.h"):
            return True
        if not system and heavy(root, name, seen):
            return True
    return False


def light_headers(root, folders):
    for path in source.files(root):
        if path.suffix == ".hpp" and path.parts[0] in folders and not heavy(root, str(path)):
            yield str(path)


def complaint(root, compiler, header):
    """The compiler's words when a unit that includes nothing else does not compile."""
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "alone.cpp"
        unit.write_text(f'#include "{header}"\n')
        done = subprocess.run(
            [*compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", f"-I{root}", str(unit)],
            capture_output=True, text=True, check=False,
        )
        return done.stderr if done.returncode else ""


def problems(root, folders, compiler):
    headers = list(light_headers(root, folders))
    if not headers:
        yield "no header was found; the check is blind"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        words_of = pool.map(lambda header: complaint(root, compiler, header), headers)
        for header, words in zip(headers, words_of):
            if words:
                yield f"{header} does not compile alone:\n{words}"


def main():
    found = list(problems(sys.argv[1], sys.argv[2].split(","), sys.argv[3:]))
    print("\n".join(found) or "every header compiles alone")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
