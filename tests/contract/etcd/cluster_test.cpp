// What several members answer: membership changes and each of their refusals, leadership, and
// what is left without a quorum.
#include "tests/contract/etcd/cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quorate::etcd::test {
namespace {

class Growing : public testing::TestWithParam<Wire> {
  protected:
    Cluster cluster{{.size = 1, .wire = GetParam(), .arguments = {}}};
    Client& client = cluster.at(0).client();
};

INSTANTIATE_TEST_SUITE_P(Members, Growing, testing::Values(Wire::plain, Wire::tls),
                         [](const auto& wire) {
                             return std::string(wire.param == Wire::tls ? "Tls" : "Plain");
                         });

TEST_P(Growing, ALearnerJoinsProvesItsContentAndIsPromoted) {
    must(client.put("key", "value", patience));
    Member& joiner = cluster.prepare();
    const Added added = must(client.add_learner(joiner.endpoint().peer_url, patience));
    EXPECT_TRUE(added.member.learner);
    EXPECT_TRUE(added.member.name.empty());
    EXPECT_EQ(added.list.members.size(), 2U);
    EXPECT_EQ(added.list, must(client.members(Freshness::linearizable, patience)));

    cluster.join(joiner);
    ASSERT_TRUE(eventually([&] { return joiner.client().status(patience).answers; }))
        << joiner.log();
    const auto voter = client.status(patience);
    ASSERT_TRUE(eventually([&] {
        const auto status = joiner.client().status(patience);
        return status.learner && status.revision == voter.revision;
    }));
    const auto learner = joiner.client().status(patience);
    EXPECT_FALSE(learner.serves);
    EXPECT_EQ(learner.member_id, added.member.id);
    EXPECT_EQ(learner.cluster_id, voter.cluster_id);

    const auto proof = joiner.client().peer_hash(voter.revision, voter.cluster_id, patience);
    EXPECT_EQ(must(proof).hash, must(client.hash(voter.revision, patience)).hash);
    EXPECT_EQ(refusal_of(joiner.client().hash(voter.revision, patience)),
              Refusal::learner_unsupported);
    EXPECT_EQ(refusal_of(joiner.client().get("key", patience)), Refusal::learner_unsupported);

    ASSERT_TRUE(eventually(
        [&] { return std::holds_alternative<Done>(client.promote(added.member.id, patience)); }));
    ASSERT_TRUE(eventually([&] { return joiner.client().status(patience).serves; }));
    EXPECT_EQ(must(joiner.client().get("key", patience)), "value");
    EXPECT_EQ(refusal_of(client.promote(added.member.id, patience)), Refusal::not_a_learner);
}

TEST_P(Growing, EachRefusalOfAChangeIsTold) {
    const std::string url = cluster.prepare().endpoint().peer_url;
    const std::string other = "http://127.0.0.1:" + std::to_string(free_port());
    // raft drops a change silently while it does not know the one before to be applied, which it
    // may learn after the client was answered [raft.go, pendingConfIndex]; a read comes after that.
    const auto applied = [this](const auto& answer) {
        must(client.get("key", patience));
        return answer;
    };
    const MemberId learner = applied(must(client.add_learner(url, patience)).member.id);
    EXPECT_EQ(applied(refusal_of(client.add_learner(url, patience))), Refusal::member_exists);
    EXPECT_EQ(applied(refusal_of(client.add_learner(other, patience))), Refusal::too_many_learners);
    EXPECT_EQ(applied(refusal_of(client.promote(cluster.id(0), patience))), Refusal::not_a_learner);
    EXPECT_EQ(applied(refusal_of(client.promote(MemberId{17}, patience))),
              Refusal::member_not_found);
    EXPECT_EQ(applied(refusal_of(client.remove(MemberId{17}, patience))),
              Refusal::member_not_found);
    applied(must(client.remove(learner, patience)));
    EXPECT_EQ(refusal_of(client.remove(learner, patience)), Refusal::member_not_found);
    EXPECT_EQ(must(client.members(Freshness::linearizable, patience)).members.size(), 1U);
}

class Three : public testing::Test {
  protected:
    Cluster cluster{{.size = 3, .wire = Wire::plain, .arguments = {}}};
};

TEST_F(Three, HashesOfAllMembersAreEqualThroughBothPorts) {
    const Revision at = must(cluster.at(0).client().put("key", "value", patience));
    const auto first = must(cluster.at(0).client().hash(at, patience));
    for (std::size_t index = 0; index < cluster.size(); ++index) {
        Client& client = cluster.at(index).client();
        // A linearizable read: the member has applied the put.
        must(client.get("key", patience));
        EXPECT_EQ(must(client.hash(at, patience)).hash, first.hash);
        EXPECT_EQ(must(client.peer_hash(at, ClusterId{}, patience)).hash, first.hash);
        EXPECT_EQ(must(client.hash(at, patience)).member_id, cluster.id(index));
    }
}

TEST_F(Three, LeadershipMovesWhenTheLeaderIsAsked) {
    const std::size_t leader = cluster.leader();
    const std::size_t follower = cluster.follower();
    const MemberId target = cluster.id(follower);
    EXPECT_EQ(refusal_of(cluster.at(follower).client().move_leader(target, patience)),
              Refusal::not_leader);
    EXPECT_EQ(refusal_of(cluster.at(leader).client().move_leader(MemberId{17}, patience)),
              Refusal::bad_transferee);
    must(cluster.at(leader).client().move_leader(target, patience));
    EXPECT_TRUE(
        eventually([&] { return cluster.at(leader).client().status(patience).leader == target; }));
}

TEST_F(Three, NothingIsAddedWhileOneIsDead) {
    cluster.at(cluster.follower()).kill();
    Client& client = cluster.at(cluster.leader()).client();
    const std::string url = "http://127.0.0.1:" + std::to_string(free_port());
    EXPECT_EQ(refusal_of(client.add_learner(url, patience)), Refusal::unhealthy_cluster);
}

TEST_F(Three, ADeadMemberIsRemoved) {
    const std::size_t dead = cluster.follower();
    const MemberId id = cluster.id(dead);
    cluster.at(dead).kill();
    Client& client = cluster.at(cluster.leader()).client();
    must(client.remove(id, patience));
    const auto list = must(client.members(Freshness::linearizable, patience));
    EXPECT_EQ(list.members.size(), 2U);
}

TEST_F(Three, AStoppedMemberDoesNotAnswerAndTheOthersServe) {
    const std::size_t stopped = cluster.follower();
    cluster.at(stopped).stop();
    EXPECT_FALSE(cluster.at(stopped).client().status(milliseconds(300)).answers);
    EXPECT_TRUE(cluster.at(cluster.leader()).client().status(patience).serves);
    cluster.at(stopped).go_on();
    EXPECT_TRUE(eventually([&] { return cluster.at(stopped).client().status(patience).serves; }));
}

TEST_F(Three, WithoutAQuorumTheLastMemberAnswersButNothingIsProven) {
    Client& last = cluster.at(0).client();
    must(last.put("key", "value", patience));
    const MemberStatus before = last.status(patience);
    cluster.at(1).kill();
    cluster.at(2).kill();
    const MemberStatus status = last.status(milliseconds(500));
    EXPECT_TRUE(status.answers);
    EXPECT_FALSE(status.serves);
    EXPECT_EQ(status.member_id, before.member_id);
    EXPECT_EQ(must(last.members(Freshness::local, patience)).members.size(), 3U);
    EXPECT_FALSE(std::holds_alternative<MemberList>(
        last.members(Freshness::linearizable, milliseconds(500))));
    EXPECT_TRUE(std::holds_alternative<Unknown>(last.put("key", "value", milliseconds(500))));
    EXPECT_EQ(must(last.peer_hash(before.revision, before.cluster_id, patience)).revision,
              before.revision);
    must(last.snapshot(cluster.dir() / "last.db", patience));
}

}  // namespace
}  // namespace quorate::etcd::test
