#!/usr/bin/env python3
"""The container image that tools/image makes: the same bytes twice, nobody is root in it, and its
programs run with nothing but what it holds.

usage: image_test.py ROOT QUORATE
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT, QUORATE = map(pathlib.Path, sys.argv[1:3])


def built_etcd():
    """A release of etcd with all its tools that is at hand; the test builds none."""
    listed = subprocess.run([ROOT / "tools/etcd-versions", "--list"], capture_output=True, text=True, check=True)
    for line in reversed(listed.stdout.splitlines()):
        release, _, path = line.partition(" ")
        if path != "not built" and (pathlib.Path(path).parent / "etcdutl").exists():
            return release
    return None


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.path = pathlib.Path(cls.directory.name)
        cls.said = cls.make("one.tar")
        cls.archive = tarfile.open(cls.path / "one.tar")
        cls.addClassCleanup(cls.archive.close)

    @classmethod
    def make(cls, name, *arguments):
        made = subprocess.run([ROOT / "tools/image", "--etcd", ETCD, "--quorate", QUORATE, *arguments, cls.path / name],
                              capture_output=True, text=True, umask=0o077 if name == "two.tar" else 0o022)
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        return made.stdout

    def json(self, name):
        return json.load(self.archive.extractfile(name))

    def blob(self, descriptor):
        return "blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")

    def manifest(self):
        return self.json(self.blob(self.json("index.json")["manifests"][0]))

    def layers(self):
        for layer in self.manifest()["layers"]:
            with tarfile.open(fileobj=self.archive.extractfile(self.blob(layer))) as files:
                yield files

    def test_two_runs_give_the_same_bytes_whatever_the_umask(self):
        self.assertEqual(self.make("two.tar"), self.said)
        self.assertEqual((self.path / "two.tar").read_bytes(), (self.path / "one.tar").read_bytes())

    def test_prints_name_digest_and_size(self):
        digest = self.json("index.json")["manifests"][0]["digest"]
        self.assertRegex(self.said, rf"^localhost/quorate:\d+\.\d+\.\d+ {digest} [0-9.]+MiB\n$")

    def test_another_name_changes_no_digest(self):
        name, digest, _ = self.make("three.tar", "--name", "registry.example:5000/db/quorate:next").split()
        self.assertEqual(name, "registry.example:5000/db/quorate:next")
        self.assertEqual(digest, self.said.split()[1])

    def test_every_digest_and_size_is_true(self):
        for name in self.archive.getnames():
            if name.startswith("blobs/sha256/"):
                content = self.archive.extractfile(name).read()
                self.assertEqual(hashlib.sha256(content).hexdigest(), name.rpartition("/")[2])
        manifest = self.manifest()
        for descriptor in [manifest["config"], *manifest["layers"]]:
            self.assertEqual(self.archive.getmember(self.blob(descriptor)).size, descriptor["size"])
        config = self.json(self.blob(manifest["config"]))
        self.assertEqual(config["rootfs"]["diff_ids"], [layer["digest"] for layer in manifest["layers"]])

    def test_docker_finds_the_same_image(self):
        docker, = self.json("manifest.json")
        manifest = self.manifest()
        self.assertEqual(docker["Config"], self.blob(manifest["config"]))
        self.assertEqual(docker["Layers"], [self.blob(layer) for layer in manifest["layers"]])
        self.assertEqual(docker["RepoTags"], [self.said.split()[0]])

    def test_nobody_is_root_and_nothing_makes_one(self):
        config = self.json(self.blob(self.manifest()["config"]))["config"]
        self.assertEqual(config["User"], "65532:65532")
        for files in self.layers():
            for member in files:
                self.assertFalse(member.mode & 0o6000, member.name)
                if member.name not in ("data", "run/quorate"):
                    self.assertEqual((member.uid, member.gid), (0, 0), member.name)
                if member.name != "tmp" and not member.issym():
                    self.assertFalse(member.mode & 0o022, member.name)

    def test_holds_the_programs_and_no_shell(self):
        found = {}
        for files in self.layers():
            found.update({m.name: m.linkname for m in files if m.name.startswith("usr/bin/")})
        self.assertEqual(found, {"usr/bin/etcd": "", "usr/bin/etcdctl": "", "usr/bin/etcdutl": "",
                                 "usr/bin/quorate": "", "usr/bin/kubectl-quorate": "quorate"})

    def test_another_program_is_a_layer_more_under_its_own_name(self):
        etcd = next(line.partition(" ")[2] for line in subprocess.run(
            [ROOT / "tools/etcd-versions", "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
            if line.startswith(ETCD + " "))
        program = self.path / "control-plane"
        program.symlink_to(etcd)  # linked statically, and called by another name
        self.make("with.tar", "--with", program)
        with tarfile.open(self.path / "with.tar") as archive:
            layers = json.load(archive.extractfile("manifest.json"))[0]["Layers"]
            plain = json.load(self.archive.extractfile("manifest.json"))[0]["Layers"]
            self.assertEqual([layer for layer in layers if layer in plain], plain)
            added, = (layer for layer in layers if layer not in plain)
            with tarfile.open(fileobj=archive.extractfile(added)) as files:
                found = {m.name: (m.isfile(), m.mode, m.uid) for m in files if not m.isdir()}
        self.assertEqual(found, {"usr/bin/control-plane": (True, 0o755, 0)})

    def test_another_program_must_run_without_libraries(self):
        with self.assertRaisesRegex(AssertionError, "linked with shared libraries"):
            self.make("dynamic.tar", "--with", QUORATE)

    def test_its_programs_run_from_it_alone(self):
        tree = self.path / "tree"
        for files in self.layers():
            files.extractall(tree)
        enter = ["chroot", tree] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot", tree]
        if subprocess.run([*enter, "/usr/bin/etcd", "--version"], capture_output=True).returncode != 0:
            self.skipTest("nobody may change the root directory here")
        version = subprocess.run([*enter, "/usr/bin/quorate", "version"], capture_output=True, text=True)
        self.assertEqual(version.returncode, 0, version.stderr)
        self.assertIn(self.json(self.blob(self.manifest()["config"]))["config"]["Labels"]
                      ["org.opencontainers.image.version"], version.stdout)


if __name__ == "__main__":
    ETCD = built_etcd()
    if ETCD is None:
        print("no etcd with its tools is built here; tools/etcd-versions 3.6 builds one")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
