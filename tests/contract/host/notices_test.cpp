// Which steps people are told of.
#include <gtest/gtest.h>

#include "adapters/host/notices_of.hpp"
#include "core/model/state.hpp"

namespace quorate::host {
namespace {

using Kind = Notice::Kind;
using About = Notice::About;

Decision asks_for(CommandBody body) {
    Decision decision;
    decision.commands.push_back({CommandId{7}, Instant{}, std::move(body)});
    return decision;
}

RuleHit moves(RuleId rule, Machine machine, std::uint8_t from, std::uint8_t to) {
    RuleHit hit;
    hit.rule = rule;
    hit.machine = machine;
    hit.from = from;
    hit.to = to;
    return hit;
}

std::vector<std::string> reasons_of(const Decision& decision) {
    std::vector<std::string> reasons;
    for (const Notice& notice : notices_of(decision, Ordinal{2}))
        reasons.push_back(notice.reason);
    return reasons;
}

using Reasons = std::vector<std::string>;

TEST(Notices, TellWhatChangesMembersAndWhoDidIt) {
    AddLearner added;
    added.ordinal = Ordinal{1};
    const auto told = notices_of(asks_for(added), Ordinal{2});
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].reason, "AddingLearner");
    EXPECT_EQ(told[0].about, About::cluster);
    EXPECT_EQ(told[0].kind, Kind::normal);
    EXPECT_EQ(told[0].text.rfind("replica 2: ", 0), 0U) << told[0].text;
}

TEST(Notices, WarnOfDataThatIsSetAside) {
    const auto told = notices_of(asks_for(SetAsideData{"rolled-back"}), Ordinal{2});
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, Kind::warning);
    EXPECT_EQ(told[0].about, About::replica);
    EXPECT_NE(told[0].text.find("rolled-back"), std::string::npos) << told[0].text;
}

TEST(Notices, SayNothingOfLooks) {
    EXPECT_EQ(reasons_of(asks_for(ExamineDisk{})), Reasons{});
    EXPECT_EQ(reasons_of(asks_for(ListMembers{Ordinal{0}})), Reasons{});
}

TEST(Notices, TellWhenAReplicaParksAndGoesOn) {
    const auto parked = std::uint8_t(ReplicaPhase::parked);
    const auto examining = std::uint8_t(ReplicaPhase::examining);
    Decision decision;
    decision.hits = {moves(RuleId::R11, Machine::replica, examining, parked)};
    EXPECT_EQ(reasons_of(decision), Reasons{"Parked"});
    decision.hits = {moves(RuleId::R26, Machine::replica, parked, examining)};
    EXPECT_EQ(reasons_of(decision), Reasons{"GoingOn"});
    decision.hits = {moves(RuleId::R26, Machine::replica, parked, parked)};
    EXPECT_EQ(reasons_of(decision), Reasons{});
}

// An alarm waits for a person like anything else.
TEST(Notices, TellWhenAnAlarmParks) {
    Decision decision;
    decision.hits = {moves(RuleId::K04, Machine::alarm, std::uint8_t(AlarmPhase::raised),
                           std::uint8_t(AlarmPhase::parked)),
                     moves(RuleId::B08, Machine::space, std::uint8_t(SpacePhase::defragmenting),
                           std::uint8_t(SpacePhase::parked))};
    const auto told = notices_of(decision, Ordinal{2});
    ASSERT_EQ(told.size(), 2U);
    for (const Notice& notice : told) {
        EXPECT_EQ(notice.reason, "Parked");
        EXPECT_EQ(notice.kind, Kind::warning);
        EXPECT_EQ(notice.about, About::cluster);
    }
}

TEST(Notices, TellWhenTheQuorumIsLostAndBack) {
    const auto following = std::uint8_t(ClusterPhase::following);
    const auto lost = std::uint8_t(ClusterPhase::quorum_lost);
    const auto parked = std::uint8_t(ClusterPhase::parked);
    Decision decision;
    decision.hits = {moves(RuleId::C12, Machine::cluster, following, lost)};
    EXPECT_EQ(reasons_of(decision), Reasons{"QuorumLost"});
    decision.hits = {moves(RuleId::C17, Machine::cluster, lost, following)};
    EXPECT_EQ(reasons_of(decision), Reasons{"QuorumBack"});
    decision.hits = {moves(RuleId::C15, Machine::cluster, lost, parked)};
    EXPECT_EQ(reasons_of(decision), Reasons{"Parked"});
}

// A row that was refused did not happen.
TEST(Notices, SayNothingOfWhatWasRefused) {
    Decision decision;
    decision.hits = {moves(RuleId::R11, Machine::replica, std::uint8_t(ReplicaPhase::examining),
                           std::uint8_t(ReplicaPhase::parked))};
    decision.hits.front().verdict = Verdict::refused;
    EXPECT_EQ(reasons_of(decision), Reasons{});
}

}  // namespace
}  // namespace quorate::host
