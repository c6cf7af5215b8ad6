// A life is its tape: written by a seed, read from text, ended by one function, reduced when it
// fails.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "sim/report/report.hpp"
#include "sim/run/run.hpp"
#include "sim/script/script.hpp"
#include "sim/shrink/shrink.hpp"
#include "sim/tape/tape.hpp"

namespace quorate::sim {
namespace {

Tape drawn(std::uint64_t seed) {
    TapeOptions options;
    options.seed = seed;
    return draw_tape(options);
}

TEST(Tape, ItsTextIsTheSameTape) {
    for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
        Tape tape = drawn(seed);
        std::string why;
        const auto read = parse_tape(text_of(tape, "as drawn"), why);
        ASSERT_TRUE(read) << "seed " << seed << ": " << why;
        ASSERT_EQ(tape, *read) << "seed " << seed << "\n" << text_of(tape, "as drawn");
    }
}

TEST(Tape, AScenarioOfItIsTheSameLife) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Tape tape = drawn(seed);
        EXPECT_EQ(run_tape(tape).digest, run_script(text_of(tape, "as drawn")).digest);
    }
}

TEST(Tape, EveryFaultIsDrawnInSomeLife) {
    std::set<Fault> drawn_ones;
    for (std::uint64_t seed = 1; seed <= 2'000; ++seed)
        for (const Episode& episode : drawn(seed).episodes)
            drawn_ones.insert(episode.fault);
    for (std::size_t i = 0; i < faults_count; ++i) {
        const auto fault = static_cast<Fault>(i);
        EXPECT_EQ(is_drawn(fault), drawn_ones.count(fault) > 0) << kind_of(fault).verb;
    }
}

// Backups and SQL come with their adapters.
TEST(Faults, EachRowOfTheCatalogueBefallsSomeLife) {
    std::map<std::string, int> met;
    for (std::size_t i = 0; i < faults_count; ++i)
        met[kind_of(static_cast<Fault>(i)).id] = 1;
    for (const MetBy& row : met_otherwise()) {
        EXPECT_EQ(met.count(row.id), 0U) << row.id << " is a fault of its own";
        met[row.id] = 1;
    }
    const std::map<std::string, int> rows = {{"N", 12}, {"X", 5},  {"D", 17}, {"K", 8},  {"P", 10},
                                             {"A", 12}, {"S", 18}, {"R", 13}, {"J", 11}, {"O", 9}};
    for (const auto& [family, last] : rows)
        for (int row = 1; row <= last; ++row)
            EXPECT_EQ(met.count(family + std::to_string(row)), 1U) << family << row;
}

TEST(Tape, OnlyTheFaultsThatWereAskedForAreDrawn) {
    TapeOptions options;
    std::string unknown;
    options.faults = *parse_faults("wipe,network,K5", unknown);
    for (options.seed = 1; options.seed <= 50; ++options.seed)
        for (const Episode& episode : draw_tape(options).episodes) {
            const FaultKind& kind = kind_of(episode.fault);
            const bool of_a_node = episode.fault == Fault::hold;  // goes with what is lost
            EXPECT_TRUE(kind.family == Family::network || episode.fault == Fault::wipe ||
                        episode.fault == Fault::freeze || of_a_node)
                << kind.verb;
        }
    EXPECT_FALSE(parse_faults("wipe,nonsense", unknown));
    EXPECT_EQ("nonsense", unknown);
}

TEST(Faults, OnlyALossOrAPersonMayExcuseWhatWasAcknowledged) {
    for (std::size_t i = 0; i < faults_count; ++i) {
        const FaultKind& kind = kind_of(static_cast<Fault>(i));
        const bool excuses = std::string(kind.excuses).find("S4") != std::string::npos;
        EXPECT_FALSE(excuses && kind.fault_class == FaultClass::transient) << kind.verb;
        EXPECT_TRUE(excuses || kind.fault_class != FaultClass::data_loss) << kind.verb;
    }
}

Episode some(const FaultKind& kind) {
    Episode episode;
    episode.fault = kind.fault;
    episode.one = 1;
    episode.other = kind.shape == Shape::two ? 2 : 0;
    episode.number = kind.least;
    episode.left = 1;
    episode.right = 6;
    return episode;
}

TEST(Faults, OneFunctionEndsWhateverGoesOn) {
    for (std::size_t i = 0; i < faults_count; ++i) {
        const FaultKind& kind = kind_of(static_cast<Fault>(i));
        Config config;
        config.policy = quick_policy();
        World world(config);
        world.run_for(seconds(20));
        world.faults.begin(some(kind));
        EXPECT_EQ(
            kind.lasts_most == Span{} && kind.shape != Shape::crash && kind.fault != Fault::fill,
            world.faults.audit().empty())
            << kind.verb;
        world.run_for(milliseconds(100));
        world.end_faults();
        EXPECT_EQ(std::vector<std::string>{}, world.faults.audit()) << kind.verb;
    }
}

// Injected is not enough: somebody must have done otherwise for it (simulator.md 3.10).
TEST(Faults, WhatLastsIsFelt) {
    TapeOptions options;
    options.until = seconds(120);
    options.faults = {Fault::disk_errors,   Fault::full_disk,    Fault::slow_disk,
                      Fault::read_only,     Fault::wall_ahead,   Fault::wall_back,
                      Fault::out_of_memory, Fault::crash_loop,   Fault::port_taken,
                      Fault::no_files,      Fault::leftover,     Fault::bandwidth,
                      Fault::blackhole,     Fault::slow_apply,   Fault::auth,
                      Fault::flip_journal,  Fault::full_journal, Fault::tell_twice};
    std::array<std::uint64_t, faults_count> felt{};
    for (options.seed = 1; options.seed <= 60; ++options.seed) {
        const RunVerdict verdict = run_seed(options);
        for (std::size_t i = 0; i < faults_count; ++i)
            felt[i] += verdict.injected[i].felt;
    }
    for (const Fault fault : options.faults)
        EXPECT_GT(felt[static_cast<std::size_t>(fault)], 0U) << kind_of(fault).verb;
}

TEST(Faults, WhatIsStoredForAWhileIsDeletedWheneverSomebodyLeads) {
    Config config;
    config.policy = quick_policy();
    World world(config);
    world.run_for(seconds(20));
    world.suffer("store 50 for 10s");
    world.run_for(seconds(5));
    EXPECT_EQ(50U, world.cluster.process(*world.cluster.able_leader()).stored_mib);
    world.suffer("partition 0 | 1 2");
    world.suffer("partition 1 | 2");
    world.run_for(seconds(20));
    world.end_faults();
    world.run_for(seconds(20));
    EXPECT_EQ(0U, world.cluster.process(*world.cluster.able_leader()).stored_mib);
}

TEST(Faults, ABinaryThatIsNotWrongIsNone) {
    Config config;
    config.policy = quick_policy();
    World world(config);
    world.run_for(seconds(20));
    EXPECT_FALSE(world.suffer("wrong binary 1 3.6.16")) << "the next one may be right";
    EXPECT_TRUE(world.suffer("wrong binary 1 3.7.3"));
    EXPECT_FALSE(world.suffer("wrong binary 1 3.4.23")) << "it is wrong already";
    world.end_faults();
    EXPECT_EQ(config.version, world.cluster.binary(1));
}

TEST(Faults, OneThatLastsIsOverWhenItsTimeIs) {
    Config config;
    World world(config);
    world.suffer("partition 0 | 1 2 for 3s");
    world.suffer("one-way 1 0 for 5s");
    world.run_for(seconds(4));
    EXPECT_TRUE(world.network.hears(0, 1));
    EXPECT_FALSE(world.network.hears(1, 0)) << "another fault still holds it";
    world.run_for(seconds(2));
    EXPECT_TRUE(world.network.whole());
}

// A core that never adds anybody: whatever loses a member makes such a life fail.
Step adds_nobody(State state, const Event& event) {
    Step result = step(std::move(state), event);
    std::erase_if(result.decision.commands, [](const Command& command) {
        return std::holds_alternative<AddLearner>(command.body);
    });
    return result;
}

TEST(Shrink, KeepsTheFailureAndLosesTheRest) {
    const ShrinkOptions options{.core = &adds_nobody};
    const auto run = [](const Tape& tape) {
        return run_tape(tape, {.stop = Stop::at_the_first_violation, .core = &adds_nobody});
    };
    Tape tape;
    std::optional<Shrunk> shrunk;
    for (std::uint64_t seed = 1; !shrunk && seed <= 40; ++seed) {
        tape = drawn(seed);
        if (tape.episodes.size() > 20) shrunk = shrink(tape, options);
    }
    ASSERT_TRUE(shrunk) << "no life fails with a core that adds nobody";
    EXPECT_FALSE(shrunk->verdict.good());
    EXPECT_EQ(shrunk->verdict.signature(), run(shrunk->tape).signature());
    EXPECT_LE(shrunk->tape.episodes.size(), 8U) << text_of(shrunk->tape, "reduced");
    if (shrunk->minimal)
        for (std::size_t i = 0; i < shrunk->tape.episodes.size(); ++i) {
            Tape without = shrunk->tape;
            without.episodes.erase(without.episodes.begin() + static_cast<std::ptrdiff_t>(i));
            EXPECT_NE(shrunk->verdict.signature(), run(without).signature());
        }
    // Lived from their beginnings, the same lives lead to the same end.
    const auto slowly = shrink(tape, {.core = &adds_nobody, .checkpoints = {.most = 0}});
    ASSERT_TRUE(slowly);
    EXPECT_EQ(shrunk->tape, slowly->tape);
    EXPECT_EQ(shrunk->verdict.digest, slowly->verdict.digest);
    EXPECT_EQ(shrunk->lives, slowly->lives);
    EXPECT_GT(shrunk->spared, Span{});
    EXPECT_EQ(slowly->spared, Span{});
}

TEST(Shrink, ALifeThatDoesNotFailIsNotReduced) { EXPECT_FALSE(shrink(drawn(1), {})); }

std::vector<std::string> waived(const char* file) {
    std::vector<std::string> names;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
        if (!line.empty() && line.front() != '#') names.push_back(line.substr(0, line.find('\t')));
    return names;
}

TEST(Coverage, EveryRowAndEveryRareTruthIsMetByRandomLivesOrWaived) {
    if (std::getenv("QUORATE_LAW_CASES") != nullptr)
        GTEST_SKIP() << "too few lives in a short run to meet what is rare";
    const char* file = std::getenv("QUORATE_WAIVERS");
    ASSERT_NE(nullptr, file);
    const std::vector<std::string> names = waived(file);
    ASSERT_FALSE(names.empty()) << file;
    Coverage met;
    CoverageReport report = report_of(met, names);
    EXPECT_GT(report.never.size(), 100U) << "nothing was lived yet";
    // As many lives as it takes: what twelve thousand do not meet wants a fault or a waiver.
    for (std::uint64_t seed = 1; seed <= 12'000 && !report.never.empty(); ++seed) {
        met.merge(run_tape(drawn(seed)).coverage);
        if (seed % 200 == 0) report = report_of(met, names);
    }
    EXPECT_EQ(std::vector<std::string>{}, report.never);
}

TEST(Report, ABundleRunsAgainByItself) {
    const Tape tape = drawn(3);
    const std::string text = bundle(tape, tape, "0.0.0");
    EXPECT_LE(text.size(), bundle_bytes_max);
    std::string why;
    const auto again = parse_tape(text, why);
    ASSERT_TRUE(again) << why;
    EXPECT_EQ(run_tape(tape).digest, run_tape(*again).digest);
}

TEST(Report, TheFirstDifferenceOfTwoLivesIsShown) {
    EXPECT_EQ("", first_difference(drawn(5), drawn(5)));
    Tape other = drawn(5);
    other.episodes.clear();
    EXPECT_NE(std::string::npos, first_difference(drawn(5), other).find("A "));
}

}  // namespace
}  // namespace quorate::sim
