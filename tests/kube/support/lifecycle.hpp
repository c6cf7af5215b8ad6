// What every case has in common: a release, a client that writes to it all the time, and the end:
// every acknowledged write is there, revisions never went backwards, every journal replays.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "tests/kube/support/cluster.hpp"

namespace quorate::kube_e2e {

class Lifecycle : public testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;

    // Without a writer and without waiting.
    Cluster& install(Cluster::Options options);
    // Installs, awaits it, and begins to write on replicas 0 to `writers` - 1 (0: on all at the
    // start).
    Cluster& form(Cluster::Options options = {}, int writers = 0);
    Cluster& cluster() { return *cluster_; }
    e2e::Writer& writer() { return *writer_; }

    void expect_writes_go_on();
    // Nothing was forced, and nobody but these joined afresh.
    void expect_epoch_one() { EXPECT_EQ(cluster().record().epoch, Epoch{1}); }

  private:
    std::optional<Cluster> cluster_;
    std::optional<e2e::Writer> writer_;
};

}  // namespace quorate::kube_e2e
