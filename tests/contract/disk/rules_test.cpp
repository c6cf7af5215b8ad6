// What a volume says of itself, whatever was done to it. Each rule holds of a directory that a real
// etcd wrote, read by the disk adapter, and of the simulated volume.
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "sim/ports/volume.hpp"
#include "tests/contract/disk/files.hpp"
#include "tests/contract/disk/real_etcd.hpp"
#include "tests/contract/etcd/forms.hpp"

namespace quorate::disk {
namespace {

class Real {
  public:
    void start() { etcd_.emplace(volume_); }
    void write(int count) { etcd_->put_many(count); }
    void stop() { etcd_.reset(); }
    LogPosition reached() const { return etcd_->status().position; }
    MemberId member() const { return etcd_->status().member_id; }

    DiskReport report() const { return report_on(volume_); }
    void stamp(const VolumeIdentity& identity) { ASSERT_TRUE(disk::stamp(volume_, identity)); }
    bool set_aside() {
        return disk::set_aside(volume_, {.reason = "test", .at = Instant{1}}).has_value();
    }
    void save() { copy_volume(volume_, saved_); }
    void roll_back() {
        std::filesystem::remove_all(volume_.root);
        copy_volume(saved_, volume_);
    }
    void wipe() { std::filesystem::remove_all(volume_.root); }

  private:
    TemporaryDirectory place_;
    Volume volume_{place_.path() / "volume"};
    Volume saved_{place_.path() / "saved"};
    std::optional<RealEtcd> etcd_;
};

class Simulated {
  public:
    Simulated() { etcd_.newcomer(); }

    void start() {
        etcd_.found_again(0);
        runs_ = true;
        ASSERT_TRUE(etcd_.eventually([&] { return etcd_.status(0).serves; }));
    }
    void write(int count) {
        for (int n = 0; n < count; ++n)
            ASSERT_TRUE(std::holds_alternative<Done>(etcd_.put(0, seconds(1))));
    }
    void stop() {
        etcd_.kill(0);
        runs_ = false;
    }
    LogPosition reached() const { return {etcd_.status(0).term, etcd_.status(0).index}; }
    MemberId member() const { return etcd_.status(0).member_id; }

    DiskReport report() { return sim::examine(volume(), in_use()); }
    void stamp(const VolumeIdentity& identity) { sim::stamp(volume(), identity); }
    bool set_aside() { return sim::set_aside(volume(), "test", in_use()); }
    void save() { saved_ = volume(); }
    void roll_back() { volume() = saved_; }
    void wipe() { volume() = sim::Volume{}; }

  private:
    sim::Volume& volume() { return etcd_.volume(0); }
    sim::InUse in_use() const { return runs_ ? sim::InUse::yes : sim::InUse::no; }

