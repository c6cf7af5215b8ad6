#include "tests/e2e/support/lifecycle.hpp"

#include <algorithm>

namespace quorate::e2e {

void Lifecycle::SetUp() {
    if (!etcd_binary())
        GTEST_SKIP() << "this etcd is not built here: tools/etcd-versions builds it";
}

Cluster& Lifecycle::form(Cluster::Options options, int writers) {
    const int count = writers > 0 ? writers : options.replicas;
    cluster_.emplace(std::move(options));
    writer_.emplace(cluster_->clients(count));
    EXPECT_TRUE(writer_->goes_on());
    return *cluster_;
}

void Lifecycle::stop_writing_and_settle(int replicas) {
    writer_->stop();
    cluster_->await("the same log everywhere", [&] {
        std::vector<std::uint64_t> indexes;
        for (int i = 0; i < replicas; ++i)
            indexes.push_back(cluster_->client(i)->status(seconds(3)).applied.value);
        return indexes.front() > 0 &&
               std::all_of(indexes.begin(), indexes.end(),
                           [&](std::uint64_t index) { return index == indexes.front(); });
    });
}

void Lifecycle::TearDown() {
    if (!cluster_) return;
    if (HasFailure()) {
        ADD_FAILURE() << "the cluster at the end:" << cluster_->picture();
    } else {
        EXPECT_EQ(writer_->missing(), "");
        cluster_->stop_all();
        EXPECT_EQ(cluster_->unreplayable(), "");
    }
    writer_.reset();
    cluster_.reset();
}

}  // namespace quorate::e2e
