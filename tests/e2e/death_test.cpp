// Case 4: processes die, or stand still, and come back.
#include <csignal>
#include <fstream>

#include "tests/e2e/support/lifecycle.hpp"

namespace quorate::e2e {
namespace {

struct Death : Lifecycle {
    // A process that merely died has lost nothing: its member stays what it was.
    void expect_same_members(const std::vector<std::string>& ids) {
        cluster().await_steady(static_cast<int>(ids.size()));
        EXPECT_EQ(cluster().member_ids(static_cast<int>(ids.size())), ids);
        EXPECT_TRUE(writer().goes_on());
    }
    Cluster::Options patient() {
        return {.replicas = 3, .policy = "parallel", .set = {"unresponsive_after=60s"}};
    }
};

TEST_F(Death, AKilledEtcdIsStartedAgain) {
    const auto ids = form(patient()).member_ids(3);
    for (const int ordinal : {cluster().leader(), 0, 2}) {
        const pid_t before = cluster().etcd_pid(ordinal);
        cluster().kill_etcd(ordinal);
        cluster().await("another etcd", [&] {
            const pid_t now = cluster().etcd_pid(ordinal);
            return now != 0 && now != before;
        });
        expect_same_members(ids);
    }
}

TEST_F(Death, AKilledAgentTakesItsEtcdWithItAndBothComeBack) {
    const auto ids = form(patient()).member_ids(3);
    const int ordinal = cluster().leader();
    const pid_t agent = cluster().agent_pid(ordinal);
    const pid_t etcd = cluster().etcd_pid(ordinal);
    cluster().kill_agent(ordinal);
    cluster().await("the end of its etcd", [&] { return !alive(etcd); });
    cluster().await("another agent", [&] {
        const pid_t now = cluster().agent_pid(ordinal);
        return now != 0 && now != agent;
    });
    expect_same_members(ids);
}

TEST_F(Death, AllKilledAtOnceComeBackWithEverything) {
    const auto ids = form(patient()).member_ids(3);
    cluster().while_dead({0, 1, 2}, [] {});
    expect_same_members(ids);
    for (const int ordinal : {0, 1, 2})
        EXPECT_TRUE(cluster().set_aside(ordinal).empty());
}

TEST_F(Death, SigtermOfAnAgentNeverRemovesItsMember) {
    const auto ids = form(patient()).member_ids(3);
    for (const int ordinal : {2, 0}) {
        const pid_t before = cluster().agent_pid(ordinal);
        cluster().signal_agent(ordinal, SIGTERM);
        cluster().await("another agent", [&] {
            const pid_t now = cluster().agent_pid(ordinal);
            return now != 0 && now != before;
        });
        expect_same_members(ids);
    }
}

// Its etcd tells another one to lead before it ends: nobody waits for an election.
TEST_F(Death, AnAgentThatIsAskedToEndHandsLeadershipOver) {
    const auto ids = form(patient()).member_ids(3);
    const int leader = cluster().leader();
    const auto told_to_lead = [&] {
        std::size_t times = 0;
        for (const std::uint32_t replica : {0U, 1U, 2U}) {
            const std::string log = text_of(cluster().layout().etcd_log(Ordinal{replica}));
            for (std::size_t at = 0; (at = log.find("MsgTimeoutNow", at)) != std::string::npos;
                 ++at)
                ++times;
        }
        return times;
    };
    const std::size_t before = told_to_lead();
    const pid_t agent = cluster().agent_pid(leader);
    cluster().signal_agent(leader, SIGTERM);
    cluster().await("its end", [&] { return !alive(agent); });
    cluster().await("another leader", [&] { return cluster().leader() != leader; });
    EXPECT_GT(told_to_lead(), before);
    expect_same_members(ids);
}

// Whether it is restarted or removed nobody can say: it asks for a while, then leaves in order.
TEST_F(Death, AnAgentThatCannotLearnWhatIsDesiredStopsAsForARestart) {
    Cluster::Options options = patient();
    options.set.insert(options.set.end(), {"desired_wait=2s", "grace_period=1h"});
    const auto ids = form(options).member_ids(3);
    const auto desired = cluster().layout().desired();
    const std::string before = text_of(desired);
    const pid_t agent = cluster().agent_pid(1);
    std::ofstream(desired) << "nobody knows\n";
    cluster().signal_agent(1, SIGTERM);
    cluster().await("its end", [&] { return !alive(agent); });
    const std::string log = text_of(cluster().layout().log(Ordinal{1}) / "agent.log");
    EXPECT_NE(log.find("etcd is stopped as for a restart"), std::string::npos) << log;
    EXPECT_NE(log.find("exit: asked to stop"), std::string::npos) << log;
    std::ofstream(desired) << before;
    expect_same_members(ids);
}

TEST_F(Death, SupervisorAndAllKilledThenUpAgain) {
    const auto ids = form(patient()).member_ids(3);
    cluster().kill_everything();
    cluster().start();
    expect_same_members(ids);
}

TEST_F(Death, AReplicaThatStandsStillBeyondTheLimitIsReplacedAndComesBack) {
    form();
    const int ordinal = cluster().leader();
    const std::string id = cluster().member_id(ordinal);
    const auto pids = cluster().processes_of(ordinal);
    for (const pid_t pid : pids)
        ::kill(pid, SIGSTOP);
    cluster().await("its removal", [&] {
        const ClusterRecord record = cluster().record();
        return record.replicas.find(Ordinal{static_cast<std::uint32_t>(ordinal)})
                   ->member_id.value == 0;
    });
    for (const pid_t pid : pids)
        ::kill(pid, SIGCONT);
    cluster().await_replaced(ordinal, id);
    cluster().await_steady(3);
    EXPECT_TRUE(writer().goes_on());
}

TEST_F(Death, AnEtcdThatStandsStillBeyondTheLimitIsReplacedByItsAgent) {
    form();
    const std::string id = cluster().member_id(1);
    ::kill(cluster().etcd_pid(1), SIGSTOP);
    cluster().await_replaced(1, id);
    cluster().await_steady(3);
    EXPECT_TRUE(writer().goes_on());
}

}  // namespace
}  // namespace quorate::e2e
