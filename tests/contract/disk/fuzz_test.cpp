// Whatever the bytes are, examine() comes back with a report: random damage to each kind of file, a
// fixed seed, and no bound on time but the test's own.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <memory>
#include <random>

#include "adapters/disk/proto_reader.hpp"
#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"

namespace quorate::disk {
namespace {
namespace fs = std::filesystem;

constexpr int rounds = 600;

class Fuzz : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        written_ = std::make_unique<TemporaryDirectory>();
        const Volume volume{written_->path()};
        RealEtcd etcd(volume, {"--snapshot-count=50"});
        etcd.put_many(160);
        etcd.stop(SIGTERM);
        const fs::path segment = segments_of(volume).front();
        cut(segment, last_entry_of(segment).offset + 4096);  // without the preallocated rest
        ASSERT_TRUE(stamp(volume, VolumeIdentity{.lineage = {"some-lineage"},
                                                 .epoch = {1},
                                                 .ordinal = {0},
                                                 .nonce = {1},
                                                 .data_seen = true,
                                                 .high_water = {},
                                                 .record = {}}));
        ASSERT_EQ(report_on(volume).shape, DiskShape::whole) << report_on(volume).fault;
    }
    static void TearDownTestSuite() { written_.reset(); }

    static Volume volume() { return Volume{written_->path()}; }

    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }

    // Some bytes at random places; half of them near the beginning of a 4 KB page, where headers
    // are.
    void scribble(std::string& bytes) {
        for (std::size_t left = 1 + below(6); left > 0; --left) {
            std::size_t at = below(bytes.size());
            if (below(2) == 0) at = std::min(at / 4096 * 4096 + below(96), bytes.size() - 1);
            bytes[at] = static_cast<char>(below(3) == 0 ? 0xFF : below(256));
        }
    }

    // True when the report calls the directory whole.
    bool survive(const fs::path& path, const std::string& bytes) {
        write_bytes(path, bytes);
        const DiskReport report = report_on(volume());
        EXPECT_EQ(report.shape == DiskShape::unreadable, !report.fault.empty());
        return report.shape == DiskShape::whole && !report.identity_unreadable;
    }

    void damage_again_and_again(const fs::path& path) {
        const std::string sound = bytes_of(path);
        int noticed = 0;
        for (int round = 0; round < rounds && !HasFailure(); ++round) {
            SCOPED_TRACE("round " + std::to_string(round));
            std::string bytes = sound;
            if (below(4) == 0) bytes.resize(below(bytes.size()));
            if (!bytes.empty()) scribble(bytes);
            if (!survive(path, bytes)) ++noticed;
        }
        EXPECT_GT(noticed, rounds / 10);
        EXPECT_TRUE(survive(path, sound));
    }

    std::mt19937_64 random_{20260101};

  private:
    static inline std::unique_ptr<TemporaryDirectory> written_;
};

TEST_F(Fuzz, DamagedDbIsReported) { damage_again_and_again(db_of(volume())); }

TEST_F(Fuzz, DamagedWalIsReported) { damage_again_and_again(segments_of(volume()).front()); }

TEST_F(Fuzz, DamagedIdentityIsReported) { damage_again_and_again(volume().root / "identity"); }

TEST_F(Fuzz, DamagedSnapIsReported) {
    for (const auto& entry : fs::directory_iterator(snap_of(volume()))) {
        if (entry.path().extension() != ".snap") continue;
        const std::string sound = bytes_of(entry.path());
        for (int round = 0; round < 100; ++round) {
            std::string bytes = sound;
            scribble(bytes);
            survive(entry.path(), bytes);
        }
        survive(entry.path(), sound);
    }
}

TEST_F(Fuzz, DirectoriesAndPipesInPlaceOfFilesAreReported) {
    const TemporaryDirectory place;
    const Volume copy{place.path()};
    copy_volume(volume(), copy);
    for (const fs::path& path : {db_of(copy), segments_of(copy).front(), copy.root / "identity"}) {
        fs::remove(path);
        ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
        const DiskReport report = report_on(copy);
        EXPECT_TRUE(report.shape == DiskShape::unreadable || report.identity_unreadable);
        fs::remove(path);
        fs::create_directory(path);
        report_on(copy);
    }
    fs::remove_all(wal_of(copy));
    write_bytes(wal_of(copy), "a file");
    EXPECT_EQ(report_on(copy).shape, DiskShape::unreadable);
}

TEST_F(Fuzz, ReadingMessagesOfRandomBytesEnds) {
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(below(64), '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(below(256));
        ProtoReader reader(bytes);
        std::size_t fields = 0;
        for (ProtoField field; reader.next(field);)
            ++fields;
        ASSERT_LE(fields, bytes.size());
    }
}

}  // namespace
}  // namespace quorate::disk
