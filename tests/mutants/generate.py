#!/usr/bin/env python3
"""Seeded mistakes: writes copies of the sources they change, and the table of them for the runner.

A mutant is text, so that core and simulator hold no trace of it. All of them are applied to one copy
of each source, each behind a switch of its own, so that one build holds them all. What a mutant
changes must be found exactly once, or the build fails: a mutant that no longer fits is repaired in
the change that moved its place.

A file NAME.mutants holds entries of this form, with a blank line between them:

    mutant   removal-without-quorum
    mistake  Planner and guard no longer ask whether the rest keeps a quorum.
    killed   S1                             ids, one of which must tell of it
    scenario repair/a-wiped-replica.scn     lived before any seed; may be repeated
    boundaries wiped-follower agent-dies    a reference and a fault: all of its cases, before any seed
    seeds    200                            budget, first seed is 1
    canary   another-mutant S1              the mistake is in an oracle: with it, S1 no longer hears this
    equivalent why nothing can tell it from the right code
    edit     core/rules/membership_plan.cpp
    <<<<
    text as it is
    ====
    text as it becomes; MUTATED is this mutant's switch
    >>>>

usage: generate.py ROOT OUTPUT_FOLDER NAME.mutants... -- SOURCE...
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ONCE = ("mutant", "mistake", "seeds", "canary", "equivalent")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass
class Edit:
    path: str
    find: str
    replace: str


@dataclass
class Mutant:
    where: str
    words: dict = field(default_factory=dict)
    killed: list = field(default_factory=list)
    scenarios: list = field(default_factory=list)
    boundaries: list = field(default_factory=list)
    edits: list = field(default_factory=list)

    @property
    def name(self):
        return self.words["mutant"]


class Wrong(Exception):
    pass


def block(lines, where):
    """The text up to a line that is a mark, and that mark."""
    taken = []
    for line in lines:
        if line in ("====", ">>>>", "<<<<"):
            return "\n".join(taken), line
        taken.append(line)
    raise Wrong(f"{where}: an edit without its end")


def read(path):
    mutants = []
    lines = iter(Path(path).read_text().splitlines())
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "mutant":
            mutants.append(Mutant(f"{Path(path).name}: {rest}"))
        if not mutants:
            raise Wrong(f"{path}: begins without a mutant: {line}")
        last = mutants[-1]
        if word == "killed":
            last.killed += rest.split()
        elif word == "scenario":
            last.scenarios.append(rest)
        elif word == "boundaries":
            last.boundaries.append(rest)
        elif word == "edit":
            if next(lines, "") != "<<<<":
                raise Wrong(f"{last.where}: edit wants <<<< on the next line")
            find, mark = block(lines, last.where)
            replace, end = block(lines, last.where) if mark == "====" else ("", mark)
            if mark != "====" or end != ">>>>":
                raise Wrong(f"{last.where}: an edit is <<<< text ==== text >>>>")
            last.edits.append(Edit(rest, find, replace))
        elif word in ONCE and word not in last.words:
            last.words[word] = rest
        else:
            raise Wrong(f"{last.where}: not understood, or said twice: {line}")
    return mutants


def check(mutants):
    names = [mutant.name for mutant in mutants]
    for mutant in mutants:
        if not NAME.match(mutant.name) or names.count(mutant.name) > 1:
            raise Wrong(f"{mutant.where}: a name is kebab-case and its own")
        if not mutant.words.get("mistake") or not mutant.edits:
            raise Wrong(f"{mutant.where}: wants a mistake in words, and an edit")
        canary = mutant.words.get("canary", "").split()
        if canary and (len(canary) != 2 or canary[0] not in names):
            raise Wrong(f"{mutant.where}: canary wants another mutant, and the id that hears it")
        ways = [bool(mutant.killed), bool(canary), "equivalent" in mutant.words]
        if ways.count(True) != 1:
            raise Wrong(f"{mutant.where}: killed by what, by which canary, or why equivalent?")
        if not mutant.words.get("seeds", "0").isdigit():
            raise Wrong(f"{mutant.where}: seeds wants a number")
        for edit in mutant.edits:
            if "MUTATED" not in edit.replace:
                raise Wrong(f"{mutant.where}: an edit without MUTATED is live in every life")


def mutated(path, text, mutants):
    """The source with every mutant in it, each behind its switch."""
    spans = []
    for number, mutant in enumerate(mutants):
        for edit in (one for one in mutant.edits if one.path == path):
            found = text.count(edit.find)
            if found != 1:
                raise Wrong(f"{mutant.where}: found {found} times in {path}, wanted once:\n{edit.find}")
            begin = text.index(edit.find)
            switch = f"::quorate::mutants::live[{number}]"
            spans.append((begin, begin + len(edit.find), edit.replace.replace("MUTATED", switch), mutant))
    spans.sort(key=lambda span: span[0])
    for one, other in zip(spans, spans[1:]):
        if other[0] < one[1]:
            raise Wrong(f"{one[3].where} and {other[3].where} change the same text of {path}")
    at, parts = 0, [f'// Generated from {path}.\n#include "tests/mutants/mutated.hpp"\n']
    for begin, end, replace, _ in spans:
        parts += [text[at:begin], replace]
        at = end
    return "".join(parts) + text[at:]


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def row(mutant):
    lists = ("{" + ", ".join(map(quoted, one)) + "}" for one in (mutant.killed, mutant.scenarios, mutant.boundaries))
    canary, heard = (mutant.words.get("canary", "").split() + ["", ""])[:2]
    words = (mutant.name, mutant.words["mistake"], mutant.words.get("equivalent", ""), canary, heard)
    return f"    {{{', '.join(map(quoted, words))}, {', '.join(lists)}, {mutant.words.get('seeds', '0')}}},\n"


def main():
    root, folder = Path(sys.argv[1]), Path(sys.argv[2])
    split = sys.argv.index("--")
    mutants = [mutant for path in sys.argv[3:split] for mutant in read(path)]
    sources = [str(Path(path).resolve().relative_to(root.resolve())) for path in sys.argv[split + 1:]]
    check(mutants)
    touched = {edit.path for mutant in mutants for edit in mutant.edits}
    if touched != set(sources):
        raise Wrong("tests/mutants/meson.build names other sources than the mutants change: "
                    + " ".join(sorted(touched ^ set(sources))))
    for path in sources:
        text = mutated(path, (root / path).read_text(), mutants)
        (folder / path.replace("/", "_")).write_text(text)
    (folder / "mutants.inc").write_text("".join(map(row, mutants)))


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"mutants: {wrong}")
