// The cluster record is lost, or goes back, as when a host is restored from a copy: whoever knows
// a newer one writes it again, etcd goes on, and no volume is taken for a rolled-back one.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/rules/record_edits.hpp"
#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

struct Record : Lifecycle {
    fs::path file() { return cluster().layout().record(); }
    void expect_untouched(const std::vector<std::string>& ids) {
        cluster().await_steady(3);
        EXPECT_EQ(cluster().member_ids(3), ids) << "nobody joined afresh";
        for (const int i : {0, 1, 2})
            EXPECT_TRUE(cluster().set_aside(i).empty()) << i;
        EXPECT_EQ(cluster().record().epoch, Epoch{1});
        EXPECT_TRUE(writer().goes_on());
    }
};

TEST_F(Record, ThatIsDeletedUnderRunningReplicasIsWrittenAgain) {
    const auto ids = form().member_ids(3);
    const RecordRevision before = cluster().record().revision;
    const pid_t etcd = cluster().etcd_pid(0);
    fs::remove(file());
    cluster().await("the record", [&] { return fs::exists(file()); });
    EXPECT_GT(cluster().record().revision, before);
    expect_untouched(ids);
    EXPECT_EQ(cluster().etcd_pid(0), etcd) << "it was never stopped";
}

TEST_F(Record, ThatIsDeletedWhileNothingRunsIsWrittenAgain) {
    const auto ids = form().member_ids(3);
    cluster().stop_all();
    fs::remove(file());
    cluster().start();
    expect_untouched(ids);
}

// Beside a member that lost its volume: it waits, the others serve, and what the status says to do
// about the record brings both back.
TEST_F(Record, ThatCannotBeReadIsLeftToAPersonAndWrittenAgainOnceMovedAway) {
    form();
    std::ofstream(file()) << "{broken";
    cluster().kill_etcd(1);
    fs::remove_all(cluster().volume(1) / "etcd");
    const nlohmann::json parked = cluster().await_parked();
    const std::string reason = parked["reason"];
    EXPECT_NE(reason.find(file().string()), std::string::npos) << reason;
    EXPECT_EQ(parked["next_step"], unreadable_record_step);
    EXPECT_TRUE(writer().goes_on()) << "two of three serve";
    fs::rename(file(), fs::path(file()).concat(".broken"));
    cluster().await("the record", [&] { return fs::exists(file()); });
    cluster().await_steady(3);
    EXPECT_EQ(cluster().record().epoch, Epoch{1});
    EXPECT_TRUE(writer().goes_on());
}

TEST_F(Record, ThatWentBackWhileNothingRanIsPutForward) {
    const auto ids = form().member_ids(3);
    const fs::path copy = fs::path(file()).concat(".copy");
    fs::copy_file(file(), copy);
    cluster().stop_all();
    cluster().start();  // with other nonces than those of the copy
    cluster().await_steady(3);
    const RecordRevision newest = cluster().record().revision;
    cluster().stop_all();
    fs::rename(copy, file());
    cluster().start();
    cluster().await("a newer record", [&] { return cluster().record().revision > newest; });
    expect_untouched(ids);
}

}  // namespace
}  // namespace quorate::e2e
