// etcd refuses writes for want of space: room is made while it serves reads, and what nobody can
// free but a person is said (requirements C2, S13).
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace {

struct Space : Lifecycle {
    static constexpr std::size_t value_bytes = 1U << 20;

    Cluster::Options small_quota() {
        return {.replicas = 3,
                .policy = "parallel",
                .set = {"etcd_arguments=--quota-backend-bytes=16777216", "unresponsive_after=60s",
                        "heartbeat_period=1s"}};
    }
    bool alarm_stands() {
        const auto alarms = cluster().serving_client()->alarms(seconds(5));
        const auto* listed = std::get_if<std::vector<etcd::Alarm>>(&alarms);
        return listed != nullptr && !listed->empty();
    }
    // Until etcd raises its alarm; at most 40 MiB. Returns the first number that was not written.
    int fill(const std::function<std::string(int)>& key, int from = 0) {
        const auto client = cluster().serving_client();
        for (int i = from; i < from + 40; ++i) {
            const auto put = client->put(key(i), std::string(value_bytes, 'x'), seconds(10));
            const auto* refused = std::get_if<Refused>(&put);
            if (refused != nullptr && refused->refusal == Refusal::no_space) return i;
        }
        throw std::runtime_error("etcd took it all");
    }
};

TEST_F(Space, ADatabaseFullOfOldRevisionsGetsRoomAgain) {
    form(small_quota());
    const auto ids = cluster().member_ids(3);
    fill([](int) { return "the same"; });
    cluster().await("an end of the alarm", [&] { return !alarm_stands(); });
    EXPECT_TRUE(writer().goes_on());
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
}

TEST_F(Space, ADatabaseFullOfWhatIsWantedParksUntilSomebodyDeletes) {
    form(small_quota());
    const auto key = [](int i) { return "wanted/" + std::to_string(i); };
    int written = fill(key);
    // How much is wanted when etcd first refuses hangs on how its pages fell; what a
    // defragmentation frees is filled too.
    nlohmann::json parked;
    cluster().await("a park", [&] {
        const nlohmann::json now = cluster().status();
        if (now.is_object() && now.contains("parked")) parked = now["parked"];
        if (parked.is_null() && !alarm_stands()) written = fill(key, written);
        return !parked.is_null();
    });
    EXPECT_NE(parked["reason"].get<std::string>().find("full"), std::string::npos) << parked;
    EXPECT_NE(parked["next_step"].get<std::string>().find("delete"), std::string::npos) << parked;
    EXPECT_TRUE(alarm_stands());
    const auto client = cluster().serving_client();
    Revision last;
    for (int i = 0; i < written; ++i)
        if (const auto gone = client->erase(key(i), seconds(10));
            const auto* revision = std::get_if<Revision>(&gone))
            last = *revision;
    EXPECT_TRUE(std::holds_alternative<Done>(client->compact(last, seconds(10))));
    cluster().await("an end of the alarm", [&] { return !alarm_stands(); });
    EXPECT_TRUE(writer().goes_on());
    cluster().await_steady(3);
}

}  // namespace
}  // namespace quorate::e2e
