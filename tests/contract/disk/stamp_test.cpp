// The identity beside etcd's directory: what was stamped is read back, or is known to be damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "adapters/disk/identity.hpp"
#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"
#include "tests/contract/disk/witness.hpp"

namespace quorate::disk {
namespace {
namespace fs = std::filesystem;

VolumeIdentity some_identity() {
    return VolumeIdentity{.lineage = {"6f1c7e52-0f7e-4f0e-9d43-0c2a51a3c5d1"},
                          .epoch = {3},
                          .ordinal = {2},
                          .nonce = {0xFEDCBA9876543210},
                          .data_seen = true,
                          .high_water = {.term = {4}, .index = {1073}},
                          .record = {}};
}

TEST(Stamp, WhatWasStampedIsReported) {
    const TemporaryDirectory place;
    const Volume volume{place.path() / "deep" / "replica-2"};
    ASSERT_TRUE(stamp(volume, some_identity()));
    const auto report = examine(volume);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->identity, some_identity());
    EXPECT_FALSE(report->identity_unreadable);
    EXPECT_EQ(report->shape, DiskShape::empty);
}

TEST(Stamp, RootIsMadeForItsOwnerAlone) {
    const TemporaryDirectory place;
    const Volume volume{place.path() / "replica-2"};
    ASSERT_TRUE(stamp(volume, some_identity()));
    struct stat facts {};
    ASSERT_EQ(::stat(volume.root.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0700U);
}

TEST(Stamp, LaterStampReplacesTheFirstAndLeavesNoOtherFile) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    VolumeIdentity identity = some_identity();
    ASSERT_TRUE(stamp(volume, identity));
    identity.nonce = Nonce{7};
    identity.data_seen = false;
    ASSERT_TRUE(stamp(volume, identity));
    EXPECT_EQ(examine(volume)->identity, identity);
    EXPECT_EQ(std::distance(fs::directory_iterator(volume.root), fs::directory_iterator()), 1);
}

TEST(Stamp, TextIsOnTheMediumBeforeItIsSeenAndTheNameAfter) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    witnessed();
    ASSERT_TRUE(stamp(volume, some_identity()));
    const std::string path = (volume.root / "identity").string();
    EXPECT_THAT(witnessed(),
                testing::ElementsAre("fsync " + path + ".tmp", "rename " + path + ".tmp " + path,
                                     "fsync " + volume.root.string()));
}

// A crash before the rename leaves a part of the new text beside the old one.
TEST(Stamp, HalfWrittenSuccessorDoesNotHideTheIdentity) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    ASSERT_TRUE(stamp(volume, some_identity()));
    std::ofstream(volume.root / "identity.tmp") << "quorate-ident";
    EXPECT_EQ(examine(volume)->identity, some_identity());
    ASSERT_TRUE(stamp(volume, some_identity()));
    EXPECT_FALSE(fs::exists(volume.root / "identity.tmp"));
}

TEST(Stamp, EveryFlippedBitIsNoticed) {
    const std::string sound = identity_text(some_identity());
    ASSERT_EQ(parse_identity(sound), some_identity());
    for (std::size_t at = 0; at < sound.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = sound;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
            EXPECT_FALSE(parse_identity(damaged)) << "byte " << at << " bit " << bit;
        }
    }
}

TEST(Stamp, EveryTruncationIsNoticed) {
    const std::string sound = identity_text(some_identity());
    for (std::size_t size = 0; size < sound.size(); ++size) {
        EXPECT_FALSE(parse_identity(sound.substr(0, size))) << size;
    }
}

TEST(Stamp, DamagedFileIsReportedAsUnreadable) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    ASSERT_TRUE(stamp(volume, some_identity()));
    std::string text = bytes_of(volume.root / "identity");
    text[text.find("1073")] = '9';
    write_bytes(volume.root / "identity", text);
    const auto report = examine(volume);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->identity);
    EXPECT_TRUE(report->identity_unreadable);
}

TEST(Stamp, LineageOfSeveralWordsIsRefused) {
    const TemporaryDirectory place;
    const Volume volume{place.path()};
    VolumeIdentity identity = some_identity();
    identity.lineage.value = "two\nlines";
    const auto stamped = stamp(volume, identity);
    ASSERT_FALSE(stamped);
    EXPECT_EQ(stamped.error().kind, FailureKind::refused);
    EXPECT_FALSE(fs::exists(volume.root / "identity"));
}

}  // namespace
}  // namespace quorate::disk
