// What one member answers, with and without TLS.
#include "adapters/etcd/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "adapters/local/pki.hpp"
#include "tests/contract/etcd/cluster.hpp"

namespace quorate::etcd::test {
namespace {

using testing::ElementsAre;

class Single : public testing::TestWithParam<Wire> {
  protected:
    Cluster cluster{{.size = 1, .wire = GetParam(), .arguments = {}}};
    Member& member = cluster.at(0);
    Client& client = member.client();
};

INSTANTIATE_TEST_SUITE_P(Client, Single, testing::Values(Wire::plain, Wire::tls),
                         [](const auto& wire) {
                             return std::string(wire.param == Wire::tls ? "Tls" : "Plain");
                         });

TEST_P(Single, StatusTellsWhoItIsAndThatItServes) {
    const auto status = client.status(patience);
    EXPECT_TRUE(status.answers);
    EXPECT_TRUE(status.serves);
    EXPECT_NE(status.member_id, MemberId{});
    EXPECT_NE(status.cluster_id, ClusterId{});
    EXPECT_EQ(status.leader, status.member_id);
    EXPECT_GE(status.term, Term{1});
    EXPECT_GT(status.index, LogIndex{});
    EXPECT_GT(status.applied, LogIndex{});
    EXPECT_GT(status.db_size, Bytes{});
    EXPECT_GE(status.version, (Version{3, 4, 0}));
    EXPECT_FALSE(status.learner);
    EXPECT_FALSE(status.alarm_nospace);
    EXPECT_FALSE(status.alarm_corrupt);
}

TEST_P(Single, WhatIsPutIsRead) {
    const Revision first = must(client.put("dir/a", "one", patience));
    const Revision second = must(client.put("dir/b", "two", patience));
    must(client.put("elsewhere", "three", patience));
    EXPECT_EQ(second.value, first.value + 1);
    EXPECT_EQ(must(client.get("dir/b", patience)), "two");
    EXPECT_EQ(must(client.get("dir/c", patience)), std::nullopt);
    EXPECT_THAT(must(client.keys("dir/", patience)), ElementsAre("dir/a", "dir/b"));
    EXPECT_EQ(must(client.keys("", patience)).size(), 3U);
    EXPECT_EQ(client.status(patience).revision, Revision{second.value + 1});
}

TEST_P(Single, TheMemberListSaysHowFreshItIs) {
    const auto proven = must(client.members(Freshness::linearizable, patience));
    ASSERT_EQ(proven.members.size(), 1U);
    EXPECT_EQ(proven.freshness, Freshness::linearizable);
    EXPECT_EQ(proven.cluster_id, client.status(patience).cluster_id);
    EXPECT_EQ(proven.members[0].name, "m0");
    EXPECT_THAT(proven.members[0].peer_urls, ElementsAre(member.endpoint().peer_url));
    EXPECT_FALSE(proven.members[0].learner);
    EXPECT_EQ(must(client.members(Freshness::local, patience)).freshness, Freshness::local);
}

TEST_P(Single, BothPortsGiveTheSameHash) {
    must(client.put("key", "value", patience));
    const auto status = client.status(patience);
    const auto here = must(client.hash(Revision{}, patience));
    const auto there = must(client.peer_hash(Revision{}, status.cluster_id, patience));
    EXPECT_TRUE(here.answered);
    EXPECT_EQ(here.member_id, status.member_id);
    EXPECT_EQ(here.revision, status.revision);
    EXPECT_EQ(here.compact_revision, Revision{-1});
    EXPECT_TRUE(there.answered);
    EXPECT_EQ(there.hash, here.hash);
    EXPECT_EQ(there.revision, here.revision);
    EXPECT_EQ(there.compact_revision, here.compact_revision);
}

TEST_P(Single, AHashIsOfItsRevision) {
    const Revision before = must(client.put("key", "value", patience));
    const auto then = must(client.hash(before, patience));
    must(client.put("key", "other", patience));
    EXPECT_EQ(must(client.hash(before, patience)).hash, then.hash);
    EXPECT_NE(must(client.hash(Revision{}, patience)).hash, then.hash);
    EXPECT_EQ(must(client.peer_hash(before, ClusterId{}, patience)).hash, then.hash);
}

TEST_P(Single, AHashOfAnotherClusterIsRefused) {
    const ClusterId other{client.status(patience).cluster_id.value + 1};
    EXPECT_EQ(refusal_of(client.peer_hash(Revision{}, other, patience)), Refusal::wrong_cluster);
}

TEST_P(Single, RevisionsBeforeAndAfterHistoryAreRefused) {
    Revision last;
    for (int count = 0; count < 5; ++count)
        last = must(client.put("key", std::to_string(count), patience));
    const Revision early{last.value - 3};
    const Revision late{last.value + 1000};
    must(client.compact(Revision{last.value - 1}, patience));
    EXPECT_EQ(refusal_of(client.compact(early, patience)), Refusal::compacted);
    EXPECT_EQ(refusal_of(client.compact(late, patience)), Refusal::future_revision);
    EXPECT_EQ(refusal_of(client.hash(early, patience)), Refusal::compacted);
    EXPECT_EQ(refusal_of(client.peer_hash(early, ClusterId{}, patience)), Refusal::compacted);
    EXPECT_EQ(refusal_of(client.peer_hash(late, ClusterId{}, patience)), Refusal::future_revision);
    EXPECT_EQ(must(client.hash(Revision{}, patience)).compact_revision, Revision{last.value - 1});
}

TEST_P(Single, ASnapshotIsWholeOrNotThere) {
    must(client.put("key", std::string(100'000, 'x'), patience));
    const auto file = cluster.dir() / "snapshot.db";
    const Bytes size = must(client.snapshot(file, patience));
    EXPECT_EQ(std::filesystem::file_size(file), size.value);
    EXPECT_EQ(size.value % 512, 32U);
    EXPECT_GE(size, Bytes{100'000});
    EXPECT_FALSE(std::filesystem::exists(cluster.dir() / "snapshot.db.part"));

    const auto nowhere = cluster.dir() / "missing" / "snapshot.db";
    EXPECT_EQ(refusal_of(client.snapshot(nowhere, patience)), Refusal::disk);

    member.kill();
    const auto other = cluster.dir() / "other.db";
    EXPECT_FALSE(std::holds_alternative<Bytes>(client.snapshot(other, patience)));
    EXPECT_FALSE(std::filesystem::exists(other));
    EXPECT_FALSE(std::filesystem::exists(cluster.dir() / "other.db.part"));
}

TEST_P(Single, ADeadMemberIsNotReachableAndSeenAgainAfterItsRestart) {
    must(client.put("key", "value", patience));
    member.kill();
    EXPECT_EQ(client.status(patience), MemberStatus{});
    EXPECT_EQ(refusal_of(client.put("key", "value", patience)), Refusal::not_reachable);
    EXPECT_EQ(refusal_of(client.peer_hash(Revision{}, ClusterId{}, patience)),
              Refusal::not_reachable);
    cluster.restart(0);
    EXPECT_TRUE(eventually([&] { return client.status(patience).serves; }));
}

TEST_P(Single, AStoppedMemberAnswersNothingAndTheDeadlineHolds) {
    auto fresh = Client::create(member.endpoint(), cluster.tls());
    ASSERT_TRUE(fresh);
    must(client.put("key", "value", patience));
    member.stop();
    const auto begin = std::chrono::steady_clock::now();
    for (Client* asked : {&client, fresh->get()}) {
        EXPECT_EQ(asked->status(milliseconds(300)), MemberStatus{});
        EXPECT_TRUE(std::holds_alternative<Unknown>(asked->put("key", "value", milliseconds(300))));
        EXPECT_FALSE(std::holds_alternative<ContentHash>(
            asked->peer_hash(Revision{}, ClusterId{}, milliseconds(300))));
        EXPECT_FALSE(std::holds_alternative<Bytes>(
            asked->snapshot(cluster.dir() / "stopped.db", milliseconds(300))));
    }
    // Eight calls of 0.3 s; far less than the 20 s and more that the libraries wait by themselves.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
    member.go_on();
    EXPECT_TRUE(eventually([&] { return client.status(patience).serves; }));
    EXPECT_TRUE(eventually([&] { return (*fresh)->status(patience).serves; }));
}

TEST_P(Single, SeveralThreadsMayAskAtOnce) {
    std::vector<std::thread> threads;
    for (int index = 0; index < 4; ++index) {
        threads.emplace_back([this, index] {
            for (int count = 0; count < 20; ++count)
                must(client.put("thread/" + std::to_string(index), "value", patience));
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(must(client.keys("thread/", patience)).size(), 4U);
}

// --- alarms ----------------------------------------------------------------------------------

TEST(Alarms, NoSpaceIsTellableAndGoesByCompactDefragmentDisarm) {
    Cluster cluster(
        {.size = 1, .wire = Wire::plain, .arguments = {"--quota-backend-bytes=2000000"}});
    Client& client = cluster.at(0).client();
    const std::string value(100'000, 'x');
    Revision last;
    Answer<Revision> put = Revision{};
    for (int count = 0; count < 200 && std::holds_alternative<Revision>(put); ++count) {
        last = std::get<Revision>(put);
        put = client.put("key", value, patience);
    }
    EXPECT_EQ(refusal_of(put), Refusal::no_space);
    const MemberId self = cluster.id(0);
    EXPECT_TRUE(client.status(patience).alarm_nospace);
    EXPECT_FALSE(client.status(patience).alarm_corrupt);
    EXPECT_THAT(must(client.alarms(patience)), ElementsAre(Alarm{self, AlarmKind::nospace}));

    must(client.compact(last, patience));
    must(client.defragment(patience));
    must(client.disarm(self, AlarmKind::nospace, patience));
    EXPECT_FALSE(client.status(patience).alarm_nospace);
    EXPECT_THAT(must(client.alarms(patience)), ElementsAre());
    must(client.put("key", "small", patience));
}

TEST(Alarms, ToDisarmWhatIsNotArmedIsDone) {
    Cluster cluster({});
    must(cluster.at(0).client().disarm(cluster.id(0), AlarmKind::corrupt, patience));
}

// --- what create refuses ---------------------------------------------------------------------

TEST(Create, MalformedUrlsAreRefused) {
    EXPECT_FALSE(Client::create({"localhost:2379", ""}, std::nullopt));
    EXPECT_FALSE(Client::create({"http://localhost:2379", "2380"}, std::nullopt));
}

TEST(Create, HttpsWantsReadableFiles) {
    const TempDir dir;
    const auto without = Client::create({"https://localhost:2379", ""}, std::nullopt);
    ASSERT_FALSE(without);
    EXPECT_THAT(without.error().what, testing::HasSubstr("CA"));
    const Tls missing{dir.path() / "ca.crt", dir.path() / "client.crt", dir.path() / "client.key"};
    const auto unread = Client::create({"https://localhost:2379", ""}, missing);
    ASSERT_FALSE(unread);
    EXPECT_EQ(unread.error().where, missing.ca.string());
}

TEST(Create, WithoutAPeerUrlThereIsNoPeerHash) {
    auto client = Client::create({"http://127.0.0.1:1", ""}, std::nullopt);
    ASSERT_TRUE(client);
    EXPECT_EQ(refusal_of((*client)->peer_hash(Revision{}, ClusterId{}, patience)),
              Refusal::not_possible);
}

TEST(Create, AMemberOfAnotherAuthorityIsNotReachable) {
    Cluster cluster({.size = 1, .wire = Wire::tls, .arguments = {}});
    const auto other = cluster.dir() / "other";
    ASSERT_TRUE(local::ensure_pki(other, {"127.0.0.1"}));
    auto client = Client::create(cluster.at(0).endpoint(),
                                 Tls{other / "ca.crt", other / "client.crt", other / "client.key"});
    ASSERT_TRUE(client);
    EXPECT_FALSE((*client)->status(patience).answers);
    EXPECT_EQ(refusal_of((*client)->put("key", "value", patience)), Refusal::not_reachable);
    EXPECT_EQ(refusal_of((*client)->peer_hash(Revision{}, ClusterId{}, patience)),
              Refusal::not_reachable);
}

// An old answer of DNS may lead to whoever has the address now.
TEST(Create, AnAddressLeadsToWhoProvesToBeTheHostAndToNobodyElse) {
    Cluster cluster({.size = 1, .wire = Wire::tls, .arguments = {}});
    const std::string url = cluster.at(0).endpoint().client_url;
    const std::string port = url.substr(url.rfind(':'));
    const auto answers = [&](const std::string& host) {
        auto client = Client::create({"https://" + host + port, "", "127.0.0.1"}, cluster.tls());
        return (*client)->status(patience).answers;
    };
    EXPECT_TRUE(answers("localhost")) << "the certificate names it";
    EXPECT_FALSE(answers("q-1.q-headless.db")) << "and not this one";
}

TEST(Create, RenewedCertificatesAreSeenWithoutANewClient) {
    Cluster cluster({.size = 1, .wire = Wire::tls, .arguments = {}});
    const auto mine = cluster.dir() / "mine";
    ASSERT_TRUE(local::ensure_pki(mine, {"127.0.0.1"}));
    auto client = Client::create(cluster.at(0).endpoint(),
                                 Tls{mine / "ca.crt", mine / "client.crt", mine / "client.key"});
    ASSERT_TRUE(client);
    EXPECT_FALSE((*client)->status(patience).answers);
    for (const char* name : {"ca.crt", "client.crt", "client.key"})
        std::filesystem::copy_file(cluster.dir() / "pki" / name, mine / name,
                                   std::filesystem::copy_options::overwrite_existing);
    EXPECT_TRUE(eventually([&] { return (*client)->status(patience).serves; }));
}

TEST(Create, CertificatesThatChangedAreThoseOfTheNextCall) {
    Cluster cluster({.size = 1, .wire = Wire::tls, .arguments = {}});
    const auto pki = cluster.dir() / "pki";
    const auto mine = cluster.dir() / "mine";
    const auto other = cluster.dir() / "other";
    ASSERT_TRUE(local::ensure_pki(other, {"127.0.0.1"}));
    std::filesystem::copy(pki, mine);
    const auto take = [&](const std::filesystem::path& from) {
        for (const char* name : {"client.crt", "client.key"})
            std::filesystem::copy_file(from / name, mine / name,
                                       std::filesystem::copy_options::overwrite_existing);
    };
    auto client = Client::create(cluster.at(0).endpoint(),
                                 Tls{mine / "ca.crt", mine / "client.crt", mine / "client.key"});
    ASSERT_TRUE(client);
    must((*client)->put("key", "value", patience));
    take(other);
    EXPECT_EQ(refusal_of((*client)->put("key", "value", patience)), Refusal::not_reachable)
        << "it went out under the certificate of before";
    take(pki);
    must((*client)->put("key", "value", patience));
    std::filesystem::remove(mine / "client.key");
    must((*client)->put("key", "value", patience));  // goes on while a file is being replaced
}

TEST(Snapshot, ADeadPortLeavesNoFile) {
    const TempDir dir;
    auto client = Client::create({"http://127.0.0.1:" + std::to_string(free_port()), ""}, {});
    ASSERT_TRUE(client);
    EXPECT_EQ(refusal_of((*client)->snapshot(dir.path() / "s.db", patience)),
              Refusal::not_reachable);
    EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

}  // namespace
}  // namespace quorate::etcd::test
