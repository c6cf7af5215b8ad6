// What Prometheus reads of an agent.
#include "adapters/metrics/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quorate::metrics {
namespace {

using testing::HasSubstr;

std::string told_of(const State& state) {
    Metrics metrics(Ordinal{0});
    metrics.state_is(state);
    return metrics.text();
}

TEST(Parked, IsToldWhicheverMachineWaitsForAPerson) {
    const std::string none = "quorate_parked{replica=\"0\"} 0";
    const std::string one = "quorate_parked{replica=\"0\"} 1";
    EXPECT_THAT(told_of(State{}), HasSubstr(none));
    State state;
    state.replica.phase = ReplicaPhase::parked;
    EXPECT_THAT(told_of(state), HasSubstr(one));
    state = {};
    state.cluster.phase = ClusterPhase::parked;
    EXPECT_THAT(told_of(state), HasSubstr(one));
    state = {};
    state.alarm.phase = AlarmPhase::parked;
    EXPECT_THAT(told_of(state), HasSubstr(one));
    state = {};
    state.space.phase = SpacePhase::parked;
    EXPECT_THAT(told_of(state), HasSubstr(one));
}

}  // namespace
}  // namespace quorate::metrics
