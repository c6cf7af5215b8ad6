// A life as lanes: what stands where, what makes a line, and that looking on changes nothing.
#include "sim/report/lanes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream in(text);
    for (std::string one; std::getline(in, one);)
        lines.push_back(one);
    return lines;
}

ReplicaGlimpse follower() {
    ReplicaGlimpse one;
    one.pod = 'A';
    one.role = 'F';
    one.term = 2;
    one.applied = 49;
    one.disk = '=';
    one.phase = "serving";
    return one;
}

Glimpse three() {
    Glimpse glimpse;
    glimpse.at = Instant{30'183'000};
    glimpse.record = 13;
    glimpse.desired = 3;
    glimpse.faults = "S4";
    glimpse.work = "2 steady";
    glimpse.replicas = {follower(), ReplicaGlimpse{}, follower()};
    glimpse.replicas[1].pod = 'h';
    glimpse.replicas[2].role = 'L';
    glimpse.replicas[2].authority = true;
    return glimpse;
}

TEST(Lanes, EachThingStandsBelowItsName) {
    EXPECT_EQ(lanes_heading(3) + lanes_line(three(), "FAULT wipe 1"),
              "time      API      pods members                       disks agents"
              "                           authority       faults     what\n"
              "   30.183 13/3     AhA  F2     49 .         L2     49 =.=   serving    -"
              "          serving*   2 steady        S4         FAULT wipe 1\n");
}

TEST(Lanes, ALineOfThreeReplicasFitsWhateverHappens) {
    Glimpse full = three();
    full.faults = "N5 K3 P1 A8 S4";
    full.work = "2 0:catching_up_slowly";
    for (ReplicaGlimpse& one : full.replicas) {
        one = follower();
        one.phase = "awaiting_admission";
        one.term = 99;
        one.applied = 99'999;
        one.authority = true;
    }
    const std::string line = lanes_line(full, std::string(200, 'w'));
    EXPECT_EQ(line.size(), columns_max + 1);
    EXPECT_NE(line.find(" awaiting~* "), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with("w~\n"));
    for (const std::string& one : lines_of(legend()))
        EXPECT_LE(one.size(), columns_max);
}

TEST(Lanes, WhatMerelyGrowsIsNoTransition) {
    Glimpse later = three();
    later.at = Instant{31'000'000};
    later.record = 14;
    later.replicas[0].applied = 50;
    EXPECT_TRUE(later.same(three()));
}

TEST(Lanes, EverythingElseIsOne) {
    const auto differs = [](auto change) {
        Glimpse other = three();
        change(other);
        return !other.same(three());
    };
    EXPECT_TRUE(differs([](Glimpse& one) { one.desired = 5; }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.work = "2 0:wiping"; }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.faults.clear(); }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.replicas.pop_back(); }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.replicas[0].pod = 'z'; }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.replicas[0].role = 'C'; }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.replicas[0].term = 3; }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.replicas[0].disk = '~'; }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.replicas[0].phase = "parked"; }));
    EXPECT_TRUE(differs([](Glimpse& one) { one.replicas[0].authority = true; }));
}

// A cluster that forms, loses a volume and is repaired.
std::uint64_t live(Onlooker* onlooker) {
    Config config;
    config.policy = quick_policy();
    config.onlooker = onlooker;
    World world(config);
    world.run_for(seconds(20));
    world.suffer("wipe 1");
    world.run_for(seconds(60));
    return world.kernel.digest;
}

TEST(Lanes, LookingOnChangesNothing) {
    std::string text;
    Lanes lanes(text);
    EXPECT_EQ(live(&lanes), live(nullptr));
}

TEST(Lanes, ALifeIsALineForEachTransition) {
    std::string text;
    Lanes lanes(text);
    live(&lanes);
    const Lines all = lines_of(text);
    const std::string heading = lanes_heading(3);
    const auto headings = std::count(all.begin(), all.end(), lines_of(heading).front());
    const auto lines = static_cast<std::ptrdiff_t>(all.size()) - headings -
                       static_cast<std::ptrdiff_t>(lines_of(legend()).size());
    EXPECT_TRUE(text.starts_with(legend() + heading));
    EXPECT_EQ(headings, (lines + 39) / 40) << "the heading is seen on every screen";
    EXPECT_GT(lines, 60);
    EXPECT_LT(lines, 400) << "virtual time goes by in tens of thousands of events";
    for (const char* met : {" FAULT wipe 1", " sss ", " AAA ", " === ", " =.= ", " 1:catching_up ",
                            "-> PromoteMember", "etcd 1 ended"})
        EXPECT_NE(text.find(met), std::string::npos) << met << "\n" << text;
}

}  // namespace
}  // namespace quorate::sim
