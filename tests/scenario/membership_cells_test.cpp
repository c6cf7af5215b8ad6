// The simulated members take an add beside dead ones where real members took it: every cell of the
// table in etcd-measured.md 1.1, and both rules beside it agree with the core's.
#include <gtest/gtest.h>

#include "core/rules/etcd_versions.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

struct Cell {
    std::uint32_t voters;
    std::uint32_t dead;
    Version version;
    bool taken;
};

// Killed with its agent, on a node that does not come back; the others know of it for 7 s.
bool takes_a_learner(const Cell& cell) {
    Config config;
    config.version = cell.version;
    config.desired.replicas = cell.voters;
    World world(config);
    for (int i = 0; i < 600 && !world.steady(); ++i)
        world.run_for(milliseconds(100));
    EXPECT_TRUE(world.steady()) << world.why_not_steady();
    const auto leader = world.cluster.able_leader();
    std::uint32_t dead = 0;
    for (std::uint8_t o = 0; o < cell.voters && dead < cell.dead; ++o) {
        if (o == *leader) continue;
        world.hold(o, true);
        world.kill_agent(o);
        ++dead;
    }
    world.run_for(seconds(7));
    const auto refused = world.cluster.add_learner(*leader, World::size - 1, 0);
    if (refused) {
        EXPECT_EQ(refused->refusal, Refusal::unhealthy_cluster);
    }
    EXPECT_EQ(!refused, may_add_member(cell.version, cell.voters, cell.voters - cell.dead));
    return !refused;
}

TEST(MembershipCells, EveryMeasuredCellIsAsRealMembersAnswered) {
    // clang-format off
    const Cell cells[] = {
        {3, 0, {3, 4, 23}, true},  {3, 1, {3, 4, 23}, false}, {4, 1, {3, 4, 23}, false}, {5, 1, {3, 4, 23}, false},
        {3, 0, {3, 5, 23}, true},  {3, 1, {3, 5, 23}, false}, {4, 1, {3, 5, 23}, false}, {5, 1, {3, 5, 23}, false},
        {3, 0, {3, 6, 10}, true},  {3, 1, {3, 6, 10}, false}, {4, 1, {3, 6, 10}, false}, {5, 1, {3, 6, 10}, false},
        {3, 0, {3, 6, 11}, true},  {3, 1, {3, 6, 11}, false}, {4, 1, {3, 6, 11}, true},  {5, 1, {3, 6, 11}, true},
        {3, 0, {3, 5, 35}, true},  {3, 1, {3, 5, 35}, false}, {4, 1, {3, 5, 35}, true},  {5, 1, {3, 5, 35}, true},
        {3, 0, {3, 7, 3}, true},   {3, 1, {3, 7, 3}, false},  {4, 1, {3, 7, 3}, true},   {5, 1, {3, 7, 3}, true},
        {5, 2, {3, 6, 10}, false}, {5, 2, {3, 6, 11}, false},
    };
    // clang-format on
    for (const Cell& cell : cells)
        EXPECT_EQ(cell.taken, takes_a_learner(cell))
            << to_text(cell.version) << " " << cell.voters << "/" << cell.dead;
}

}  // namespace
}  // namespace quorate::sim
