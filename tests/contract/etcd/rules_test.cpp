// The rules of etcd that Quorate's decisions rest on. Each is asked of real members and of the
// simulator's model of them: where the two differ, the model is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/rules/etcd_versions.hpp"
#include "tests/contract/etcd/forms.hpp"

namespace quorate::etcd::test {
namespace {

constexpr MemberId nobody{17};
constexpr Span briefly = seconds(1);  // what is awaited in vain

class FormName {
  public:
    template <class Form>
    static std::string GetName(int) {
        return std::is_same_v<Form, Real> ? "Real" : "Simulated";
    }
};
using Forms = testing::Types<Real, Simulated>;

const ListedMember* listed(const MemberList& list, const std::string& peer_url) {
    for (const ListedMember& member : list.members)
        if (member.peer_urls == std::vector{peer_url}) return &member;
    return nullptr;
}

// The strict check wants voters that have been connected for five seconds. An id is made of peer
// URL and second: one that was removed within it comes again, and etcd says that it is not found.
template <class Form>
MemberId add(Form& etcd, std::uint8_t via, std::uint8_t newcomer) {
    Answer<Done> answer;
    EXPECT_TRUE(etcd.eventually([&] {
        answer = etcd.add_learner(via, newcomer, patience);
        return std::holds_alternative<Done>(answer) ||
               (refusal_of(answer) != Refusal::unhealthy_cluster &&
                refusal_of(answer) != Refusal::member_not_found);
    }));
    must(answer);
    const auto list = etcd.members(via, Freshness::linearizable, patience);
    const ListedMember* member = list ? listed(*list, etcd.peer_url(newcomer)) : nullptr;
    EXPECT_NE(member, nullptr);
    return member == nullptr ? MemberId{} : member->id;
}

// The asked member may not have noticed yet who is gone: then it is asked again.
template <class Form>
bool comes_to_refuse(Form& etcd, std::uint8_t via, std::uint8_t newcomer) {
    return etcd.eventually([&] {
        const auto answer = etcd.add_learner(via, newcomer, patience);
        if (!std::holds_alternative<Done>(answer))
            return refusal_of(answer) == Refusal::unhealthy_cluster;
        const auto list = etcd.members(via, Freshness::linearizable, patience);
        must(etcd.remove(via, listed(*list, etcd.peer_url(newcomer))->id, patience));
        return false;
    });
}

template <class Form>
class Rules : public testing::Test {
  protected:
    // Three founders that know a leader, who stays it.
    Form etcd{3};

    std::uint8_t leader() {
        std::uint8_t found = 0;
        const auto leads = [&](std::uint8_t o) {
            const MemberStatus status = etcd.status(o, briefly);
            return status.answers && status.leader == status.member_id;
        };
        EXPECT_TRUE(etcd.eventually([&] {
            for (found = 0; found < 3; ++found)
                if (leads(found)) return true;
            return false;
        }));
        return found;
    }
    std::uint8_t follower() { return static_cast<std::uint8_t>((leader() + 1) % 3); }
    MemberId id(std::uint8_t o) { return etcd.status(o).member_id; }

