// What one agent says of itself, made from the core's state.
#include "adapters/host/status.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace quorate::host {
namespace {

using Json = nlohmann::json;

// Replica 0 of three, formed; nothing is known of the others' etcd.
State state_of_three() {
    State state;
    Facts& facts = state.facts;
    for (const char* name : {"quorate-0", "quorate-1", "quorate-2"})
        facts.settings.addresses.push_back(
            {name, std::string("https://peer/") + name, std::string("https://client/") + name});
    facts.desired = Desired{3, PodManagement::ordered};
    facts.record = ClusterRecord{};
    facts.record->lineage = Lineage{"L"};
    facts.record->epoch = Epoch{1};
    facts.record->stage = RecordStage::formed;
    facts.own_list = MemberList{};
    for (std::uint32_t i = 0; i < 3; ++i) {
        const MemberId id{0xa0 + i};
        facts.record->replicas[Ordinal{i}].member_id = id;
        facts.own_list->members.push_back(
            {id, facts.settings.addresses[i].name, {facts.settings.addresses[i].peer_url}, i == 2});
    }
    facts.etcd_running = true;
    state.replica.phase = ReplicaPhase::serving;
    return state;
}

MemberStatus serving(std::uint32_t ordinal) {
    MemberStatus status;
    status.answers = true;
    status.serves = true;
    status.member_id = MemberId{0xa0 + ordinal};
    status.leader = MemberId{0xa1};
    status.term = Term{3};
    status.index = LogIndex{70};
    status.revision = Revision{7};
    status.version = Version{3, 5, 30};
    return status;
}

Json told(const State& state, const StatusExtras& extras) {
    return Json::parse(status_json(state, extras));
}

TEST(Status, BeforeTheFirstEventThereIsNothingToSay) { EXPECT_EQ(status_json({}, {}), "{}"); }

TEST(Status, OwnPartIsFirstHand) {
    const Json json = told(state_of_three(), {.etcd_pid = 77, .latest = {{0, serving(0)}}});
    const Json& self = json["self"];
    EXPECT_EQ(self["agent_pid"], ::getpid());
    EXPECT_EQ(self["etcd_pid"], 77);
    EXPECT_EQ(self["phase"], "serving");
    EXPECT_EQ(self["ready"], true);
    EXPECT_EQ(self["member_id"], "a0");
    EXPECT_EQ(self["role"], "voter");
    EXPECT_EQ(self["revision"], 7);
    EXPECT_EQ(self["etcd_version"], "3.5.30");
    EXPECT_EQ(self["client_url"], "https://client/quorate-0");
}

TEST(Status, AControlPlaneIsTheOwnAgentsToTellWhereOneIsWanted) {
    EXPECT_TRUE(told(state_of_three(), {})["self"]["control_plane"].is_null());
    StatusExtras extras;
    extras.control_plane = ControlPlaneReport{true, 88, 2, "ended by itself, signal 9"};
    Json json = told(state_of_three(), extras);
    EXPECT_EQ(json["self"]["control_plane"], (Json{{"running", true},
                                                   {"pid", 88},
                                                   {"exits", 2},
                                                   {"last_exit", "ended by itself, signal 9"}}));
    extras.control_plane = ControlPlaneReport{};
    json = told(state_of_three(), extras);
    EXPECT_EQ(json["self"]["control_plane"]["running"], false);
    EXPECT_TRUE(json["self"]["control_plane"]["pid"].is_null());
}

TEST(Status, OthersAreTheListAndTheNewestAnswers) {
    const Json json = told(state_of_three(),
                           {.latest = {{0, serving(0)}, {1, serving(1)}}, .authority = Ordinal{1}});
    const Json& view = json["view"];
    EXPECT_EQ(view["voters"], 2);
    EXPECT_EQ(view["learners"], 1);
    EXPECT_EQ(view["authority"], 1);
    ASSERT_EQ(view["members"].size(), 3U);
    EXPECT_EQ(view["members"][1]["leader"], true);
    EXPECT_EQ(view["members"][0]["leader"], false);
    EXPECT_EQ(view["members"][2]["role"], "learner");
    EXPECT_EQ(view["members"][2]["ready"], false);
}

TEST(Status, AMemberThatNobodyListsAndThatIsSilentIsWhoTheRecordSays) {
    State state = state_of_three();
    state.facts.own_list.reset();
    const Json members = told(state, {.latest = {{0, serving(0)}}})["view"]["members"];
    EXPECT_EQ(members[1]["member_id"], "a1");
    EXPECT_EQ(members[1]["ready"], false);
}

TEST(Status, WhoFindsNoQuorumWithoutDnsIsToldToMendThatFirst) {
    State state = state_of_three();
    state.cluster.phase = ClusterPhase::parked;
    state.cluster.next_step = "run: quorate recover plan";
    EXPECT_EQ(told(state, {})["view"]["parked"]["next_step"], "run: quorate recover plan");
    StatusExtras extras;
    extras.latest[1].unresolved = extras.latest[2].unresolved = true;
    const Json view = told(state, extras)["view"];
    EXPECT_EQ(view["parked"]["next_step"],
              "mend DNS first: replica 0 cannot look up quorate-1, quorate-2");
    EXPECT_EQ(view["members"][0]["resolves"], true);
    EXPECT_EQ(view["members"][1]["resolves"], false);
}

TEST(Status, AReplicaWhoseEtcdEndedIsNotReadyWhateverWasAnsweredLast) {
    State state = state_of_three();
    state.facts.etcd_running = false;
    EXPECT_EQ(told(state, {.latest = {{0, serving(0)}}})["self"]["ready"], false);
}

// OrderedReady would wait for ever: one of three can never serve.
TEST(Status, OneOfThreeWaitsForItsPeersAndTwoOfThreeDoNot) {
    State state = state_of_three();
    EXPECT_EQ(told(state, {})["self"]["awaits_peers"], true);
    EXPECT_EQ(told(state, {.latest = {{0, serving(0)}}})["self"]["awaits_peers"], false);
    state.facts.settings.self = Ordinal{1};
    EXPECT_EQ(told(state, {})["self"]["awaits_peers"], false);
    state.facts.settings.self = Ordinal{0};
    state.facts.etcd_running = false;
    EXPECT_EQ(told(state, {})["self"]["awaits_peers"], false);
}

TEST(Status, PhasesAreTheWordsOfTheDocument) {
    State state = state_of_three();
    EXPECT_EQ(told(state, {})["view"]["cluster_phase"], "following");
    state.facts.record->stage = RecordStage::forming;
    EXPECT_EQ(told(state, {})["view"]["cluster_phase"], "forming");
    state.facts.desired->replicas = 0;
    EXPECT_EQ(told(state, {})["view"]["cluster_phase"], "paused");
    state.cluster.phase = ClusterPhase::parked;
    state.cluster.reason = "a majority is gone";
    const Json parked = told(state, {})["view"];
    EXPECT_EQ(parked["cluster_phase"], "parked");
    EXPECT_EQ(parked["quorum_lost"], true);
    EXPECT_EQ(parked["parked"]["reason"], "a majority is gone");
    EXPECT_EQ(parked["parked"]["replica"], nullptr);
}

TEST(Status, WhatOnlyAPersonCanMendIsParkedAlsoWhileMembersServe) {
    State unreadable = state_of_three();
    unreadable.facts.record_unreadable = "bad bytes";
    State failing = state_of_three();
    failing.replica.phase = ReplicaPhase::rebuilding;
    EXPECT_TRUE(told(failing, {})["view"]["parked"].is_null()) << "it has only just begun";
    failing.replica.reason = "the rebuild failed: no bad bytes";
    State full = state_of_three();
    full.space.phase = SpacePhase::parked;
    full.space.reason = "bad bytes fill the database";
    for (const State& state : {unreadable, failing, full}) {
        const Json view = told(state, {.etcd_pid = 77, .latest = {{0, serving(0)}}})["view"];
        EXPECT_EQ(view["cluster_phase"], "parked");
        const std::string reason = view["parked"]["reason"];
        EXPECT_NE(reason.find("bad bytes"), std::string::npos) << view;
    }
}

TEST(Status, BytesThatAreNoTextDoNotHurt) {
    State state = state_of_three();
    state.replica.phase = ReplicaPhase::parked;
    state.replica.reason = "a file said \xff\xfe";
    EXPECT_EQ(told(state, {})["view"]["parked"]["replica"], 0);
}

}  // namespace
}  // namespace quorate::host
