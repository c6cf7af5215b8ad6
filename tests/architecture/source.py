"""The source tree as the checks see it: files, their includes, and code without comments or strings."""

import re
from pathlib import Path

FOLDERS = ("core", "adapters", "sim", "replay", "tools")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)


def files(root):
    """All C++ files of the product, as paths relative to the root, sorted."""
    root = Path(root)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp"):
                yield path.relative_to(root)


def includes(text):
    """(system?, name) of each include."""
    return [(bracket == "<", name) for bracket, name in INCLUDE.findall(text)]


def code(text):
    """The text with comments and literals blanked; lines keep their numbers."""
    return NOISE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1
