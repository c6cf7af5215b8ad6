// What all agents share: the desired replicas, the cluster record and the lease of authority. Each
// rule holds of the files on one machine, of the Kubernetes API and of the simulator's store.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>

#include "adapters/kube/store.hpp"
#include "adapters/local/desired.hpp"
#include "adapters/local/lease.hpp"
#include "adapters/local/record.hpp"
#include "sim/world/store.hpp"
#include "tests/contract/kube/api_server.hpp"

namespace quorate {
namespace {

class Files {
  public:
    static constexpr bool needs_server = false;

    Files() {
        char name[] = "/tmp/quorate-store-XXXXXX";
        dir_ = ::mkdtemp(name);
    }
    ~Files() { std::filesystem::remove_all(dir_); }

    void desire(const Desired& desired) {
        ASSERT_TRUE(local::write_desired(dir_ / "desired", desired));
    }
    Desired desired() const { return **local::read_desired(dir_ / "desired"); }

    std::optional<Fence> acquire(std::uint8_t by, Span ttl) {
        const auto fence = lease(by).acquire(ttl);
        return fence ? std::optional(*fence) : std::nullopt;
    }
    bool renew(std::uint8_t by, Fence fence, Span ttl) {
        return lease(by).renew(fence, ttl).has_value();
    }
    void release(std::uint8_t by, Fence fence) { ASSERT_TRUE(lease(by).release(fence)); }
    bool holds(std::uint8_t by, Fence fence, Span margin) const {
        return *lease(by).holds(fence, margin);
    }

    bool swap(const WriteRecord& write) {
        return !local::swap_record(dir_ / "record", dir_ / "lease", write)->conflict;
    }
    std::optional<ClusterRecord> record() const { return *local::read_record(dir_ / "record"); }

  private:
    local::Lease lease(std::uint8_t of) const { return {dir_ / "lease", Ordinal{of}}; }

    std::filesystem::path dir_;
};

// Each agent with a store of its own, as it is in its pod; objects with names that nobody else
// uses.
class Kubernetes {
  public:
    static constexpr bool needs_server = true;

    void desire(const Desired& desired) {
        const kube::Resource resource = kube::statefulset_of(names_);
        const bool parallel = desired.policy == PodManagement::parallel;
        kube::Json labels = {{"app", names_.statefulset}};
        kube::Json set = {{"apiVersion", "apps/v1"},
                          {"kind", "StatefulSet"},
                          {"metadata", {{"name", resource.name}, {"namespace", resource.space}}}};
        set["spec"] = {{"replicas", desired.replicas},
                       {"podManagementPolicy", parallel ? "Parallel" : "OrderedReady"},
                       {"serviceName", "none"},
                       {"selector", {{"matchLabels", labels}}},
                       {"template",
                        {{"metadata", {{"labels", labels}}},
                         {"spec", {{"containers", {{{"name", "c"}, {"image", "none"}}}}}}}}};
        const auto client = kube::test::shared_server().client();
        const auto there = client->get(resource, kube::Read::quorum, minutes(1));
        // The policy of a StatefulSet cannot be changed: it is deleted and made anew (D4).
        if (there->ok()) {
            ASSERT_TRUE(client->remove(resource, minutes(1))->ok());
        }
        ASSERT_TRUE(client->create(resource, set, minutes(1))->ok());
    }
    Desired desired() { return **store(0).desired(); }

    std::optional<Fence> acquire(std::uint8_t by, Span ttl) {
        const auto fence = store(by).acquire(ttl);
        return fence ? std::optional(*fence) : std::nullopt;
    }
    bool renew(std::uint8_t by, Fence fence, Span ttl) {
        return store(by).renew(fence, ttl).has_value();
    }
    void release(std::uint8_t by, Fence fence) { ASSERT_TRUE(store(by).release(fence)); }
    bool holds(std::uint8_t by, Fence fence, Span margin) {
        return *store(by).holds(fence, margin);
    }

    bool swap(const WriteRecord& write) { return !store(0).swap(write)->conflict; }
    std::optional<ClusterRecord> record() { return *store(0).record(); }

  private:
    kube::ObjectStore& store(std::uint8_t of) {
        auto& store = stores_[of];
        if (!store)
            store = std::make_unique<kube::ObjectStore>(kube::test::shared_server().client(),
                                                        names_, Ordinal{of}, minutes(1));
        return *store;
    }

