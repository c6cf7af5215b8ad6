#!/usr/bin/env python3
"""The Helm chart: what it renders, as goldens, and what it refuses.

usage: chart_test.py ROOT [--rewrite]

--rewrite writes the goldens (tests/golden/chart) anew; look at the difference. Without helm (PATH, or
tools/kube-versions) it skips.
"""

import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1])
CHART = ROOT / "deploy/chart"
GOLDEN = ROOT / "tests/golden/chart"
VALUES = ROOT / "tests/deploy/values"
ON = "controlPlane.backingStore.etcd.embedded.enabled=true"
DEPLOY = "controlPlane.backingStore.etcd.deploy.enabled=true"


def find_helm():
    cache = os.environ.get("QUORATE_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "quorate"
    built = pathlib.Path(cache) / "kube/helm/helm"
    return shutil.which("helm") or (str(built) if built.exists() else None)


def helm(*arguments):
    return subprocess.run([HELM, *arguments], capture_output=True, text=True)


def template(*arguments, release="q"):
    return helm("template", release, CHART, "--namespace", "ns", "--kube-version", "1.33.0", *arguments)


def rendered(*values):
    made = template(*(word for value in values for word in ("--set", value)))
    if made.returncode != 0:
        raise AssertionError(made.stderr)
    return made.stdout


class Golden(unittest.TestCase):
    maxDiff = None

    def test_each_values_file_renders_as_it_did(self):
        GOLDEN.mkdir(exist_ok=True)
        for values in sorted(VALUES.glob("*.yaml")):
            made = template("--values", values)
            self.assertEqual(made.returncode, 0, made.stderr)
            golden = GOLDEN / values.name
            if REWRITE:
                golden.write_text(made.stdout)
            difference = difflib.unified_diff(golden.read_text().splitlines(), made.stdout.splitlines(),
                                              str(golden), "rendered", lineterm="")
            self.assertEqual("\n".join(difference), "", f"{values.name}; --rewrite when it is meant so")

    def test_each_golden_has_its_values(self):
        self.assertEqual(sorted(p.name for p in GOLDEN.iterdir()), sorted(p.name for p in VALUES.iterdir()))


class Lint(unittest.TestCase):
    def test_helm_lint_finds_nothing(self):
        for values in (None, *VALUES.glob("*.yaml")):
            linted = helm("lint", "--strict", CHART, *(["--values", values] if values else []))
            self.assertEqual(linted.returncode, 0, linted.stdout)


class Refused(unittest.TestCase):
    def refuses(self, values, *words, release="q"):
        made = template(*(word for value in values for word in ("--set", value)), release=release)
        self.assertNotEqual(made.returncode, 0, values)
        for word in words:
            self.assertIn(word, made.stderr)

    def test_by_the_schema_with_the_path(self):
        for value, path in [
            ("controlPlane.backingStore.etcd.embeded.enabled=true", "embeded"),
            ("controlPlane.backingStore.etcd.embedded.snapshotCount=many", "/etcd/embedded/snapshotCount"),
            ("controlPlane.backingStore.etcd.embedded.extraArgs=--x", "/etcd/embedded/extraArgs"),
            ("controlPlane.backingStore.etcd.deploy.statefulSet.replicas=3", "replicas"),
            ("controlPlane.statefulSet.highAvailability.replicas=three", "/highAvailability/replicas"),
            ("controlPlane.statefulSet.highAvailability.replicas=11", "/highAvailability/replicas"),
            ("controlPlane.statefulSet.scheduling.podManagementPolicy=Any", "/scheduling/podManagementPolicy"),
            ("controlPlane.statefulSet.persistence.volumeClaim.size=big", "/volumeClaim/size"),
            ("controlPlane.statefulSet.security.user=1", "user"),
            ("quorate.setings.x=1", "setings"),
            ("quorate.settings.unresponsive_after=soon", "/quorate/settings/unresponsive_after"),
            ("quorate.settings.unresponsive=5m", "unresponsive"),
            ("quorate.controlPlane.ports[0].name=api", "/quorate/controlPlane/ports/0"),
        ]:
            self.refuses([ON, value], path, "schema")

    def test_no_store_with_the_way_to_turn_etcd_on(self):
        self.refuses([], "embedded database", "controlPlane.backingStore.etcd.embedded.enabled: true")
        self.refuses(["controlPlane.backingStore.database.embedded.enabled=true"], "embedded database",
                     "controlPlane.backingStore.etcd.embedded.enabled: true")

    def test_several_stores_by_name(self):
        self.refuses([ON, DEPLOY], "etcd.embedded and etcd.deploy", "only one store")

    def test_stores_of_others(self):
        for store in ("database.external", "etcd.external"):
            self.refuses([f"controlPlane.backingStore.{store}.enabled=true"], store, "somebody else")

    def test_a_migration_rather_than_to_begin_empty(self):
        self.refuses([ON, "controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd=true"],
                     "migrateFromDeployedEtcd", "begin empty")

    def test_former_syntax_with_its_new_form(self):
        for former, now in (("embeddedEtcd.enabled=true", "controlPlane.backingStore.etcd.embedded"),
                            ("syncer.replicas=3", "controlPlane"), ("storage.size=5Gi", "volumeClaim"),
                            ("etcd.replicas=3", "controlPlane.backingStore.etcd.deploy")):
            self.refuses([ON, former], former.partition(".")[0] + ": is now", now)

    def test_a_release_whose_name_is_too_long_for_a_stateful_set(self):
        self.refuses([ON], "52 at most", release="q" * 53)
        self.assertEqual(template("--set", ON, release="q" * 52).returncode, 0)


class Notes(unittest.TestCase):
    """What an install prints. Helm renders it for a cluster alone, so a copy of the chart renders it as an object."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.chart = pathlib.Path(directory.name) / "quorate"
        shutil.copytree(CHART, self.chart)
        (self.chart / "templates/NOTES.txt").rename(self.chart / "notes.txt")
        (self.chart / "templates/notes.yaml").write_text('notes: {{ tpl (.Files.Get "notes.txt") . | toJson }}\n')

    def notes(self, *values):
        made = helm("template", "q", self.chart, "--show-only", "templates/notes.yaml",
                    *(word for value in (ON, *values) for word in ("--set", value)))
        self.assertEqual(made.returncode, 0, made.stderr)
        return made.stdout

    def test_even_replicas_are_warned_of(self):
        for replicas in range(8):
            warned = "choose an odd number" in self.notes(
                f"controlPlane.statefulSet.highAvailability.replicas={replicas}")
            self.assertEqual(warned, replicas > 0 and replicas % 2 == 0, replicas)

    def test_data_that_goes_with_its_pod_is_warned_of(self):
        self.assertNotIn("loses its data", self.notes())
        self.assertIn("loses its data", self.notes("controlPlane.statefulSet.persistence.volumeClaim.enabled=false"))


class Laws(unittest.TestCase):
    def test_scaling_changes_no_pod(self):
        one, five = (rendered(ON, f"controlPlane.statefulSet.highAvailability.replicas={n}") for n in (1, 5))
        changed = [line.strip("+- ") for line in difflib.ndiff(one.splitlines(), five.splitlines())
                   if line[0] in "+-"]
        for line in changed:
            self.assertRegex(line, r"^(replicas: \d|unhealthyPodEvictionPolicy: \w+)$")

    def test_a_setting_that_agents_read_at_their_start_changes_each_pod(self):
        plain, other = (re.search(r"checksum/config: (\w+)", text).group(1)
                        for text in (rendered(ON), rendered(ON, "quorate.settings.peers_wait=1s")))
        self.assertNotEqual(plain, other)

    def test_values_of_a_control_plane_are_in_the_pod_alone(self):
        text = rendered(ON, "quorate.controlPlane.command[0]=run", "quorate.controlPlane.env[0].name=TOKEN",
                        "quorate.controlPlane.env[0].value=hidden")
        self.assertNotIn("hidden", text.partition("kind: ConfigMap\n")[2].partition("\n---")[0])
        self.assertEqual(text.count("hidden"), 1)
        self.assertIn("            - --\n            - run\n", text)

    def test_what_agents_create_is_not_rendered(self):
        text = rendered(ON, "controlPlane.statefulSet.highAvailability.replicas=3")
        kinds = set(re.findall(r"^kind: (\w+)$", text, re.MULTILINE))
        self.assertNotIn("Secret", kinds)
        self.assertNotIn("Lease", kinds)
        for own in ("q-record", "q-authority", "q-etcd-certs"):
            self.assertNotIn(f"  name: {own}\n", text)

    def test_no_right_is_given_for_everything(self):
        role = rendered(ON).partition("kind: Role\n")[2].partition("\n---")[0]
        self.assertNotIn("*", role)
        self.assertNotIn("delete", role)
        self.assertNotIn("kind: ClusterRole", rendered(ON))

    def test_a_budget_never_forbids_a_drain(self):
        for replicas, policy in ((1, "AlwaysAllow"), (2, "AlwaysAllow"), (3, "IfHealthyBudget"), (7, "IfHealthyBudget")):
            text = rendered(ON, f"controlPlane.statefulSet.highAvailability.replicas={replicas}")
            self.assertIn("maxUnavailable: 1\n", text)
            self.assertIn(f"unhealthyPodEvictionPolicy: {policy}\n", text)

    def test_alerts_and_dashboard_ask_for_metrics_that_there_are(self):
        told = set(re.findall(r'"(quorate_\w+)"', (ROOT / "adapters/metrics/metrics.cpp").read_text()))
        asked = set()
        for file in ("templates/monitoring/rules.yaml", "dashboards/quorate.json"):
            asked |= set(re.findall(r"\bquorate_\w+", (CHART / file).read_text()))
        self.assertEqual(asked - told, set())

    def test_certificates_of_a_deployed_etcd_are_made_and_kept(self):
        text = rendered(DEPLOY)
        self.assertIn("helm.sh/resource-policy: keep", text)
        for name in ("etcd-ca.crt", "etcd-server.crt", "etcd-server.key", "etcd-peer.crt", "etcd-peer.key"):
            self.assertRegex(text, rf"\n  {name}: \w+")

    def test_versions_of_chart_and_program_are_one(self):
        version = re.search(r"^  version: '(.*)',$", (ROOT / "meson.build").read_text(), re.MULTILINE).group(1)
        chart = (CHART / "Chart.yaml").read_text()
        self.assertIn(f"\nversion: {version}\n", chart)
        self.assertIn(f"\nappVersion: {version}\n", chart)


if __name__ == "__main__":
    REWRITE = "--rewrite" in sys.argv
    HELM = find_helm()
    if HELM is None:
        print("no helm in PATH, and tools/kube-versions has built none")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
