// Case 5: any one replica of three loses data, or has it changed behind its back. The two others
// carry on, and it comes back as another member with all of the content.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/contract/disk/files.hpp"
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct Damage : Lifecycle {
    // Kills replica `ordinal`, changes its volume, and awaits that it is replaced.
    void replaced_after(int ordinal, const std::function<void()>& change) {
        const std::string id = cluster().member_id(ordinal);
        cluster().while_dead({ordinal}, change);
        cluster().await_replaced(ordinal, id);
        cluster().await_steady(3);
        EXPECT_TRUE(writer().goes_on());
        EXPECT_EQ(cluster().record().epoch, Epoch{1});
    }
    // One value of replica `ordinal` reads differently from the others'.
    void replaced_after_a_changed_value(int ordinal) {
        const auto client = cluster().serving_client();
        const std::string value = "the bytes that are going to change";
        ASSERT_TRUE(
            std::holds_alternative<Revision>(client->put("to-be-changed", value, seconds(10))));
        const fs::path db = disk::db_of(cluster().disk(ordinal));
        cluster().await("the value in the db",
                        [&] { return text_of(db).find(value) != std::string::npos; });
        replaced_after(ordinal, [&] {
            const std::string bytes = disk::bytes_of(db);
            for (std::size_t at = bytes.find(value); at != std::string::npos;
                 at = bytes.find(value, at + 1))
                disk::overwrite(db, at, "THE");
        });
        const auto read = cluster().client(ordinal)->get("to-be-changed", seconds(10));
        EXPECT_EQ(std::get<std::optional<std::string>>(read), value);
    }
    fs::path data(int ordinal) { return cluster().volume(ordinal) / "etcd"; }
};

TEST_F(Damage, AnEmptiedEtcdDirectoryIsFilledAgainOfEveryReplica) {
    form();
    for (const int ordinal : {0, 1, 2}) {
        replaced_after(ordinal, [&] {
            for (const auto& entry : fs::directory_iterator(data(ordinal)))
                fs::remove_all(entry);
        });
    }
}

TEST_F(Damage, ADeletedVolumeIsFilledAgainAlsoThatOfReplicaZero) {
    form();
    for (const int ordinal : {0, 2})
        replaced_after(ordinal, [&] { fs::remove_all(cluster().volume(ordinal)); });
}

TEST_F(Damage, AnEtcdDirectoryEmptiedUnderARunningEtcdIsFilledAgain) {
    form();
    const std::string id = cluster().member_id(1);
    for (const auto& entry : fs::directory_iterator(data(1)))
        fs::remove_all(entry);
    cluster().kill_etcd(1);
    cluster().await_replaced(1, id);
    cluster().await_steady(3);
    EXPECT_TRUE(writer().goes_on());
}

TEST_F(Damage, ATruncatedDbIsSetAside) {
    form();
    replaced_after(0, [&] { disk::cut(disk::db_of(cluster().disk(0)), 4096); });
    EXPECT_TRUE(cluster().has_set_aside(0, "damaged"));
}

TEST_F(Damage, AMissingDbWithItsWalKeptHeals) {
    form();
    // The log is whole from its first entry on: etcd rebuilds the db from it, the member stays.
    const auto ids = cluster().member_ids(3);
    cluster().while_dead({1}, [&] { fs::remove(disk::db_of(cluster().disk(1))); });
    cluster().await_steady(3);
    EXPECT_TRUE(writer().goes_on());
    EXPECT_EQ(cluster().record().epoch, Epoch{1});
}

TEST_F(Damage, AMissingDbWhoseLogWasCompactedIsReplaced) {
    form({.replicas = 3, .policy = "parallel", .set = {"snapshot_count=100"}});
    cluster().await("a snapshot", [&] {
        for (const auto& entry : fs::directory_iterator(disk::snap_of(cluster().disk(1))))
            if (entry.path().extension() == ".snap") return true;
        return false;
    });
    replaced_after(1, [&] { fs::remove(disk::db_of(cluster().disk(1))); });
}

TEST_F(Damage, AMissingWalWithItsDbKeptIsSetAside) {
    form();
    replaced_after(0, [&] { fs::remove_all(disk::wal_of(cluster().disk(0))); });
    EXPECT_TRUE(cluster().has_set_aside(0, "wal-missing"));
}

TEST_F(Damage, AFlippedBitInAWalRecordIsFoundBeforeEtcdStarts) {
    form();
    replaced_after(2, [&] {
        const fs::path segment = disk::segments_of(cluster().disk(2)).front();
        const auto frames = disk::frames_of(segment);
        const disk::Frame& middle = frames.at(frames.size() / 2);
        disk::flip_bit(segment, middle.offset + middle.size / 2);
    });
    EXPECT_TRUE(cluster().has_set_aside(2, "damaged"));
}

TEST_F(Damage, ValueBytesChangedInsideTheDbAreFoundByComparison) {
    form();
    replaced_after_a_changed_value(1);
}

// Our own comparison is too slow to be first here. etcd's initial check finds it from 3.6 on;
// before, that check sees no peers yet, and the periodic one raises CORRUPT, in which nobody may
// write.
TEST_F(Damage, ACorruptAlarmEndsWithTheBadMemberReplacedAndTheAlarmDisarmed) {
    const bool old = etcd_line() < Version{3, 6, 0};
    form({.set = {"hash_check_period=1h", std::string("etcd_arguments=--") +
                                              (old ? "experimental-" : "") +
                                              "corrupt-check-time=1s"}});
    replaced_after_a_changed_value(1);
    for (const int ordinal : {0, 1, 2})
        EXPECT_FALSE(cluster().client(ordinal)->status(seconds(5)).alarm_corrupt);
    if (old) {
        const Ran told = cluster().command({"explain", "--last", "300"});
        EXPECT_NE(told.out.find("(K03 "), std::string::npos) << told.out;
    }
}

TEST_F(Damage, AMemberRemovedByHandComesBackAsAnother) {
    form();
    const std::string id = cluster().member_id(1);
    // etcd refuses for the first seconds after a start.
    cluster().await("the removal", [&] {
        const MemberId member{std::stoull(id, nullptr, 16)};
        return std::holds_alternative<Done>(cluster().client(0)->remove(member, seconds(10)));
    });
    cluster().await_replaced(1, id);
    cluster().await_steady(3);
    EXPECT_TRUE(writer().goes_on());
}

}  // namespace
}  // namespace quorate::e2e