    kube::Names names_{kube::test::fresh_name(), "default"};
    std::map<std::uint8_t, std::unique_ptr<kube::ObjectStore>> stores_;
};

class Simulated {
  public:
    static constexpr bool needs_server = false;

    void desire(const Desired& desired) { store_.desired = desired; }
    Desired desired() const { return store_.desired; }

    std::optional<Fence> acquire(std::uint8_t by, Span ttl) { return store_.acquire(by, ttl, now); }
    bool renew(std::uint8_t by, Fence fence, Span ttl) { return store_.renew(by, fence, ttl, now); }
    void release(std::uint8_t by, Fence fence) { store_.release(by, fence); }
    bool holds(std::uint8_t by, Fence fence, Span margin) const {
        return store_.holds(by, fence, now + margin);
    }

    bool swap(const WriteRecord& write) { return store_.swap(write); }
    std::optional<ClusterRecord> record() const { return store_.record; }

  private:
    static constexpr Instant now{1'000'000};
    sim::Store store_;
};

class FormName {
  public:
    template <class Form>
    static std::string GetName(int) {
        if (std::is_same_v<Form, Kubernetes>) return "Kubernetes";
        return std::is_same_v<Form, Files> ? "Files" : "Simulated";
    }
};
using Forms = testing::Types<Files, Kubernetes, Simulated>;

template <class Form>
class OfEachForm : public testing::Test {
  protected:
    void SetUp() override {
        if (Form::needs_server && kube::test::ApiServer::program().empty())
            GTEST_SKIP() << kube::test::no_api_server;
    }
    Form store;
};

constexpr Span long_enough = minutes(1);
constexpr Span over_at_once = Span{0};

template <class Form>
class DesiredReplicas : public OfEachForm<Form> {};
TYPED_TEST_SUITE(DesiredReplicas, Forms, FormName);

TYPED_TEST(DesiredReplicas, AreWhatWasSaidLast) {
    this->store.desire({5, PodManagement::ordered});
    this->store.desire({0, PodManagement::parallel});
    EXPECT_EQ(this->store.desired(), (Desired{0, PodManagement::parallel}));
}

template <class Form>
class Lease : public OfEachForm<Form> {};
TYPED_TEST_SUITE(Lease, Forms, FormName);

TYPED_TEST(Lease, IsHeldByOneAtATime) {
    const auto mine = this->store.acquire(0, long_enough);
    ASSERT_TRUE(mine);
    EXPECT_FALSE(this->store.acquire(1, long_enough));
    EXPECT_TRUE(this->store.holds(0, *mine, Span{0}));
    EXPECT_FALSE(this->store.holds(1, *mine, Span{0}));
}

TYPED_TEST(Lease, EachGrantRaisesTheFence) {
    const Fence first = *this->store.acquire(0, long_enough);
    const Fence again = *this->store.acquire(0, long_enough);
    EXPECT_EQ(again.value, first.value + 1);
    this->store.release(0, again);
    EXPECT_EQ(this->store.acquire(1, long_enough)->value, again.value + 1);
}

TYPED_TEST(Lease, IsHeldUnderItsLatestFenceOnly) {
    const Fence first = *this->store.acquire(0, long_enough);
    const Fence again = *this->store.acquire(0, long_enough);
    EXPECT_FALSE(this->store.holds(0, first, Span{0}));
    EXPECT_TRUE(this->store.holds(0, again, Span{0}));
    EXPECT_FALSE(this->store.renew(0, first, long_enough));
}

TYPED_TEST(Lease, IsNotHeldForLongerThanItLasts) {
    const Fence fence = *this->store.acquire(0, long_enough);
    EXPECT_TRUE(this->store.holds(0, fence, seconds(1)));
    EXPECT_FALSE(this->store.holds(0, fence, long_enough + seconds(1)));
}

TYPED_TEST(Lease, IsFreeOnceItIsOver) {
    const Fence fence = *this->store.acquire(0, over_at_once);
    EXPECT_FALSE(this->store.holds(0, fence, Span{0}));
    EXPECT_TRUE(this->store.acquire(1, long_enough));
    EXPECT_FALSE(this->store.renew(0, fence, long_enough));
}

TYPED_TEST(Lease, IsRenewedLateWhenNobodyElseTookIt) {
    const Fence fence = *this->store.acquire(0, over_at_once);
    EXPECT_TRUE(this->store.renew(0, fence, long_enough));
    EXPECT_TRUE(this->store.holds(0, fence, Span{0}));
    EXPECT_FALSE(this->store.acquire(1, long_enough));
}

TYPED_TEST(Lease, IsFreeOnceItIsReleased) {
    const Fence fence = *this->store.acquire(0, long_enough);
    this->store.release(0, fence);
    EXPECT_FALSE(this->store.holds(0, fence, Span{0}));
    EXPECT_FALSE(this->store.renew(0, fence, long_enough));
    EXPECT_TRUE(this->store.acquire(1, long_enough));
}

TYPED_TEST(Lease, ReleaseOfALostOneChangesNothing) {
    const Fence first = *this->store.acquire(0, over_at_once);
    const Fence second = *this->store.acquire(1, long_enough);
    this->store.release(0, first);
    EXPECT_TRUE(this->store.holds(1, second, Span{0}));
}

template <class Form>
class Record : public OfEachForm<Form> {
  protected:
    static WriteRecord write(std::uint64_t expected, const char* lineage, Fence fence = {}) {
        ClusterRecord record;
        record.revision = RecordRevision{expected + 1};
        record.lineage = Lineage{lineage};
        return {RecordRevision{expected}, record, fence};
    }
};
TYPED_TEST_SUITE(Record, Forms, FormName);

TYPED_TEST(Record, IsAbsentUntilItIsCreated) { EXPECT_FALSE(this->store.record()); }

TYPED_TEST(Record, IsWhatWasSwappedIn) {
    const WriteRecord created = this->write(0, "one");
    EXPECT_TRUE(this->store.swap(created));
    EXPECT_EQ(this->store.record(), created.record);
    const WriteRecord changed = this->write(1, "two");
    EXPECT_TRUE(this->store.swap(changed));
    EXPECT_EQ(this->store.record(), changed.record);
}

TYPED_TEST(Record, IsCreatedOnce) {
    ASSERT_TRUE(this->store.swap(this->write(0, "one")));
    EXPECT_FALSE(this->store.swap(this->write(0, "two")));
    EXPECT_EQ(this->store.record()->lineage, Lineage{"one"});
}

TYPED_TEST(Record, OfTwoWritersThatSawTheSameOneWins) {
    ASSERT_TRUE(this->store.swap(this->write(0, "one")));
    EXPECT_TRUE(this->store.swap(this->write(1, "mine")));
    EXPECT_FALSE(this->store.swap(this->write(1, "theirs")));
    EXPECT_EQ(this->store.record()->lineage, Lineage{"mine"});
}

TYPED_TEST(Record, IsNotSwappedByWhoSawMoreThanThereIs) {
    EXPECT_FALSE(this->store.swap(this->write(7, "of another life")));
    EXPECT_FALSE(this->store.record());
}

// What a writer finds whose answer was lost and who asks again.
TYPED_TEST(Record, ARepeatedSwapIsAConflictThatShowsTheOwnWrite) {
    const WriteRecord mine = this->write(0, "mine");
    ASSERT_TRUE(this->store.swap(mine));
    EXPECT_FALSE(this->store.swap(mine));
    EXPECT_EQ(this->store.record(), mine.record);
}

TYPED_TEST(Record, IsNotSwappedUnderAnOvertakenFence) {
    const Fence old = *this->store.acquire(0, over_at_once);
    ASSERT_TRUE(this->store.acquire(1, long_enough));
    EXPECT_FALSE(this->store.swap(this->write(0, "late", old)));
    EXPECT_FALSE(this->store.record());
}

// The fence is a counter: it is overtaken by the next grant, not by time or release.
TYPED_TEST(Record, IsSwappedUnderTheLatestFenceEvenWhenItsLeaseIsOver) {
    const Fence over = *this->store.acquire(0, over_at_once);
    EXPECT_TRUE(this->store.swap(this->write(0, "one", over)));
    this->store.release(0, over);
    EXPECT_TRUE(this->store.swap(this->write(1, "two", over)));
}

// A replica's own entry needs no authority.
TYPED_TEST(Record, IsSwappedWithoutAFenceWhoeverHoldsTheLease) {
    ASSERT_TRUE(this->store.acquire(1, long_enough));
    EXPECT_TRUE(this->store.swap(this->write(0, "own entry")));
}

}  // namespace
}  // namespace quorate