    etcd::test::Simulated etcd_{0};
    bool runs_ = false;
    sim::Volume saved_;
};

class FormName {
  public:
    template <class Form>
    static std::string GetName(int) {
        return std::is_same_v<Form, Real> ? "Real" : "Simulated";
    }
};
using Forms = testing::Types<Real, Simulated>;

VolumeIdentity identity(std::uint64_t nonce) {
    return {.lineage = {"6f1c7e52"},
            .epoch = {3},
            .ordinal = {2},
            .nonce = {nonce},
            .data_seen = true,
            .high_water = {.term = {4}, .index = {1073}},
            .record = std::nullopt};
}

template <class Form>
class VolumeRules : public testing::Test {
  protected:
    // Returns the member that ran.
    MemberId live_a_while(int writes) {
        volume.start();
        volume.write(writes);
        const MemberId member = volume.member();
        volume.stop();
        return member;
    }
    Form volume;
};
TYPED_TEST_SUITE(VolumeRules, Forms, FormName);

TYPED_TEST(VolumeRules, ANewOneIsEmptyAndNobodys) {
    const DiskReport report = this->volume.report();
    EXPECT_EQ(report.shape, DiskShape::empty);
    EXPECT_FALSE(report.identity);
    EXPECT_EQ(report.member_id, MemberId{});
    EXPECT_FALSE(report.in_use);
}

TYPED_TEST(VolumeRules, TheLastStampIsItsIdentity) {
    this->volume.stamp(identity(7));
    this->volume.stamp(identity(8));
    EXPECT_EQ(this->volume.report().identity, identity(8));
    EXPECT_EQ(this->volume.report().shape, DiskShape::empty);
}

TYPED_TEST(VolumeRules, AfterItsEtcdItSaysWhoRanAndHowFar) {
    this->volume.start();
    this->volume.write(20);
    const LogPosition reached = this->volume.reached();
    const MemberId member = this->volume.member();
    this->volume.stop();
    const DiskReport report = this->volume.report();
    EXPECT_EQ(report.shape, DiskShape::whole);
    EXPECT_EQ(report.member_id, member);
    EXPECT_NE(report.cluster_id, ClusterId{});
    EXPECT_EQ(report.last, reached);
    EXPECT_EQ(report.first_index, LogIndex{1});
    EXPECT_LE(report.consistent_index, reached.index);
}

TYPED_TEST(VolumeRules, WhileEtcdRunsItIsInUseAndNothingIsMoved) {
    this->volume.start();
    EXPECT_TRUE(this->volume.report().in_use);
    EXPECT_FALSE(this->volume.set_aside());
    EXPECT_EQ(this->volume.report().shape, DiskShape::whole);
}

TYPED_TEST(VolumeRules, TheSameMemberGoesOnFromWhereItStopped) {
    const MemberId member = this->live_a_while(5);
    const LogPosition before = this->volume.report().last;
    EXPECT_EQ(this->live_a_while(5), member);
    EXPECT_GT(this->volume.report().last, before);
    EXPECT_GT(this->volume.report().last.term, before.term);
}

TYPED_TEST(VolumeRules, WhatIsSetAsideIsGoneAndTheIdentityStays) {
    this->volume.stamp(identity(7));
    this->live_a_while(5);
    EXPECT_TRUE(this->volume.set_aside());
    EXPECT_EQ(this->volume.report().shape, DiskShape::empty);
    EXPECT_EQ(this->volume.report().identity, identity(7));
    EXPECT_TRUE(this->volume.set_aside()) << "asked for again";
}

TYPED_TEST(VolumeRules, WhatIsSetAsideWasSeen) {
    VolumeIdentity fresh = identity(7);
    fresh.data_seen = false;
    this->volume.stamp(fresh);
    EXPECT_TRUE(this->volume.set_aside()) << "there is none";
    EXPECT_EQ(this->volume.report().identity, fresh);
    this->live_a_while(1);
    EXPECT_TRUE(this->volume.set_aside());
    EXPECT_EQ(this->volume.report().identity, identity(7));
}

TYPED_TEST(VolumeRules, RolledBackItSaysWhatItSaidThen) {
    this->volume.stamp(identity(7));
    this->live_a_while(5);
    const DiskReport then = this->volume.report();
    this->volume.save();
    this->volume.stamp(identity(8));
    this->live_a_while(5);
    this->volume.roll_back();
    const DiskReport now = this->volume.report();
    EXPECT_EQ(now.shape, DiskShape::whole);
    EXPECT_EQ(now.identity, then.identity);
    EXPECT_EQ(now.member_id, then.member_id);
    EXPECT_EQ(now.last, then.last);
}

TYPED_TEST(VolumeRules, WipedItHasNeitherDataNorIdentity) {
    this->volume.stamp(identity(7));
    this->live_a_while(5);
    this->volume.wipe();
    EXPECT_EQ(this->volume.report().shape, DiskShape::empty);
    EXPECT_FALSE(this->volume.report().identity);
}

}  // namespace
}  // namespace quorate::disk
