#!/usr/bin/env python3
"""Each check bites: given a doctored tree, table or library it says what is wrong.

usage: bites_test.py DUMP ROOT COMPILER...
"""

import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import blind
import grid
import headers
import includes
import rule_ids
import source
import symbols

DUMP, ROOT, COMPILER = None, None, None


def load_rules_doc():
    loader = importlib.machinery.SourceFileLoader("rules_doc", str(ROOT / "tools/rules-doc"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("rules_doc", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="quorate-bites-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Includes(unittest.TestCase):
    def said(self, path, text):
        return " ".join(includes.problems_in(path, text))

    def test_an_arrow_against_the_order_is_found(self):
        self.assertIn("core/model may not include core/rules/quorum.hpp",
                      self.said("core/model/state.hpp", '#include "core/rules/quorum.hpp"\n'))
        self.assertIn("may not include", self.said("core/rules/a.cpp", '#include "core/step.hpp"\n'))
        self.assertIn("may not include",
                      self.said("core/step.cpp", '#include "core/wire/frame.hpp"\n'))

    def test_adapters_and_simulator_never_meet(self):
        self.assertIn("may not include", self.said("adapters/disk/a.cpp", '#include "sim/a/b.hpp"\n'))
        self.assertIn("may not include", self.said("sim/world/a.cpp",
                                                   '#include "adapters/disk/wal.hpp"\n'))

    def test_an_adapter_does_not_know_another(self):
        self.assertIn("may not include", self.said("adapters/disk/a.cpp",
                                                   '#include "adapters/etcd/client.hpp"\n'))

    def test_a_folder_without_arrows_is_found(self):
        self.assertIn("has no arrows", self.said("core/magic/a.cpp", ""))

    def test_a_library_out_of_its_folder_is_found(self):
        for path, line in [
            ("core/machines/member.hpp", "#include <boost/msm/front/euml/euml.hpp>"),
            ("core/step.cpp", "#include <boost/mpl/vector.hpp>"),
            ("core/engine/engine.cpp", '#include "core/wire/quorate.pb.h"'),
            ("adapters/disk/a.cpp", "#include <grpcpp/grpcpp.h>"),
            ("adapters/journal/journal.hpp", "#include <rocksdb/db.h>"),
            ("adapters/journal/export.hpp", '#include "adapters/journal/store.hpp"'),
            ("adapters/host/agent.cpp", "#include <spdlog/spdlog.h>"),
        ]:
            self.assertIn("but", self.said(path, line + "\n"), path)

    def test_a_header_that_does_io_is_no_part_of_the_pure_core(self):
        for name in ("chrono", "random", "thread", "iostream", "unordered_map", "filesystem"):
            self.assertIn(f"<{name}>", self.said("core/rules/a.cpp", f"#include <{name}>\n"))
        self.assertEqual("", self.said("core/rules/a.cpp", "#include <vector>\n"))

    def test_a_clock_is_found_but_not_in_words(self):
        for line in ("auto t = std::chrono::steady_clock::now();", "clock_gettime(CLOCK_REALTIME, &t);",
                     "std::time(nullptr);", "time(0);"):
            self.assertIn(":2: ", self.said("adapters/disk/a.cpp", "\n" + line), line)
        for line in ("// steady_clock::now is not read here", 'say("time(0)");', "retry_time(0);",
                     "/* clock_gettime */"):
            self.assertEqual("", self.said("adapters/disk/a.cpp", line), line)


class Blind(unittest.TestCase):
    def said(self, text, path="sim/world/agent.cpp"):
        return " ".join(blind.problems_in(path, text))

    def test_a_port_that_asks_for_the_truth_is_found(self):
        for line in ("if (world_.cluster.able_leader()) return;", "return world_.cluster.serves(o);",
                     "wait(world.steady());", "auto s = world_.best_survivor();",
                     "if (world_.faults.none_active()) return;"):
            self.assertIn("could not know", self.said("{ " + line + " }"), line)

    def test_an_oracle_that_answers_is_found(self):
        for line in ("if (world_.oracles.recoverable()) return;",
                     "const bool lost = world_.oracles.has_lost(self_);",
                     "return world.oracles.served_at(o) < now;"):
            self.assertIn("by an oracle", self.said("{ " + line + " }"), line)

    def test_what_an_adapter_has_is_allowed(self):
        for line in ("world_.oracles.issued(self_, command);", "if (x) world_.oracles.told(1, o);",
                     "const auto s = world_.cluster.status(o);",
                     "// world_.steady() is for the oracles"):
            self.assertEqual("", self.said("{ " + line + " }"), line)

    def test_others_may_see_everything(self):
        self.assertEqual("", self.said("world_.steady();", "sim/world/supervisor.cpp"))


class Symbols(Folder):
    def library(self, body):
        unit = self.write("unit.cpp", body)
        made = self.folder / "unit.o"
        subprocess.run([*COMPILER, "-std=c++20", "-O1", "-c", unit, "-o", made], check=True)
        library = self.folder / "libunit.a"
        subprocess.run(["ar", "rc", library, made], check=True)
        return str(library)

    def said(self, body, who="core"):
        return " ".join(symbols.problems("nm", who, [self.library(body)]))

    def test_what_reaches_outside_is_found(self):
        outside = [
            ("chrono", "std::chrono::system_clock::now().time_since_epoch().count()"),
            ("random", "std::random_device{}()"),
            ("cstdlib", "std::rand()"),
            ("cstdlib", 'std::getenv("HOME") != nullptr'),
            ("iostream", "std::cout.good()"),
            ("fstream", 'std::ofstream("x").good()'),
            ("ctime", "std::time(nullptr)"),
            ("thread", "std::thread([] {}).joinable()"),
            ("unistd.h", "getpid()"),
        ]
        for include, call in outside:
            body = f"#include <{include}>\nlong f() {{ return static_cast<long>({call}); }}\n"
            self.assertIn("the pure core may not need this", self.said(body), call)
            self.assertIn("the simulator may not need this", self.said(body, "sim"), call)

    def test_an_order_by_hash_is_found_in_the_simulator(self):
        self.assertIn("the simulator may not need this",
                      self.said("#include <unordered_map>\n"
                                "int f(std::unordered_map<int*, int>& m) { m[nullptr] = 1;"
                                " return m.begin()->second; }\n", "sim"))

    def test_text_and_ordered_containers_are_the_simulators(self):
        body = ("#include <map>\n#include <sstream>\n"
                "int f(const std::string& s) { std::istringstream in(s); std::string w;"
                " std::map<std::string, int> m; while (in >> w) ++m[w]; std::ostringstream out;"
                " out << m.size(); return static_cast<int>(out.str().size()); }\n")
        self.assertEqual("", self.said(body, "sim"))
        self.assertIn("the pure core may not need this", self.said(body))

    def test_printing_is_found(self):
        self.assertIn("only core/base/check.cpp prints",
                      self.said('#include <cstdio>\nvoid f() { std::fputs("x", stderr); }\n'))

    def test_memory_and_strings_are_allowed(self):
        self.assertEqual("", self.said("#include <string>\n#include <vector>\n"
                                       "std::vector<std::string> f(int n) { std::vector<std::string> v;"
                                       " for (; n; --n) v.push_back(std::to_string(n)); return v; }\n"))

    def test_a_blind_check_is_found(self):
        self.assertIn("blind", self.said("int f() { return 1; }\n"))


class Grid(Folder):
    def setUp(self):
        super().setUp()
        self.golden = self.folder / "grid"
        shutil.copytree(ROOT / "tests/golden/grid", self.golden)
        self.tables = grid.dump(DUMP)

    def said(self, extra=""):
        text = (self.golden / "impossible.txt").read_text() + extra
        return " ".join(grid.problems(self.tables, grid.read_reasons(text), self.golden))

    def machine(self, name):
        return next(one for one in self.tables["machines"] if one["name"] == name)

    def test_the_grid_as_it_is_passes(self):
        self.assertEqual("", self.said())

    def test_a_lost_rule_is_found(self):
        self.machine("member")["rows"].pop(0)
        self.assertIn("unknown x unstarted has neither a rule nor a reason", self.said())

    def test_a_new_signal_without_rules_is_found(self):
        self.machine("volume")["signals"].append("torn")
        self.assertIn("open x torn has neither a rule nor a reason", self.said())

    def test_a_rule_that_goes_elsewhere_is_found(self):
        self.machine("repair")["rows"][0]["to"] = "removing"
        self.assertIn("repair.txt is not the grid", self.said())

    def test_a_guard_that_was_dropped_is_found(self):
        rows = self.machine("repair")["rows"]
        next(row for row in rows if row["id"] == "H03")["guard"] = "always"
        self.assertIn("repair.txt is not the grid", self.said())

    def test_two_rules_for_one_pair_are_found(self):
        rows = self.machine("process")["rows"]
        rows.append(dict(rows[0], id="P99"))
        self.assertIn("P01 and P99 answer the same pair", self.said())

    def test_a_reason_of_no_use_is_found(self):
        self.assertIn("of no use", self.said("clear / alarm_raised: said before\n"))

    def test_a_reason_for_an_unknown_name_is_found(self):
        self.assertIn("space has no phase nowhere", self.said("nowhere / space_back: why\n"))
        self.assertIn("there is no machine engine", self.said("[engine]\na / b: why\n"))

    def test_a_missing_golden_is_found(self):
        (self.golden / "cluster.txt").unlink()
        self.assertIn("cluster.txt is not the grid", self.said())

    def test_a_line_that_cannot_be_read_is_found(self):
        self.assertRaises(ValueError, self.said, "granted because of reasons\n")


class RulesDoc(Folder):
    def test_a_stale_page_is_found(self):
        rules_doc = load_rules_doc()
        tables = grid.dump(DUMP)
        self.assertEqual([], rules_doc.stale(tables, ROOT))
        tables["recovery"][0]["because"] = "another reason"
        self.assertIn("another reason", " ".join(rules_doc.stale(tables, ROOT)))

    def test_a_missing_page_is_found(self):
        shutil.copytree(ROOT / "core/machines", self.folder / "core/machines")
        self.assertNotEqual([], load_rules_doc().stale(grid.dump(DUMP), self.folder))

    def test_every_rule_is_on_the_page(self):
        tables = grid.dump(DUMP)
        page = (ROOT / "docs/rules.md").read_text()
        rules = [row for machine in tables["machines"] for row in machine["rows"]]
        for rule in rules + tables["recovery"] + tables["planner"] + tables["looks"] + tables["gates"]:
            self.assertIn(f"| {rule['id']} |", page)


class RuleIds(unittest.TestCase):
    def test_a_rule_without_a_test_is_found(self):
        tables = grid.dump(DUMP)
        walker = {rule_ids.WALKER: "all_tables()"}
        said = " ".join(rule_ids.problems(tables, walker))
        for rule in ("D01", "N12", "L04"):
            self.assertIn(rule, said)

    def test_a_walker_that_no_longer_walks_is_found(self):
        tables = {"recovery": [], "planner": [], "looks": [], "gates": []}
        self.assertIn("does not walk", " ".join(rule_ids.problems(tables, {rule_ids.WALKER: ""})))


class Headers(Folder):
    def said(self):
        return " ".join(headers.problems(self.folder, ["core"], COMPILER))

    def test_a_header_that_needs_another_first_is_found(self):
        self.write("core/base/a.hpp", "#pragma once\nstd::string name();\n")
        self.assertIn("core/base/a.hpp does not compile alone", self.said())

    def test_a_whole_header_passes(self):
        self.write("core/base/a.hpp", "#pragma once\n#include <string>\nstd::string name();\n")
        self.assertEqual("", self.said())

    def test_a_heavy_header_is_left_out_also_when_reached_through_ours(self):
        self.write("core/base/a.hpp", "#include <grpcpp/grpcpp.h>\n")
        self.write("core/base/b.hpp", '#include "core/base/a.hpp"\n')
        self.assertIn("blind", self.said())


class Source(unittest.TestCase):
    def test_comments_and_literals_are_blanked_and_lines_kept(self):
        text = 'int a; // time(0)\nauto b = "now()"; /* x\ny */ char c = \'"\'; int d;\n'
        bare = source.code(text)
        self.assertEqual(text.count("\n"), bare.count("\n"))
        self.assertNotIn("now", bare)
        self.assertNotIn("time", bare)
        self.assertIn("int d;", bare)


if __name__ == "__main__":
    DUMP, ROOT, COMPILER = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    unittest.main(argv=sys.argv[:1])
