// A snapshot appears under its name only when all of it arrived.
#include "adapters/etcd/snapshot_file.hpp"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tests/contract/etcd/cluster.hpp"

namespace quorate::etcd {
namespace {

std::string sha256_of(const std::string& bytes) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return {digest.begin(), digest.end()};
}

class SnapshotFileTest : public testing::Test {
  protected:
    // Writes `stream` in pieces of `step` bytes and finishes.
    Result<Bytes> write(const std::string& stream, std::size_t step) {
        auto file = SnapshotFile::create(target);
        if (!file) return tl::unexpected(file.error());
        for (std::size_t at = 0; at < stream.size(); at += step) {
            if (auto done = (*file)->append(stream.substr(at, step)); !done)
                return tl::unexpected(done.error());
        }
        return (*file)->finish();
    }
    bool no_part_is_left() const { return !std::filesystem::exists(target.string() + ".part"); }

    test::TempDir dir;
    std::filesystem::path target = dir.path() / "snapshot.db";
    std::string pages = std::string(4096, 'a') + std::string(4096, 'b');
    std::string whole = pages + sha256_of(pages);
};

TEST_F(SnapshotFileTest, AWholeStreamBecomesTheFileHoweverItIsCut) {
    for (std::size_t step : {1U, 31U, 32U, 33U, 4096U, 100'000U}) {
        const auto size = write(whole, step);
        ASSERT_TRUE(size) << size.error().what;
        EXPECT_EQ(*size, Bytes{whole.size()});
        EXPECT_EQ(std::filesystem::file_size(target), whole.size());
        EXPECT_TRUE(no_part_is_left());
    }
    EXPECT_EQ(std::filesystem::status(target).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SnapshotFileTest, AStreamThatEndsEarlyIsUnknownAndTheOldFileStays) {
    ASSERT_TRUE(write(whole, 4096));
    for (std::size_t size :
         {std::size_t{0}, std::size_t{31}, std::size_t{32}, whole.size() - 512, whole.size() - 1}) {
        const auto torn = write(whole.substr(0, size), 1000);
        ASSERT_FALSE(torn) << size;
        EXPECT_EQ(torn.error().kind, FailureKind::unknown);
        EXPECT_TRUE(no_part_is_left());
        EXPECT_EQ(std::filesystem::file_size(target), whole.size());
    }
}

TEST_F(SnapshotFileTest, AFlippedBitIsUnknown) {
    for (std::size_t at : {std::size_t{0}, std::size_t{5000}, pages.size(), whole.size() - 1}) {
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 1);
        const auto damaged = write(flipped, 1000);
        ASSERT_FALSE(damaged) << at;
        EXPECT_EQ(damaged.error().kind, FailureKind::unknown);
        EXPECT_FALSE(std::filesystem::exists(target));
    }
}

TEST_F(SnapshotFileTest, ALeftoverOfACrashIsOverwritten) {
    std::ofstream(target.string() + ".part") << std::string(100'000, 'x');
    const auto size = write(whole, 4096);
    ASSERT_TRUE(size);
    EXPECT_EQ(std::filesystem::file_size(target), whole.size());
}

TEST_F(SnapshotFileTest, ADirectoryInTheWayIsRefused) {
    std::filesystem::create_directories(target / "full");
    const auto size = write(whole, 4096);
    ASSERT_FALSE(size);
    EXPECT_EQ(size.error().kind, FailureKind::refused);
    EXPECT_TRUE(no_part_is_left());
}

}  // namespace
}  // namespace quorate::etcd
