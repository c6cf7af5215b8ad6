// How much of a volume etcd's database may take.
#include "adapters/host/quota.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/host/etcd_arguments.hpp"

namespace quorate::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Bytes gib(std::uint64_t count) { return {count << 30}; }
constexpr Bytes mib(std::uint64_t count) { return {count << 20}; }

std::string flag(Bytes quota) { return "--quota-backend-bytes=" + std::to_string(quota.value); }

TEST(Quota, EtcdsDefaultFitsTheClaimOfTheChart) {
    const QuotaChoice choice = quota_for(gib(5), {});
    EXPECT_THAT(choice.arguments, IsEmpty());
    EXPECT_EQ(choice.told, "");
}

TEST(Quota, OfASmallVolumeLeavesRoomForACopyAndTheLogs) {
    for (const Bytes volume : {mib(640), gib(1), gib(2), gib(4), mib(4607)}) {
        const QuotaChoice choice = quota_for(volume, {});
        ASSERT_THAT(choice.arguments, ElementsAre(flag(largest_quota(volume)))) << volume.value;
        EXPECT_THAT(choice.told, HasSubstr(choice.arguments.front()));
        EXPECT_LE(2 * largest_quota(volume).value + mib(512).value, volume.value);
    }
    EXPECT_THAT(quota_for(mib(4608), {}).arguments, IsEmpty());
}

TEST(Quota, ThatWasNamedIsKept) {
    for (const Bytes named : {mib(100), gib(2), gib(64)})
        EXPECT_THAT(quota_for(gib(5), {flag(named)}).arguments, IsEmpty());
    EXPECT_EQ(quota_for(gib(5), {flag(gib(2))}).told, "");
    EXPECT_EQ(quota_for(gib(1), {"--quota-backend-bytes", "268435456"}).told, "");
}

TEST(Quota, ThatWasNamedAndDoesNotFitIsToldWithWhatDoes) {
    const std::string told = quota_for(gib(5), {flag(gib(4))}).told;
    EXPECT_THAT(told, HasSubstr(flag(gib(4)) + " is too large"));
    EXPECT_THAT(told, HasSubstr("8704 MiB, and the volume has 5120 MiB"));
    EXPECT_THAT(told, HasSubstr("name " + std::to_string(mib(2304).value) + " at most"));
    EXPECT_THAT(told, HasSubstr("persistence.volumeClaim.size"));
}

// [v3.5 server/storage/quota.go]: 0 is the default, less is no limit.
TEST(Quota, IsReadTheWayEtcdReadsIt) {
    EXPECT_THAT(quota_for(gib(1), {flag({0})}).told, HasSubstr("2048 MiB"));
    EXPECT_THAT(quota_for(gib(64), {"--quota-backend-bytes=-1"}).told, HasSubstr("sets no limit"));
    EXPECT_EQ(named_quota({"--quota-backend-bytes=1", "-quota-backend-bytes=2"}), 2);
    EXPECT_EQ(named_quota({"--max-txn-ops=7"}), std::nullopt);
}

TEST(Quota, OfAVolumeThatIsTooSmallForAnyIsTold) {
    const QuotaChoice choice = quota_for(mib(100), {});
    EXPECT_THAT(choice.arguments, ElementsAre(flag(mib(64))));
    EXPECT_THAT(choice.told, HasSubstr("too small for any quota; give it a larger volume"));
}

TEST(SizeOfVolume, IsThatOfItsFileSystem) {
    const auto size = size_of_volume("/tmp");
    ASSERT_TRUE(size);
    EXPECT_GT(*size, Bytes{});
    EXPECT_FALSE(size_of_volume("/nowhere"));
}

}  // namespace
}  // namespace quorate::host
