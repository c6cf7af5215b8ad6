// What is read from text: etcd's refusals, URLs, versions, alarms and the peer port's JSON.
#include "adapters/etcd/errors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "adapters/etcd/texts.hpp"
#include "adapters/etcd/url.hpp"

namespace quorate::etcd {
namespace {

constexpr int code_unknown = 2;
constexpr int code_deadline_exceeded = 4;
constexpr int code_failed_precondition = 9;

struct Case {
    int code;
    const char* text;
    Refusal refusal;
};

// clang-format off
constexpr std::array cases{
    Case{14, "etcdserver: unhealthy cluster",                                             Refusal::unhealthy_cluster},
    Case{2,  "etcdserver: re-configuration failed due to not enough started members",     Refusal::not_enough_started},
    Case{5,  "etcdserver: member not found",                                              Refusal::member_not_found},
    Case{9,  "etcdserver: member ID already exist",                                       Refusal::member_exists},
    Case{9,  "etcdserver: Peer URLs already exists",                                      Refusal::member_exists},
    Case{9,  "etcdserver: can only promote a learner member",                             Refusal::not_a_learner},
    Case{9,  "etcdserver: can only promote a learner member which is in sync with leader", Refusal::learner_not_ready},
    Case{9,  "etcdserver: too many learner members in cluster",                           Refusal::too_many_learners},
    Case{9,  "etcdserver: cluster ID mismatch",                                           Refusal::wrong_cluster},
    Case{9,  "etcdserver: not leader",                                                    Refusal::not_leader},
    Case{9,  "etcdserver: bad leader transferee",                                         Refusal::bad_transferee},
    Case{14, "etcdserver: rpc not supported for learner",                                 Refusal::learner_unsupported},
    Case{9,  "etcdserver: rpc not supported for learner",                                 Refusal::learner_unsupported},
    Case{15, "etcdserver: corrupt cluster",                                               Refusal::corrupt},
    Case{8,  "etcdserver: mvcc: database space exceeded",                                 Refusal::no_space},
    Case{11, "etcdserver: mvcc: required revision has been compacted",                    Refusal::compacted},
    Case{11, "etcdserver: mvcc: required revision is a future revision",                  Refusal::future_revision},
    Case{2,  "etcdserver: too many requests",                                             Refusal::too_many_requests},
    Case{14, "etcdserver: no leader",                                                     Refusal::no_leader},
    Case{3,  "etcdserver: request is too large",                                          Refusal::not_possible},
    Case{0,  "mvcc: required revision has been compacted\n",                              Refusal::compacted},
    Case{14, "failed to connect to all addresses; last error: UNKNOWN: refused",          Refusal::not_reachable},
    Case{12, "unknown service etcdserverpb.Cluster",                                      Refusal::not_possible},
};

struct Vague { int code; const char* text; };
constexpr std::array vague{
    Vague{14, "etcdserver: leader changed"},
    Vague{14, "etcdserver: server stopped"},
    Vague{14, "etcdserver: request timed out"},
    Vague{14, "etcdserver: request timed out, possibly due to previous leader failure"},
    Vague{14, "etcdserver: request timed out, possibly due to connection lost"},
    Vague{14, "etcdserver: request timed out, waiting for the applied index took too long"},
    Vague{14, "failed to write to the connection"},
    Vague{14, "Socket closed"},
    Vague{14, "Connection reset by peer"},
    Vague{code_deadline_exceeded, "Deadline Exceeded"},
    Vague{code_unknown, "etcdserver: words of a later version"},
    Vague{code_failed_precondition, "etcdserver: member not found, or something like it"},
    Vague{1, ""},
};
// clang-format on

TEST(Errors, EveryKnownTextHasItsRefusal) {
    for (const Case& row : cases) {
        const NotDone why = classify(row.code, row.text);
        const auto* refused = std::get_if<Refused>(&why);
        ASSERT_NE(refused, nullptr) << row.text;
        EXPECT_EQ(refused->refusal, row.refusal) << row.text;
    }
}

TEST(Errors, WhatMayHaveHappenedIsUnknown) {
    for (const Vague& row : vague) {
        const NotDone why = classify(row.code, row.text);
        const auto* unknown = std::get_if<Unknown>(&why);
        ASSERT_NE(unknown, nullptr) << row.text;
        EXPECT_FALSE(unknown->text.empty());
    }
}

TEST(Errors, AConnectionThatWasNotMadeIsOnlyBelievedFromTheTransport) {
    const NotDone why = classify(code_unknown, "failed to connect to all addresses");
    EXPECT_TRUE(std::holds_alternative<Unknown>(why));
}

TEST(Url, SchemeHostAndPortAreTaken) {
    EXPECT_EQ(*parse_url("http://127.0.0.1:2379"), (Url{false, "127.0.0.1", "2379"}));
    EXPECT_EQ(*parse_url("https://etcd-0.etcd.ns.svc:2380/"),
              (Url{true, "etcd-0.etcd.ns.svc", "2380"}));
    EXPECT_EQ(*parse_url("https://[::1]:2379"), (Url{true, "::1", "2379"}));
}

TEST(Url, AnAddressGetsItsBracketsBack) {
    EXPECT_EQ(authority({false, "::1", "2379"}), "[::1]:2379");
    EXPECT_EQ(authority({false, "localhost", "2379"}), "localhost:2379");
}

TEST(Url, AnythingElseIsRefusedWithItsText) {
    for (const char* text :
         {"", "127.0.0.1:2379", "ftp://h:1", "http://", "http://:2379", "http://host",
          "http://host:", "http://host:0", "http://host:65536", "http://host:12x",
          "http://host:1/path", "http://user@host:1", "http://[::1]", "http://::1:2379",
          "unix://socket:1", "http://a,b:1"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().where, text);
    }
}

TEST(Texts, VersionsAreReadWithOrWithoutAllTheirParts) {
    EXPECT_EQ(parse_version("3.4.23"), (Version{3, 4, 23}));
    EXPECT_EQ(parse_version("3.6.0-rc.1"), (Version{3, 6, 0}));
    EXPECT_EQ(parse_version("3.7"), (Version{3, 7, 0}));
    EXPECT_EQ(parse_version("not_decided"), Version{});
    EXPECT_EQ(parse_version(""), Version{});
}

TEST(Texts, AlarmsAreReadWhateverTheirSpaces) {
    EXPECT_EQ(parse_alarm("memberID:443629905751424238 alarm:NOSPACE "),
              (Alarm{MemberId{443629905751424238}, AlarmKind::nospace}));
    EXPECT_EQ(parse_alarm("memberID:17  alarm:CORRUPT"), (Alarm{MemberId{17}, AlarmKind::corrupt}));
    EXPECT_EQ(parse_alarm("memberID: 17 alarm: CORRUPT"),
              (Alarm{MemberId{17}, AlarmKind::corrupt}));
    // Member 0 is not printed: the cluster disagrees and nobody is accused.
    EXPECT_EQ(parse_alarm("alarm:CORRUPT "), (Alarm{MemberId{}, AlarmKind::corrupt}));
}

TEST(Texts, OtherErrorsOfStatusAreNoAlarms) {
    EXPECT_EQ(parse_alarm("etcdserver: no leader"), std::nullopt);
    EXPECT_EQ(parse_alarm("memberID:17 alarm:3"), std::nullopt);
    EXPECT_EQ(parse_alarm(""), std::nullopt);
}

TEST(Texts, AHashIsReadWithWhatItsVersionTells) {
    const auto old =
        parse_hash(R"({"header":{"revision":7},"hash":4294967295,"compact_revision":-1})");
    ASSERT_TRUE(std::holds_alternative<ContentHash>(old));
    EXPECT_EQ(std::get<ContentHash>(old),
              (ContentHash{MemberId{}, true, Revision{7}, Revision{-1}, 4294967295U}));
    const auto bare = parse_hash(R"({"header":{"revision":7}})");
    EXPECT_EQ(std::get<ContentHash>(bare),
              (ContentHash{MemberId{}, true, Revision{7}, Revision{}, 0}));
}

TEST(Texts, WhatIsNoHashIsUnknown) {
    for (const char* text : {"", "404 page not found", "[]", "7", R"({"header":7})",
                             R"({"header":{"revision":"7"}})", R"({"hash":-1)", "{"})
        EXPECT_TRUE(std::holds_alternative<Unknown>(parse_hash(text))) << text;
}

}  // namespace
}  // namespace quorate::etcd
