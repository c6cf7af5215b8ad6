#!/usr/bin/env python3
"""Each machine's grid of phases and signals as golden text: the rules, and why the rest is impossible.

usage: grid.py DUMP GOLDEN_FOLDER [--rewrite]

impossible.txt gives the reasons: a line `phases / signals: reason` under a heading `[machine]`. Both
sides are names with commas, `*` for all, `!name` for all but. The first line that fits a cell
counts. A cell with a rule needs none; a cell with neither fails, and so does a line that is of use
to no cell.
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def dump(program):
    return json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)


class Line:
    def __init__(self, phases, signals, reason, number):
        self.phases, self.signals, self.reason, self.number = phases, signals, reason, number

    @staticmethod
    def _fits(pattern, name):
        names = [one.strip() for one in pattern.split(",")]
        if names == ["*"]:
            return True
        if all(one.startswith("!") for one in names):
            return "!" + name not in names
        return name in names

    def fits(self, phase, signal):
        return self._fits(self.phases, phase) and self._fits(self.signals, signal)

    def names(self, pattern):
        return [one.strip().lstrip("!") for one in pattern.split(",") if one.strip() != "*"]


def read_reasons(text):
    """{machine: [Line]}; a reason may go on in indented lines."""
    reasons, machine = {}, None
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip() or raw.startswith("#"):
            continue
        heading = re.fullmatch(r"\[(\w+)\]", raw)
        line = re.fullmatch(r"([\w!*, ]+?) / ([\w!*, ]+?): (.+)", raw)
        if heading:
            machine = heading.group(1)
            reasons[machine] = []
        elif raw.startswith(" "):
            reasons[machine][-1].reason += " " + raw.strip()
        elif line:
            reasons[machine].append(Line(*line.groups(), number))
        else:
            raise ValueError(f"impossible.txt:{number}: neither a heading nor phases / signals: reason")
    return reasons


def complaints(machine, lines):
    """What is wrong with one machine's grid, before it is compared with its golden."""
    rows = {}
    for row in machine["rows"]:
        cell = (row["from"], row["signal"])
        if cell in rows:
            yield f"{machine['name']}: {rows[cell]} and {row['id']} answer the same pair {cell}"
        rows[cell] = row["id"]
    used = set()
    for phase in machine["phases"]:
        for signal in machine["signals"]:
            if (phase, signal) in rows:
                continue
            line = next((one for one in lines if one.fits(phase, signal)), None)
            if line is None:
                yield f"{machine['name']}: {phase} x {signal} has neither a rule nor a reason"
            used.add(line)
    for line in lines:
        if line not in used:
            yield f"impossible.txt:{line.number}: of no use: {line.phases} / {line.signals}"
        for name in line.names(line.phases):
            if name not in machine["phases"]:
                yield f"impossible.txt:{line.number}: {machine['name']} has no phase {name}"
        for name in line.names(line.signals):
            if name not in machine["signals"]:
                yield f"impossible.txt:{line.number}: {machine['name']} has no signal {name}"


def rule_text(row):
    guard = "" if row["guard"] == "always" else f" only if {row['guard']}"
    return f"{row['signal']:<18} {row['id']} -> {row['to']}{guard}"


def drawn(machine, lines):
    """The golden text of one machine."""
    out = [f"# Machine {machine['name']}: every pair of phase and signal. Written by grid.py --rewrite.", ""]
    for phase in machine["phases"]:
        out.append(phase)
        rows = [row for row in machine["rows"] if row["from"] == phase]
        out += ["    " + rule_text(row) for row in sorted(rows, key=lambda row: row["signal"])]
        answered = {row["signal"] for row in rows}
        grouped = {}
        for signal in sorted(set(machine["signals"]) - answered):
            line = next((one for one in lines if one.fits(phase, signal)), None)
            grouped.setdefault(line.reason if line else "?", []).append(signal)
        for reason, signals in grouped.items():
            out += [f"    impossible: {', '.join(signals)}", f"        {reason}"]
        out.append("")
    return "\n".join(out)


def problems(tables, reasons, golden):
    for name in reasons:
        if name not in {machine["name"] for machine in tables["machines"]}:
            yield f"impossible.txt: there is no machine {name}"
    for machine in tables["machines"]:
        lines = reasons.get(machine["name"], [])
        yield from complaints(machine, lines)
        path = Path(golden) / f"{machine['name']}.txt"
        if not path.exists() or path.read_text() != drawn(machine, lines):
            yield f"{path.name} is not the grid of the compiled table; review and run grid.py --rewrite"


def main():
    tables = dump(sys.argv[1])
    golden = Path(sys.argv[2])
    reasons = read_reasons((golden / "impossible.txt").read_text())
    if "--rewrite" in sys.argv:
        for machine in tables["machines"]:
            text = drawn(machine, reasons.get(machine["name"], []))
            (golden / f"{machine['name']}.txt").write_text(text)
    found = list(problems(tables, reasons, golden))
    print("\n".join(found) or "every pair has a rule or a reason")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
