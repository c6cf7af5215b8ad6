// Case 9, and what a journal is for: losing one never loses a cluster, an idle cluster writes
// little, and what was tampered with is found and located.
#include <gtest/gtest.h>

#include <thread>

#include "adapters/journal/journal.hpp"
#include "tests/contract/disk/files.hpp"
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct Journals : Lifecycle {
    fs::path journal(int ordinal) { return cluster().volume(ordinal) / "journal"; }

    // RocksDB's write-ahead log: the largest file that ends so.
    fs::path log_of(const fs::path& journal) {
        fs::path largest;
        for (const auto& entry : fs::directory_iterator(journal))
            if (entry.path().extension() == ".log" &&
                (largest.empty() || fs::file_size(largest) < entry.file_size()))
                largest = entry.path();
        return largest;
    }

    std::size_t journals_set_aside(int ordinal) {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(cluster().volume(ordinal)))
            if (entry.path().filename().string().starts_with("journal.set-aside-")) ++count;
        return count;
    }

    // Nothing but the journal changes: the same members, and no data was moved.
    void heals_with_the_same_members(int ordinal, const std::function<void()>& change) {
        const auto ids = cluster().member_ids(3);
        const pid_t before = cluster().agent_pid(ordinal);
        cluster().while_dead({ordinal}, change);
        cluster().await("another agent", [&] {
            const pid_t now = cluster().agent_pid(ordinal);
            return now != 0 && now != before;
        });
        cluster().await_steady(3);
        EXPECT_EQ(cluster().member_ids(3), ids);
        EXPECT_TRUE(cluster().set_aside(ordinal).empty());
        EXPECT_TRUE(writer().goes_on());
    }

    Cluster::Options patient() {
        return {.replicas = 3, .policy = "parallel", .set = {"unresponsive_after=60s"}};
    }
};

TEST_F(Journals, ADeletedOneIsBegunAnew) {
    form(patient());
    heals_with_the_same_members(1, [&] { fs::remove_all(journal(1)); });
}

TEST_F(Journals, OneDeletedUnderARunningAgentGoesOnAfterWhatItKnows) {
    form(patient());
    const pid_t agent = cluster().agent_pid(1);
    const pid_t etcd = cluster().etcd_pid(1);
    fs::remove_all(journal(1));
    cluster().await("a journal", [&] { return journal::open_read_only(journal(1)).has_value(); });
    cluster().kill_etcd(1);
    cluster().await("another etcd", [&] {
        const pid_t now = cluster().etcd_pid(1);
        return now != 0 && now != etcd;
    });
    cluster().await_steady(3);
    EXPECT_TRUE(alive(agent));
    EXPECT_TRUE(writer().goes_on());
}

TEST_F(Journals, ATornTailIsCut) {
    form(patient());
    heals_with_the_same_members(0, [&] {
        const fs::path log = log_of(journal(0));
        disk::cut(log, fs::file_size(log) - 7);
    });
}

TEST_F(Journals, ADamagedOneIsSetAsideWithAReason) {
    form(patient());
    heals_with_the_same_members(0, [&] {
        const fs::path log = log_of(journal(0));
        disk::flip_bit(log, fs::file_size(log) / 2);
    });
    EXPECT_EQ(journals_set_aside(0), 1U);
}

TEST_F(Journals, AnotherReplicasOneIsSetAside) {
    form(patient());
    heals_with_the_same_members(2, [&] {
        fs::remove_all(journal(2));
        disk::copy_volume(disk::Volume{journal(1)}, disk::Volume{journal(2)});
    });
    EXPECT_EQ(journals_set_aside(2), 1U);
}

TEST_F(Journals, AFlippedBitInAnExportedOneIsFoundAndLocated) {
    form(patient());
    const fs::path file = cluster().layout().root() / "exported";
    const Ran exported = run({cluster().quorate(), "journal", "export", journal(0), file});
    ASSERT_EQ(exported.status, 0) << exported.err;
    const Ran good = run({cluster().quorate(), "replay", file});
    EXPECT_EQ(good.status, 0) << good.err << good.out;
    disk::flip_bit(file, fs::file_size(file) / 2);
    const Ran bad = run({cluster().quorate(), "replay", file});
    EXPECT_NE(bad.status, 0);
    EXPECT_FALSE((bad.out + bad.err).empty());
}

TEST_F(Journals, AnIdleClusterWritesAFewRecordsAMinute) {
    // A minute with the usual periods, told ten times as fast.
    form({.replicas = 3,
          .policy = "parallel",
          .set = {"probe_period=500ms", "heartbeat_period=3s", "hash_check_period=6s",
                  "high_water_period=6s", "unresponsive_after=60s"}});
    writer().stop();
    cluster().await_steady(3);
    const auto records = [&](int ordinal) {
        auto source = journal::open_read_only(journal(ordinal));
        if (!source) throw std::runtime_error(source.error().what);
        return (*source)->last().value;
    };
    // The tail of what came before: everything is told once more.
    std::this_thread::sleep_for(std::chrono::seconds(4));
    const std::vector<std::uint64_t> before = {records(0), records(1), records(2)};
    const auto begin = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::seconds(12));
    // In a "minute": two heartbeats of each of three members, a comparison by the leader and a
    // high-water mark with their answers. Each probe that was told would be 36. A slow machine
    // counts for longer, and the first and the last minute are never whole.
    for (const int ordinal : {0, 1, 2}) {
        const std::uint64_t told = records(ordinal) - before[static_cast<std::size_t>(ordinal)];
        const auto minutes =
            2 + (std::chrono::steady_clock::now() - begin) / std::chrono::seconds(6);
        EXPECT_LE(told, 13U * static_cast<std::uint64_t>(minutes)) << ordinal;
    }
}

}  // namespace
}  // namespace quorate::e2e
