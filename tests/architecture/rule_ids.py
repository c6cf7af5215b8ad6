#!/usr/bin/env python3
"""Each rule id is hit by a unit test.

Rows of machines are fired one by one by tests/unit/core_machines_test.cpp, which walks the compiled
tables; every other rule (recovery table, planner, looking, gates) must be named by a unit test. That each
answers in a scenario as well is for tests/scenario/rules_test.cpp to say.

usage: rule_ids.py DUMP ROOT
"""

import re
import sys
from pathlib import Path

import grid

WALKER = "core_machines_test.cpp"


def problems(tables, sources):
    """`sources`: {name: text} of the unit tests."""
    if "all_tables()" not in sources.get(WALKER, ""):
        yield f"{WALKER} does not walk all_tables() any more"
    named = set()
    for text in sources.values():
        named |= set(re.findall(r"\b[DLNU]\d\d\b", text))
    for kind in ("recovery", "planner", "looks", "gates"):
        for rule in tables[kind]:
            if rule["id"] not in named:
                yield f"{rule['id']} ({rule['because']}) is named by no unit test"


def main():
    unit = Path(sys.argv[2]) / "tests/unit"
    sources = {path.name: path.read_text() for path in unit.glob("*.cpp")}
    found = list(problems(grid.dump(sys.argv[1]), sources))
    print("\n".join(found) or "every rule is hit by a unit test")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
