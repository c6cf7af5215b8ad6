#!/usr/bin/env python3
"""Undefined symbols of the pure core: nothing but memory, strings and the end of the program.

What the linker would have to bring from outside is what the core could do to the outside: a clock,
a random source, a thread, the environment or a file would show here, however it was included.

usage: symbols.py NM LIBRARY...
"""

import re
import subprocess
import sys

# Demangled, in full. Each group with the reason it may be there.
ALLOWED = [
    # memory, and what a compiler calls by itself
    r"operator (new|delete)(\[\])?\(.*\)",
    r"mem(cpy|move|set|cmp|chr)|strlen|strcmp|bcmp",
    r"_Unwind_Resume|__gxx_personality_v0|__cxa_\w+|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__dso_handle",
    r"std::terminate\(\)|vtable for __cxxabiv1::.*|__once_\w+",
    # strings and vectors: growth, and the end when they are misused
    r"std::(__cxx11::)?basic_string<char.*",
    r"std::__throw_(length_error|logic_error|out_of_range|out_of_range_fmt|bad_alloc|bad_array_new_length|bad_variant_access|bad_optional_access)\(.*\)",
    r"std::__glibcxx_assert_fail\(.*\)|std::__replacement_assert\(.*\)",
    r"std::(bad_variant_access|exception|type_info|bad_cast)::.*|(vtable|typeinfo|typeinfo name) for std::(bad_variant_access|exception|bad_cast).*",
    # programmer errors: the program ends. MSM asserts; variants abort where exceptions are off.
    r"abort|__assert_fail",
    r"fprintf|fputs|fwrite|stderr|__fprintf_chk|fputc",
    # sanitizer builds
    r"__(asan|ubsan|tsan|sanitizer)_\w+",
]
OURS = re.compile(r".*\bquorate::.*")
ALLOWED_PATTERN = re.compile("(?:" + "|".join(ALLOWED) + r")\Z")
# Only require_failed speaks.
PRINTING = re.compile(r"(fprintf|fputs|fwrite|stderr|__fprintf_chk|fputc)\Z")


def undefined(nm, library):
    """(object file, demangled symbol) of everything the library wants from others."""
    output = subprocess.run(
        [nm, "--undefined-only", "--demangle", "--no-weak", library],
        check=True, capture_output=True, text=True,
    ).stdout
    member = ""
    for line in output.splitlines():
        if line.endswith(".o:"):
            member = line[:-1]
        elif line.strip().startswith("U "):
            yield member, line.strip()[2:].strip()


def problem_with(member, symbol):
    symbol = symbol.split("@")[0]
    if OURS.match(symbol):
        return None
    if PRINTING.match(symbol) and "check.cpp" not in member:
        return f"{member}: {symbol}: only core/base/check.cpp prints"
    if not ALLOWED_PATTERN.match(symbol):
        return f"{member}: {symbol}: the pure core may not need this"
    return None


def problems(nm, libraries):
    seen = 0
    for library in libraries:
        for member, symbol in undefined(nm, library):
            seen += 1
            found = problem_with(member, symbol)
            if found:
                yield f"{library}: {found}"
    if seen == 0:
        yield "nm reported nothing at all; the check is blind"


def main():
    found = sorted(set(problems(sys.argv[1], sys.argv[2:])))
    print("\n".join(found) or "the pure core needs memory and strings, nothing else")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
