// What every case has in common: a cluster, a client that writes through all of it, and the end:
// every acknowledged write is there, every journal replays, no process is left.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "tests/e2e/support/cluster.hpp"

namespace quorate::e2e {

class Lifecycle : public testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;

    // Forms it and begins to write on replicas 0 to `writers` - 1 (0: on all at the start).
    Cluster& form(Cluster::Options options = {}, int writers = 0);
    Cluster& cluster() { return *cluster_; }
    Writer& writer() { return *writer_; }

    // What follows is written by nobody, and was all acknowledged: for losses beyond a quorum.
    void stop_writing_and_settle(int replicas);

  private:
    std::optional<Cluster> cluster_;
    std::optional<Writer> writer_;
};

}  // namespace quorate::e2e
