// The members that the v2 store ends with, from its snapshot and the changes in the log after it.
#include <gtest/gtest.h>

#include "adapters/disk/membership.hpp"

namespace quorate::disk {
namespace {

constexpr std::uint64_t add = 0;
constexpr std::uint64_t removal = 1;
constexpr std::uint64_t add_learner = 3;

std::string member(const std::string& url, const std::string& more = {}) {
    return R"({"id":1,"peerURLs":[")" + url + "\"]" + more + "}";
}
ConfChange change(std::uint64_t index, std::uint64_t type, std::uint64_t id,
                  const std::string& context) {
    return {LogIndex{index}, type, MemberId{id}, context};
}
std::vector<StoredMember> after(const std::vector<ConfChange>& changes, LogIndex to = {100}) {
    return v2_members({}, changes, {LogIndex{}, to}).value();
}
using Members = std::vector<StoredMember>;

const std::string learner = R"(,"isLearner":true)";
const std::string promote = R"(,"isPromote":true)";

TEST(V2Members, FollowTheChangesInTheLog) {
    EXPECT_EQ(after({change(1, add, 0xa, member("u1")),
                     change(2, add_learner, 0xb, member("u2", learner)),
                     change(3, add, 0xb, member("u2", promote)), change(4, removal, 0xa, "")}),
              (Members{{MemberId{0xb}, false}}));
}

TEST(V2Members, OnlyAsFarAsTheDbHasApplied) {
    EXPECT_EQ(after({change(1, add, 0xa, member("u1")),
                     change(2, add_learner, 0xb, member("u2", learner)),
                     change(3, add, 0xb, member("u2", promote))},
                    LogIndex{2}),
              (Members{{MemberId{0xa}, false}, {MemberId{0xb}, true}}));
}

TEST(V2Members, ChangesThatEtcdRefusesChangeNothing) {
    const Members two{{MemberId{0xa}, false}, {MemberId{0xb}, true}};
    std::vector<ConfChange> changes = {change(1, add, 0xa, member("u1")),
                                       change(2, add_learner, 0xb, member("u2", learner))};
    changes.push_back(change(3, add, 0xc, member("u1")));  // the URL is another's
    EXPECT_EQ(after(changes), two);
    changes.push_back(change(4, add_learner, 0xd, member("u4", learner)));  // a second learner
    EXPECT_EQ(after(changes), two);
    changes.push_back(change(5, removal, 0xb, ""));
    changes.push_back(change(6, add, 0xb, member("u2")));  // an id is never used again
    EXPECT_EQ(after(changes), (Members{{MemberId{0xa}, false}}));
}

TEST(V2Members, BeginWithTheSnapshot) {
    const std::string raft = R"({\"peerURLs\":[\"u1\"],\"isLearner\":true})";
    const std::string store =
        R"({"Root":{"Path":"/","Children":{"0":{"Path":"/0","Children":{"members":{"Children":{)"
        R"("8e9e05c52164694d":{"Children":{"raftAttributes":{"Value":")" +
        raft + R"("}}}}},"removed_members":{"Children":{"b":{}}}}}}}})";
    const auto members = v2_members(store, {change(5, add, 0xb, member("u2"))}, {{4}, {9}});
    ASSERT_TRUE(members);
    EXPECT_EQ(*members, (Members{{MemberId{0x8e9e05c52164694d}, true}}));
    EXPECT_FALSE(v2_members("{\"no\":1}", {}, {{4}, {9}}));
    EXPECT_FALSE(v2_members("{damaged", {}, {{4}, {9}}));
}

TEST(V2Members, AStoredMemberIsReadFromTheDb) {
    const auto one =
        parse_stored_member(R"({"id":10276657743932975437,"peerURLs":["u"],"isLearner":true})");
    ASSERT_TRUE(one);
    EXPECT_EQ(*one, (StoredMember{MemberId{10276657743932975437U}, true}));
    EXPECT_FALSE(parse_stored_member("[]"));
}

}  // namespace
}  // namespace quorate::disk