    MemberList list(std::uint8_t via) {
        return etcd.members(via, Freshness::linearizable, patience).value_or(MemberList{});
    }
    const ListedMember* listed(const MemberList& list, std::uint8_t o) {
        return test::listed(list, etcd.peer_url(o));
    }
    MemberId added(std::uint8_t newcomer) { return add(etcd, leader(), newcomer); }
    std::optional<ExitClass> end_of(std::uint8_t o) {
        std::optional<ExitClass> why;
        EXPECT_TRUE(etcd.eventually([&] { return (why = etcd.ended(o)).has_value(); }));
        return why;
    }
};
TYPED_TEST_SUITE(Rules, Forms, FormName);

// Membership.

TYPED_TEST(Rules, ALearnerThatNeverStartedHasNoNameAndIsNotReady) {
    const std::uint8_t joiner = this->etcd.newcomer();
    const MemberId learner = this->added(joiner);
    const MemberList list = this->list(this->leader());
    const ListedMember* member = this->listed(list, joiner);
    ASSERT_NE(member, nullptr);
    EXPECT_TRUE(member->learner);
    EXPECT_EQ(member->name, "");
    EXPECT_EQ(refusal_of(this->etcd.promote(this->leader(), learner, patience)),
              Refusal::learner_not_ready);
}

TYPED_TEST(Rules, ALearnerThatCaughtUpIsPromotedAndServes) {
    const std::uint8_t joiner = this->etcd.newcomer();
    const MemberId learner = this->added(joiner);
    this->etcd.start(joiner);
    ASSERT_TRUE(this->etcd.eventually([&] { return this->etcd.status(joiner).learner; }));
    EXPECT_FALSE(this->etcd.status(joiner).serves);
    EXPECT_EQ(this->id(joiner), learner);
    ASSERT_TRUE(this->etcd.eventually([&] {
        return std::holds_alternative<Done>(this->etcd.promote(this->leader(), learner, patience));
    }));
    EXPECT_TRUE(this->etcd.eventually([&] { return this->etcd.status(joiner).serves; }));
    const MemberList list = this->list(joiner);
    ASSERT_NE(this->listed(list, joiner), nullptr);
    EXPECT_FALSE(this->listed(list, joiner)->learner);
    EXPECT_NE(this->listed(list, joiner)->name, "");
}

TYPED_TEST(Rules, ThereIsOneLearnerAtATime) {
    this->added(this->etcd.newcomer());
    const std::uint8_t second = this->etcd.newcomer();
    EXPECT_EQ(refusal_of(this->etcd.add_learner(this->leader(), second, patience)),
              Refusal::too_many_learners);
}

TYPED_TEST(Rules, APeerUrlIsListedOnce) {
    const std::uint8_t joiner = this->etcd.newcomer();
    this->added(joiner);
    for (const std::uint8_t known : {std::uint8_t{0}, joiner})
        EXPECT_EQ(refusal_of(this->etcd.add_learner(this->leader(), known, patience)),
                  Refusal::member_exists);
}

TYPED_TEST(Rules, AVoterIsNotPromoted) {
    EXPECT_EQ(refusal_of(this->etcd.promote(this->leader(), this->id(0), patience)),
              Refusal::not_a_learner);
}

TYPED_TEST(Rules, AnUnknownMemberIsNotFound) {
    EXPECT_EQ(refusal_of(this->etcd.promote(this->leader(), nobody, patience)),
              Refusal::member_not_found);
    EXPECT_EQ(refusal_of(this->etcd.remove(this->leader(), nobody, patience)),
              Refusal::member_not_found);
}

TYPED_TEST(Rules, ALearnerIsRemovedAtAnyTimeAndOnce) {
    const MemberId learner = this->added(this->etcd.newcomer());
    must(this->etcd.remove(this->leader(), learner, patience));
    EXPECT_EQ(this->list(this->leader()).members.size(), 3U);
    EXPECT_EQ(refusal_of(this->etcd.remove(this->leader(), learner, patience)),
              Refusal::member_not_found);
}

TYPED_TEST(Rules, ADeadVoterOfThreeIsRemovedAtOnce) {
    const std::uint8_t dead = this->follower();
    const MemberId gone = this->id(dead);
    this->etcd.kill(dead);
    must(this->etcd.remove(this->leader(), gone, patience));
    EXPECT_EQ(this->list(this->leader()).members.size(), 2U);
}

TYPED_TEST(Rules, ALivingVoterIsRemovedOnceTheVotersWereConnectedForLong) {
    const MemberId follower = this->id(this->follower());
    ASSERT_TRUE(this->etcd.eventually([&] {
        const auto answer = this->etcd.remove(this->leader(), follower, patience);
        if (std::holds_alternative<Done>(answer)) return true;
        EXPECT_EQ(refusal_of(answer), Refusal::unhealthy_cluster);
        return false;
    }));
    EXPECT_EQ(this->list(this->leader()).members.size(), 2U);
}

// isConnectedFullySince, later isConnectedToQuorumAfterAddingNewMemberSince. That a learner could
// be added before shows that it is the dead one that forbids it.
TYPED_TEST(Rules, BesideADeadVoterOfThreeNothingIsAdded) {
    const std::uint8_t joiner = this->etcd.newcomer();
    must(this->etcd.remove(this->leader(), this->added(joiner), patience));
    this->etcd.kill(this->follower());
    EXPECT_TRUE(comes_to_refuse(this->etcd, this->leader(), joiner));
}

TYPED_TEST(Rules, BesideADeadVoterOfFourNewerVersionsAddALearner) {
    TypeParam four(4);
    const std::uint8_t joiner = four.newcomer();
    must(four.remove(0, add(four, 0, joiner), patience));
    four.kill(four.status(1).member_id == four.status(0).leader ? 2 : 1);
    if (may_add_member(four.version(), 4, 3))
        add(four, 0, joiner);
    else
        EXPECT_TRUE(comes_to_refuse(four, 0, joiner));
}

TYPED_TEST(Rules, ARemovedMemberEnds) {
    const std::uint8_t joiner = this->etcd.newcomer();
    const MemberId learner = this->added(joiner);
    this->etcd.start(joiner);
    ASSERT_TRUE(this->etcd.eventually([&] { return this->etcd.status(joiner).answers; }));
    must(this->etcd.remove(this->leader(), learner, patience));
    EXPECT_EQ(this->end_of(joiner), ExitClass::removed);
}

TYPED_TEST(Rules, WithoutAQuorumARemovalIsUnknown) {
    const MemberId other = this->id(1);
    this->etcd.kill(1);
    this->etcd.kill(2);
    ASSERT_TRUE(
        this->etcd.eventually([&] { return this->etcd.status(0, briefly).leader == MemberId{}; }));
    EXPECT_TRUE(std::holds_alternative<Unknown>(this->etcd.remove(0, other, briefly)));
    EXPECT_TRUE(std::holds_alternative<Unknown>(this->etcd.put(0, briefly)));
}

// Leadership.

TYPED_TEST(Rules, OnlyTheLeaderMovesLeadershipAndOnlyToAVoter) {
    const std::uint8_t leads = this->leader();
    const std::uint8_t heir = this->follower();
    const MemberId learner = this->added(this->etcd.newcomer());
    EXPECT_EQ(refusal_of(this->etcd.move_leader(heir, this->id(heir), patience)),
              Refusal::not_leader);
    for (const MemberId wrong : {nobody, learner})
        EXPECT_EQ(refusal_of(this->etcd.move_leader(leads, wrong, patience)),
                  Refusal::bad_transferee);
    must(this->etcd.move_leader(leads, this->id(heir), patience));
    EXPECT_TRUE(
        this->etcd.eventually([&] { return this->etcd.status(leads).leader == this->id(heir); }));
}

TYPED_TEST(Rules, AnotherLeadsAfterTheLeaderDied) {
    const std::uint8_t dead = this->leader();
    const MemberId gone = this->id(dead);
    const auto left = static_cast<std::uint8_t>((dead + 1) % 3);
    this->etcd.kill(dead);
    ASSERT_TRUE(this->etcd.eventually([&] { return this->etcd.status(left, briefly).serves; }));
    EXPECT_NE(this->etcd.status(left).leader, gone);
}

// What a member tells of itself.

TYPED_TEST(Rules, WithoutAQuorumAMemberAnswersFromItsOwnDataAndProvesNothing) {
    const MemberId self = this->id(0);
    this->etcd.kill(1);
    this->etcd.kill(2);
    ASSERT_TRUE(
        this->etcd.eventually([&] { return this->etcd.status(0, briefly).leader == MemberId{}; }));
    const MemberStatus status = this->etcd.status(0, briefly);
    EXPECT_TRUE(status.answers);
    EXPECT_FALSE(status.serves);
    EXPECT_EQ(status.member_id, self);
    const auto local = this->etcd.members(0, Freshness::local, patience);
    ASSERT_TRUE(local);
    EXPECT_EQ(local->members.size(), 3U);
    EXPECT_FALSE(this->etcd.members(0, Freshness::linearizable, briefly));
    EXPECT_TRUE(this->etcd.hash(0, status.revision));
}

// Its peer port is served from the beginning, its client port once its name is published.
TYPED_TEST(Rules, AMemberThatStartsWithoutAQuorumAnswersNothingUntilThereIsOne) {
    for (std::uint8_t o = 0; o < 3; ++o)
        this->etcd.kill(o);
    this->etcd.start(0);
    ASSERT_TRUE(this->etcd.eventually([&] { return this->etcd.hash(0, Revision{1}).has_value(); }));
    EXPECT_FALSE(this->etcd.status(0, briefly).answers);
    this->etcd.start(1);
    EXPECT_TRUE(this->etcd.eventually([&] { return this->etcd.status(0, briefly).serves; }));
}

TYPED_TEST(Rules, AStoppedMemberAnswersNothingAndServesWhenItGoesOn) {
    const std::uint8_t stopped = this->follower();
    this->etcd.stop(stopped);
    EXPECT_FALSE(this->etcd.status(stopped, briefly).answers);
    EXPECT_TRUE(this->etcd.status(this->leader()).serves);
    this->etcd.go_on(stopped);
    EXPECT_TRUE(this->etcd.eventually([&] { return this->etcd.status(stopped).serves; }));
}

// Content.

TYPED_TEST(Rules, EachWriteRaisesTheRevisionByOne) {
    const Revision before = this->etcd.status(0).revision;
    for (std::int64_t n = 1; n <= 3; ++n) {
        must(this->etcd.put(0, patience));
        EXPECT_EQ(this->etcd.status(0).revision, Revision{before.value + n});
    }
}

TYPED_TEST(Rules, HashesAtOneRevisionAreEqualAndOfThatRevision) {
    const std::uint8_t joiner = this->etcd.newcomer();
    this->added(joiner);
    this->etcd.start(joiner);
    must(this->etcd.put(0, patience));
    const Revision at = this->etcd.status(0).revision;
    must(this->etcd.put(0, patience));
    const Revision later = this->etcd.status(0).revision;
    for (std::uint8_t o = 0; o <= joiner; ++o)
        ASSERT_TRUE(this->etcd.eventually([&] { return this->etcd.status(o).revision == later; }));
    const auto first = this->etcd.hash(0, at);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->revision, later);
    EXPECT_EQ(first->compact_revision, Revision{-1});
    for (std::uint8_t o = 1; o <= joiner; ++o) {
        const auto hash = this->etcd.hash(o, at);
        ASSERT_TRUE(hash);
        EXPECT_EQ(hash->hash, first->hash);
    }
    EXPECT_NE(this->etcd.hash(0, later)->hash, first->hash);
    EXPECT_FALSE(this->etcd.hash(0, Revision{later.value + 1}));
}

// What becomes of data that is not what the member last had.

TYPED_TEST(Rules, AKilledMemberReturnsAsItself) {
    const std::uint8_t killed = this->follower();
    const MemberId before = this->id(killed);
    this->etcd.kill(killed);
    EXPECT_EQ(this->etcd.status(killed, briefly), MemberStatus{});
    this->etcd.start(killed);
    ASSERT_TRUE(this->etcd.eventually([&] { return this->etcd.status(killed).serves; }));
    EXPECT_EQ(this->id(killed), before);
}

TYPED_TEST(Rules, AWipedMemberThatFoundsAgainIsKnownAlready) {
    const std::uint8_t wiped = this->follower();
    this->etcd.kill(wiped);
    this->etcd.wipe(wiped);
    this->etcd.found_again(wiped);
    EXPECT_EQ(this->end_of(wiped), ExitClass::already_bootstrapped);
}

TYPED_TEST(Rules, AWipedMemberThatJoinsUnderItsOldIdHasLostItsLog) {
    const std::uint8_t wiped = this->follower();
    must(this->etcd.put(this->leader(), patience));
    this->etcd.kill(wiped);
    this->etcd.wipe(wiped);
    this->etcd.start(wiped);
    EXPECT_EQ(this->end_of(wiped), ExitClass::log_lost);
}

TYPED_TEST(Rules, ARolledBackMemberWhoseLeaderStayedHasLostItsLog) {
    const std::uint8_t rolled = this->follower();
    this->etcd.kill(rolled);
    this->etcd.save(rolled);
    this->etcd.start(rolled);
    ASSERT_TRUE(this->etcd.eventually([&] { return this->etcd.status(rolled).serves; }));
    for (int n = 0; n < 5; ++n)
        must(this->etcd.put(rolled, patience));
    this->etcd.kill(rolled);
    this->etcd.roll_back(rolled);
    this->etcd.start(rolled);
    EXPECT_EQ(this->end_of(rolled), ExitClass::log_lost);
}

TYPED_TEST(Rules, AMemberThatWasNotAddedIsNotAdmitted) {
    const std::uint8_t stranger = this->etcd.newcomer();
    this->etcd.start(stranger);
    EXPECT_EQ(this->end_of(stranger), ExitClass::not_admitted);
}

}  // namespace
}  // namespace quorate::etcd::test
