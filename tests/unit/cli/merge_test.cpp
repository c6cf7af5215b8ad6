// One picture out of what several agents say.
#include "tools/quorate/merge.hpp"

#include <gtest/gtest.h>

#include "tools/quorate/agents.hpp"
#include "tools/quorate/await.hpp"
#include "tools/quorate/render.hpp"

namespace quorate::cli {
namespace {

using Json = nlohmann::json;

Json member(std::uint32_t ordinal) {
    return {{"ordinal", ordinal},
            {"name", "quorate-" + std::to_string(ordinal)},
            {"member_id", "id" + std::to_string(ordinal)},
            {"role", "voter"},
            {"leader", ordinal == 1},
            {"phase", "voting"},
            {"ready", true},
            {"client_url", "https://127.0.0.1:1"},
            {"peer_url", "https://127.0.0.1:2"},
            {"agent_pid", nullptr},
            {"etcd_pid", nullptr},
            {"revision", 5},
            {"raft_term", 2},
            {"raft_index", 100 - ordinal},
            {"db_size_bytes", 20480},
            {"etcd_version", "3.4.23"}};
}

// What the agent of one of `replicas` healthy ones says.
Json answer(std::uint32_t ordinal, std::uint32_t replicas) {
    Json self = member(ordinal);
    self["phase"] = "serving";
    self["agent_pid"] = 1'000 + ordinal;
    self["etcd_pid"] = 2'000 + ordinal;
    self["awaits_peers"] = false;
    Json view = {{"event", 10},
                 {"lineage", "L"},
                 {"epoch", 1},
                 {"stage", "formed"},
                 {"record_revision", 9},
                 {"desired", replicas},
                 {"authority", nullptr},
                 {"cluster_phase", "following"},
                 {"quorum_lost", false},
                 {"repair", "idle"},
                 {"parked", nullptr},
                 {"last_decision", nullptr},
                 {"voters", replicas},
                 {"learners", 0},
                 {"members", Json::array()}};
    for (std::uint32_t i = 0; i < replicas; ++i)
        view["members"].push_back(member(i));
    return {{"self", self}, {"view", view}};
}

std::vector<Json> answers(std::uint32_t replicas) {
    std::vector<Json> all;
    for (std::uint32_t i = 0; i < replicas; ++i)
        all.push_back(answer(i, replicas));
    return all;
}

Known desired(std::uint32_t replicas) { return {.desired = replicas}; }

TEST(Merge, AllVotersReadyIsSteady) {
    const Json status = merge(desired(3), answers(3));
    EXPECT_EQ(status["phase"], "steady");
    EXPECT_EQ(status["members"].size(), 3U);
    EXPECT_EQ(status["members"][2]["agent_pid"], 1'002);
}

TEST(Merge, AnAgentThatDoesNotAnswerIsNotSteady) {
    auto told = answers(3);
    told.pop_back();
    EXPECT_EQ(merge(desired(3), told)["phase"], "degraded");
    EXPECT_EQ(merge(desired(3), told)["members"].size(), 3U);
}

TEST(Merge, OwnNewsWinOverWhatOthersSaw) {
    auto told = answers(3);
    told[2]["self"]["ready"] = false;
    told[2]["self"]["phase"] = "setting-aside";
    const Json status = merge(desired(3), told);
    EXPECT_EQ(status["members"][2]["ready"], false);
    EXPECT_EQ(status["members"][2]["phase"], "setting-aside");
    EXPECT_EQ(status["phase"], "degraded");
}

// It is found by whoever asks here all the same.
TEST(Merge, WhomOneOtherCannotLookUpDoesNotResolve) {
    std::vector<Json> answers{answer(0, 3), answer(1, 3), answer(2, 3)};
    EXPECT_EQ(render_status(merge({}, answers), Colour::none).find("DNS"), std::string::npos);
    answers[2]["view"]["members"][1]["resolves"] = false;
    const std::string text = render_status(merge({}, answers), Colour::none);
    EXPECT_NE(text.find("DNS does not resolve for other replicas: quorate-1\n"), std::string::npos)
        << text;
}

TEST(Merge, MembershipIsNotAnAgentsOwnToSay) {
    auto told = answers(3);
    told[2]["self"]["ready"] = false;
    told[2]["self"]["role"] = "none";
    EXPECT_EQ(merge(desired(3), told)["members"][2]["role"], "voter");
}

TEST(Merge, ALearnerOrAnotherNumberOfVotersIsNotSteady) {
    auto told = answers(3);
    for (Json& one : told)
        one["view"]["learners"] = 1;
    EXPECT_EQ(merge(desired(3), told)["phase"], "degraded");
    EXPECT_EQ(merge(desired(5), answers(3))["phase"], "degraded");
    EXPECT_EQ(merge(desired(1), answers(3))["phase"], "degraded");
}

TEST(Merge, AnAgentOnItsWayOutIsNotSteady) {
    Known known = desired(1);
    known.agents = {Ordinal{0}, Ordinal{1}};
    EXPECT_EQ(merge(known, answers(1))["phase"], "degraded");
    known.agents = {Ordinal{0}};
    EXPECT_EQ(merge(known, answers(1))["phase"], "steady");
}

TEST(Merge, WorkInHandIsNamed) {
    auto told = answers(3);
    told[0]["view"]["cluster_phase"] = "growing";
    EXPECT_EQ(merge(desired(3), told)["phase"], "growing");
    told[0]["view"]["cluster_phase"] = "following";
    told[0]["view"]["repair"] = "verifying";
    EXPECT_EQ(merge(desired(3), told)["phase"], "degraded");
}

TEST(Merge, OneThatParkedTheClusterComesBeforeOneThatParkedItself) {
    auto told = answers(3);
    told[0]["view"]["parked"] = {{"reason", "own"}, {"next_step", "n"}, {"replica", 0}};
    told[1]["view"]["parked"] = {{"reason", "all"}, {"next_step", "n"}, {"replica", nullptr}};
    const Json status = merge(desired(3), told);
    EXPECT_EQ(status["phase"], "parked");
    EXPECT_EQ(status["parked"]["reason"], "all");
}

TEST(Merge, AReplicaThatParkedItselfComesBeforeTheQuorumThatIsLostWithoutIt) {
    auto told = answers(3);
    told[0]["view"]["parked"] = {{"reason", "lost"}, {"next_step", "n"}, {"replica", nullptr}};
    told[0]["view"]["quorum_lost"] = true;
    told[1]["view"]["parked"] = {{"reason", "own"}, {"next_step", "n"}, {"replica", 1}};
    EXPECT_EQ(merge(desired(3), told)["parked"]["reason"], "own");
}

TEST(Merge, QuorumIsNotLostWhileSomebodyServes) {
    auto told = answers(3);
    told[0]["view"]["quorum_lost"] = true;
    EXPECT_EQ(merge(desired(3), told)["quorum_lost"], false);
    for (Json& one : told) {
        one["view"]["quorum_lost"] = true;
        one["self"]["ready"] = false;
    }
    EXPECT_EQ(merge(desired(3), told)["quorum_lost"], true);
    EXPECT_EQ(merge(desired(3), told)["phase"], "quorum-lost");
}

TEST(Merge, ZeroDesiredIsPausedAndKeepsItsLineage) {
    Known known = desired(0);
    known.record = ClusterRecord{};
    known.record->lineage = Lineage{"L"};
    const Json status = merge(known, {});
    EXPECT_EQ(status["phase"], "paused");
    EXPECT_EQ(status["lineage"], "L");
    EXPECT_TRUE(status["members"].empty());
}

TEST(Merge, AnAgentThatKnowsNothingYetIsLeftOut) {
    auto told = answers(3);
    told.push_back(Json::object());
    EXPECT_EQ(merge(desired(3), told)["phase"], "steady");
}

std::vector<Json> naming(std::uint32_t holder, const std::vector<std::uint32_t>& tellers) {
    std::vector<Json> all = answers(3);
    for (const std::uint32_t teller : tellers)
        all[teller]["view"]["authority"] = holder;
    return all;
}

TEST(Merge, AuthorityIsTheHoldersToTell) {
    EXPECT_EQ(authority_in(naming(1, {1})), Ordinal{1});
    EXPECT_EQ(authority_in(answers(3)), std::nullopt);
}

TEST(Merge, AuthorityThatItsHolderGaveBackIsNobodysHoweverLongAnotherRemembersIt) {
    EXPECT_EQ(authority_in(naming(1, {0, 2})), std::nullopt);
}

TEST(Merge, OfAHolderThatDoesNotAnswerTheOthersTell) {
    std::vector<Json> all = naming(1, {0});
    all.erase(all.begin() + 1);
    all.push_back(Json::object());  // it has just begun, and knows nothing yet
    EXPECT_EQ(authority_in(all), Ordinal{1});
}

TEST(Await, ALostQuorumStaysLostWhileParked) {
    auto told = answers(1);
    told[0]["self"]["ready"] = false;
    told[0]["view"]["quorum_lost"] = true;
    told[0]["view"]["parked"] = {{"reason", "r"}, {"next_step", "n"}, {"replica", nullptr}};
    const Json status = merge(desired(3), told);
    EXPECT_TRUE(has_come({"quorum-lost", std::nullopt}, status));
    EXPECT_TRUE(has_come({"parked", std::nullopt}, status));
    EXPECT_FALSE(has_come({"steady", std::nullopt}, status));
}

TEST(Await, TheNumberMustBeTheDesiredOne) {
    const Json status = merge(desired(3), answers(3));
    EXPECT_TRUE(has_come({"steady", 3}, status));
    EXPECT_FALSE(has_come({"steady", 5}, status));
}

TEST(Ordered, TheNextMayStartWhenThisOneIsReadyOrCanGoNoFurtherAlone) {
    Json told = answer(0, 3);
    EXPECT_TRUE(next_may_start(told.dump()));
    told["self"]["ready"] = false;
    EXPECT_FALSE(next_may_start(told.dump()));
    told["self"]["awaits_peers"] = true;
    EXPECT_TRUE(next_may_start(told.dump()));
    EXPECT_FALSE(next_may_start("{}"));
    EXPECT_FALSE(next_may_start("not JSON"));
}

TEST(Render, ShowsLeaderAndLag) {
    const std::string text = render_status(merge(desired(3), answers(3)), Colour::none);
    EXPECT_NE(text.find("phase steady"), std::string::npos) << text;
    EXPECT_NE(text.find("quorate-1  id1     leader  serving  yes    1    5"), std::string::npos)
        << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("CONTROL-PLANE"), std::string::npos);
}

TEST(Render, ShowsControlPlanesWhereThereAreSome) {
    std::vector<Json> told = answers(3);
    told[0]["self"]["control_plane"] = {
        {"running", true}, {"pid", 7}, {"exits", 0}, {"last_exit", ""}};
    told[1]["self"]["control_plane"] = {
        {"running", false}, {"pid", nullptr}, {"exits", 1}, {"last_exit", "x"}};
    told[2]["self"]["control_plane"] = nullptr;
    const std::string text = render_status(merge(desired(3), told), Colour::none);
    EXPECT_NE(text.find("CLIENT               CONTROL-PLANE\n"), std::string::npos) << text;
    EXPECT_NE(text.find("https://127.0.0.1:1  runs\n"), std::string::npos) << text;
    EXPECT_NE(text.find("https://127.0.0.1:1  down, 1 exit\n"), std::string::npos) << text;
    EXPECT_NE(text.find("https://127.0.0.1:1  -\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace quorate::cli
