#!/usr/bin/env python3
"""Undefined symbols of the pure core and of the simulator: nothing that could make two lives of one.

What the linker would have to bring from outside is what the code could do to the outside: a clock,
a random source, a thread, the environment or a file would show here, however it was included. The
core needs memory and strings only; the simulator also parses and writes text.

usage: symbols.py NM core|sim LIBRARY...
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
# Beyond that. A container that iterates by hash is not among it: its order would be an address's.
ALLOWED_TO_SIM = [
    # ordered containers: their order is the key's own, or that in which they were filled
    r"std::_Rb_tree_\w+\(.*\)",
    r"std::__detail::_List_node_base::_M_\w+\(.*\)",
    # text in memory: scenarios are read, lives are told
    r"((VTT|vtable) for )?std::(__cxx11::)?basic_([io]?stringstream|stringbuf|ios|streambuf)<char.*",
    r"std::basic_istream<char.*std::(getline|operator>>)<char.*|std::basic_ostream<char.*std::__ostream_insert<char.*",
    r"std::ostream::(put|operator<<)\(.*\)|std::ostream& std::ostream::_M_insert<.*",
    r"std::(ios_base::~?ios_base|locale::~?locale|ctype<char>::_M_widen_init)\(\).*",
    r"snprintf|strtoull?",
    # counting bits, sorting stably, the ends of misused values
    r"__popcountdi2|std::nothrow|std::__throw_(bad_function_call|bad_cast)\(\)",
]
# Whole lives beside each other, a world for each thread; no world knows of another.
BESIDE_EACH_OTHER = re.compile(r"pthread_mutex_(un)?lock|std::__throw_system_error\(.*\)|(typeinfo for )?std::thread::.*")
LISTS = {"core": ALLOWED, "sim": ALLOWED + ALLOWED_TO_SIM}
NAMES = {"core": "the pure core", "sim": "the simulator"}
OURS = re.compile(r".*\bquorate::.*")
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


def problem_with(who, member, symbol):
    symbol = symbol.split("@")[0]
    if OURS.match(symbol):
        return None
    if PRINTING.match(symbol) and "check.cpp" not in member:
        return f"{member}: {symbol}: only core/base/check.cpp prints"
    if who == "sim" and "enumerate.cpp" in member and BESIDE_EACH_OTHER.fullmatch(symbol):
        return None
    if not any(re.fullmatch(allowed, symbol) for allowed in LISTS[who]):
        return f"{member}: {symbol}: {NAMES[who]} may not need this"
    return None


def problems(nm, who, libraries):
    seen = 0
    for library in libraries:
        for member, symbol in undefined(nm, library):
            seen += 1
            found = problem_with(who, member, symbol)
            if found:
                yield f"{library}: {found}"
    if seen == 0:
        yield "nm reported nothing at all; the check is blind"


def main():
    found = sorted(set(problems(sys.argv[1], sys.argv[2], sys.argv[3:])))
    print("\n".join(found) or f"{NAMES[sys.argv[2]]} needs nothing that could make two lives of one")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
