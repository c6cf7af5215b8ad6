// Cases 2 and 3: members follow the desired replicas, one change at a time, and what a removed
// replica left behind never joins again.
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace {

struct Scaling : Lifecycle {
    // Nothing was forced: the members went one by one while a quorum agreed.
    void expect_no_rebuild() { EXPECT_EQ(cluster().record().epoch, Epoch{1}); }

    void scale_and_await(int replicas) {
        cluster().scale(replicas);
        cluster().await_steady(replicas);
        EXPECT_TRUE(writer().goes_on());
    }
};

TEST_F(Scaling, GrowsByLearnersFromOneToFiveAndShrinksAgain) {
    form({.replicas = 1, .policy = "parallel", .set = {}}, 5);
    scale_and_await(3);
    scale_and_await(5);
    scale_and_await(3);
    expect_no_rebuild();
}

TEST_F(Scaling, GrowsAndShrinksInOrder) {
    form({.replicas = 1, .policy = "ordered", .set = {}}, 3);
    scale_and_await(3);
    scale_and_await(2);
    scale_and_await(1);
    expect_no_rebuild();
}

TEST_F(Scaling, SevenMembersShrinkToOneOneByOne) {
    form({.replicas = 7, .policy = "parallel", .set = {}});
    for (const int replicas : {5, 3, 1})
        scale_and_await(replicas);
    expect_no_rebuild();
}

TEST_F(Scaling, FiveToSevenGrows) {
    form({.replicas = 5, .policy = "parallel", .set = {}}, 7);
    scale_and_await(7);
    expect_no_rebuild();
}

TEST_F(Scaling, ThreeToOneInOneStepRemovesMembersBeforeTheirEtcdStops) {
    form();
    scale_and_await(1);
    expect_no_rebuild();
    EXPECT_EQ(cluster().member_id(1), "");
}

TEST_F(Scaling, ThreeToOneInOneStepUnderOrderedReady) {
    form({.replicas = 3, .policy = "ordered", .set = {}});
    scale_and_await(1);
    expect_no_rebuild();
}

TEST_F(Scaling, FiveToOneInOneStep) {
    form({.replicas = 5, .policy = "parallel", .set = {}});
    scale_and_await(1);
    expect_no_rebuild();
}

TEST_F(Scaling, TwoToOneInOneStepAlsoWhenTheOneThatGoesLeads) {
    form({.replicas = 2, .policy = "parallel", .set = {}});
    const auto client = cluster().client(cluster().leader());
    if (cluster().leader() == 0) {
        const std::uint64_t heir = std::stoull(cluster().member_id(1), nullptr, 16);
        client->move_leader(MemberId{heir}, seconds(10));
        cluster().await("another leader", [&] { return cluster().leader() == 1; });
    }
    scale_and_await(1);
    expect_no_rebuild();
}

TEST_F(Scaling, RetainedVolumesAreSetAsideAndNeverJoinAgain) {
    form();
    const auto ids = cluster().member_ids(3);
    scale_and_await(1);
    EXPECT_TRUE(std::filesystem::exists(cluster().volume(2))) << "volumes survive their replica";
    scale_and_await(3);
    expect_no_rebuild();
    EXPECT_EQ(cluster().member_id(0), ids[0]);
    for (const int ordinal : {1, 2}) {
        EXPECT_NE(cluster().member_id(ordinal), ids[static_cast<std::size_t>(ordinal)]);
        EXPECT_EQ(cluster().set_aside(ordinal).size(), 1U) << ordinal;
    }
}

TEST_F(Scaling, WhatCannotBeReadChangesNothingAndIsToldUntilItIsMended) {
    const auto ids = form().member_ids(3);
    const std::filesystem::path file = cluster().layout().desired();
    std::ofstream(file) << R"({"replicas": "many"})";
    const Ran told = cluster().command({"status"});
    EXPECT_NE(told.err.find(file.string()), std::string::npos) << told.err;
    const Ran refused = cluster().command({"scale", "1"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("field replicas"), std::string::npos) << refused.err;
    EXPECT_EQ(cluster().member_ids(3), ids);
    EXPECT_TRUE(writer().goes_on());
    std::ofstream(file) << R"({"policy":"parallel","replicas":1})";
    cluster().await_steady(1);
    EXPECT_EQ(cluster().command({"status"}).err, "");
}

TEST_F(Scaling, ZeroPausesAndNothingIsRemoved) {
    form();
    const auto ids = cluster().member_ids(3);
    writer().stop();
    cluster().scale(0);
    cluster().await("the end of every etcd", [&] {
        return processes_about("--data-dir=" + cluster().layout().root().string()).empty();
    });
    EXPECT_EQ(cluster().record().replicas.size(), 3U);
    cluster().scale(3);
    cluster().await_steady(3);
    EXPECT_EQ(cluster().member_ids(3), ids);
    for (const int ordinal : {0, 1, 2})
        EXPECT_TRUE(cluster().set_aside(ordinal).empty());
}

TEST_F(Scaling, AStuckLearnerDoesNotBlockAnotherOne) {
    form({.replicas = 3, .policy = "parallel", .set = {"learner_stuck_after=9s"}}, 5);
    cluster().scale(5);
    // The first replica to be listed as a learner stands still, agent and etcd. It is one for less
    // than a second.
    int stuck = -1;
    const auto client = cluster().client(0);
    const auto a_learner_is_listed = [&] {
        const auto answer = client->members(Freshness::local, seconds(2));
        const auto* list = std::get_if<MemberList>(&answer);
        if (list == nullptr) return false;
        for (const ListedMember& member : list->members) {
            if (!member.learner) continue;
            const int port =
                std::stoi(member.peer_urls.at(0).substr(member.peer_urls.at(0).rfind(':') + 1));
            for (const int ordinal : {3, 4})
                if (cluster().client_port(ordinal) + 1 == port) stuck = ordinal;
        }
        return stuck >= 0;
    };
    ASSERT_TRUE(eventually(a_learner_is_listed, std::chrono::milliseconds(2)));
    const auto pids = cluster().processes_of(stuck);
    for (const pid_t pid : pids)
        ::kill(pid, SIGSTOP);
    const int other = stuck == 3 ? 4 : 3;
    cluster().await("the other learner's promotion", [&] {
        const nlohmann::json now = cluster().member(other);
        return now.is_object() && now.value("role", "") == "voter";
    });
    for (const pid_t pid : pids)
        ::kill(pid, SIGCONT);
    cluster().await_steady(5);
    EXPECT_TRUE(writer().goes_on());
}

}  // namespace
}  // namespace quorate::e2e
