// Every fault of a list at every edge of every command of every reference (simulator.md 3.4, 4.4):
// enumerated, so that "the agent died right there" needs no seed that happens to do it. Of the
// references in scenarios/reference each is one short life; boundary_waivers.txt says which fault
// cannot befall which of them, and why.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>

#include "sim/enumerate/enumerate.hpp"
#include "tests/scenario/scenarios.hpp"

namespace quorate::sim {
namespace {

// Not set by sanitizers: there one life costs as much as twenty.
bool short_run() { return std::getenv("QUORATE_LAW_CASES") != nullptr; }

Reference reference(const std::string& name) {
    std::string why;
    auto one = reference_of(name, text_of_scenario("reference/" + name + ".scn"), why);
    EXPECT_TRUE(one) << name << ": " << why;
    return one.value_or(Reference{});
}

std::vector<std::string> all_references() {
    std::vector<std::string> names;
    for (const std::string& file : all_scenarios())
        if (file.rfind("reference/", 0) == 0) names.push_back(file.substr(10, file.size() - 14));
    if (short_run()) return {"forming-one", "wiped-follower"};
    return names;
}

std::vector<BoundaryWaiver> waivers() {
    const char* file = std::getenv("QUORATE_BOUNDARY_WAIVERS");
    EXPECT_NE(nullptr, file);
    std::ifstream in(file == nullptr ? "" : file);
    std::stringstream text;
    text << in.rdbuf();
    return boundary_waivers(text.str());
}

class EveryBoundary : public testing::TestWithParam<std::string> {};

std::string case_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    for (char& c : name)
        if (c == '-') c = '_';
    return name;
}

TEST_P(EveryBoundary, BearsEveryFault) {
    const EnumerateReport report = enumerate({reference(GetParam())}, {});
    std::cout << text_of(report) << "\n" << cells_text(report);
    EXPECT_GT(report.boundaries, 0U);
    for (const BoundaryFailure& failure : report.failures)
        ADD_FAILURE() << text_of(failure);
    EXPECT_EQ(std::vector<std::string>{}, unmet(report, waivers()));
}

INSTANTIATE_TEST_SUITE_P(Of, EveryBoundary, testing::ValuesIn(all_references()), case_name);

// Too many lives for every day: meson.build gives them a test of their own.
class EveryPairOfBoundaries : public testing::TestWithParam<std::string> {};

TEST_P(EveryPairOfBoundaries, BearsEveryPairOfFaults) {
    EnumerateOptions options;
    options.faults = pair_faults();
    options.pairs = true;
    const EnumerateReport report = enumerate({reference(GetParam())}, options);
    std::cout << text_of(report) << "\n" << cells_text(report);
    for (const BoundaryFailure& failure : report.failures)
        ADD_FAILURE() << text_of(failure);
    EXPECT_EQ(std::vector<std::string>{}, unmet(report, waivers()));
}

INSTANTIATE_TEST_SUITE_P(Of, EveryPairOfBoundaries, testing::ValuesIn(all_references()), case_name);

// What the enumeration claims of itself.

// Boundary x fault is 100 %: what has no case of its own shares the commit of one that has, or
// names its reason.
TEST(Enumeration, LeavesNoBoundaryOut) {
    const Reference told = reference("shrinking-three-to-one");
    for (const BoundaryFault& fault : boundary_faults()) {
        std::set<std::uint32_t> met;
        for (const BoundaryCase& one : cases_of(told, fault))
            met.insert(one.command);
        for (const Released& command : boundaries_of(told)) {
            if (met.count(static_cast<std::uint32_t>(command.number)) > 0) continue;
            const bool exits = std::holds_alternative<ExitAgent>(command.command.body);
            const bool nobody_leads = fault.at(told, command).empty();
            EXPECT_TRUE(exits || nobody_leads) << fault.name << " at command " << command.number
                                               << " " << name_of(command.command.body);
        }
    }
}

TEST(Enumeration, ACommandIsNumberedAsTheLifeReleasesIt) {
    const Reference told = reference("forming-three");
    std::vector<std::uint64_t> numbers;
    for (const Released& command : told.commands)
        numbers.push_back(command.number);
    ASSERT_GT(numbers.size(), 20U);
    for (std::size_t i = 0; i < numbers.size(); ++i)
        EXPECT_EQ(i + 1, numbers[i]);
}

// The first of this name at or after `from`.
Released first(const Reference& told, const std::string& name) {
    for (const Released& command : boundaries_of(told))
        if (name == name_of(command.command.body)) return command;
    ADD_FAILURE() << "no " << name << " in " << told.name;
    return {};
}

Tape with(const Reference& told, const Released& at, Edge edge, Fault fault) {
    Tape tape = told.tape;
    Episode episode;
    episode.fault = fault;
    episode.one = fault == Fault::lose_answer || fault == Fault::lose_request ? 0 : at.agent;
    episode.command = static_cast<std::uint32_t>(at.number);
    episode.edge = edge;
    tape.episodes.insert(tape.episodes.begin(), episode);
    return tape;
}

// The world at the instant when a fault has fallen there.
std::unique_ptr<World> struck(const Reference& told, const Released& at, Edge edge, Fault fault) {
    const Tape tape = with(told, at, edge, fault);
    auto world = std::make_unique<World>(config_of(tape));
    const Instant begin = world->kernel.now;
    for (const Episode& episode : tape.episodes) {
        if (episode.command != 0) {
            world->faults.plan(episode);
            continue;
        }
        world->run_until(begin + episode.at);
        world->faults.begin(episode);
    }
    while (world->faults.counts()[static_cast<std::size_t>(fault)].asked == 0 &&
           world->kernel.now < begin + tape.faults_end)
        world->run_for(microseconds(10));
    return world;
}

std::size_t records(const World& world, std::uint8_t o) {
    return world.volumes[o].journal.records.size();
}

// Some member has committed that it is added.
bool is_added(const World& world, Ordinal joiner) {
    for (std::uint8_t o = 0; o < World::size; ++o) {
        const EtcdData* data = world.cluster.data(o);
        for (std::uint64_t i = 0; data != nullptr && i < data->commit; ++i)
            if (data->log[i].kind == EntryKind::add_learner && data->log[i].ordinal == joiner.value)
                return true;
    }
    return false;
}

TEST(Edges, LieBetweenCommitEffectAndAnswer) {
    const Reference told = reference("wiped-follower");
    const Released add = first(told, "AddLearner");
    const Ordinal joiner = std::get<AddLearner>(add.command.body).ordinal;
    const auto at = [&](Edge edge) { return struck(told, add, edge, Fault::kill_agent); };
    const auto before_commit = at(Edge::before_commit);
    const auto after_commit = at(Edge::after_commit);
    EXPECT_EQ(records(*before_commit, add.agent) + 1, records(*after_commit, add.agent));
    EXPECT_FALSE(is_added(*after_commit, joiner));
    EXPECT_FALSE(is_added(*at(Edge::in_flight), joiner));
    const auto after_effect = at(Edge::after_effect);
    EXPECT_TRUE(is_added(*after_effect, joiner));
    EXPECT_NE(nullptr, after_effect->agents[add.agent]->state().in_flight.find(add.command.id))
        << "nobody was told";
}

// All that a later instant can depend on, but for what chance has in store.
std::vector<std::uint64_t> picture(const World& world) {
    std::vector<std::uint64_t> all = {world.store.fence().value};
    if (world.store.record) all.push_back(world.store.record->revision.value);
    for (std::uint8_t o = 0; o < World::size; ++o) {
        const EtcdData* data = world.cluster.data(o);
        all.push_back(world.agents[o]->alive());
        all.push_back(records(world, o));
        all.push_back(static_cast<std::uint64_t>(world.cluster.process(o).life));
        all.push_back(data == nullptr ? 0 : data->log.size());
        all.push_back(data == nullptr ? 0 : data->commit);
        all.push_back(world.volumes[o].set_aside.size());
    }
    return all;
}

// Why these edges are not enumerated twice.
TEST(Edges, NothingPassesBetweenCommitAndRelease) {
    const Reference told = reference("wiped-follower");
    for (const Released& at : boundaries_of(told)) {
        if (!at.opens) continue;
        const auto look = [&](Edge edge, Fault fault) {
            return picture(*struck(told, at, edge, fault));
        };
        const auto there = look(Edge::after_release, Fault::kill_etcd);
        EXPECT_EQ(there, look(Edge::before_commit, Fault::kill_etcd)) << at.number;
        EXPECT_EQ(look(Edge::after_release, Fault::kill_agent),
                  look(Edge::after_commit, Fault::kill_agent))
            << at.number;
        EXPECT_NE(there, look(Edge::after_commit, Fault::kill_agent)) << at.number;
    }
}

TEST(Edges, ALostRequestIsNotCarriedOutALostAnswerIs) {
    const Reference told = reference("wiped-follower");
    const Released remove = first(told, "RemoveMember");
    const auto removals = [&](Fault fault) {
        return run_tape(with(told, remove, Edge::after_release, fault)).counts.removals;
    };
    EXPECT_EQ(told.verdict.counts.removals, removals(Fault::lose_answer));
    EXPECT_EQ(told.verdict.counts.removals, removals(Fault::lose_request))
        << "asked once more, and then carried out";
    const RunVerdict lost = run_tape(with(told, remove, Edge::after_release, Fault::lose_request));
    EXPECT_GT(lost.decisions, told.verdict.decisions);
}

// The enumeration bites: a core that takes every answer that is lost for a success.
Step believes_in_silence(State state, const Event& event) {
    Event told = event;
    if (auto* ended = std::get_if<CommandEnded>(&told.observation))
        if (std::holds_alternative<Unknown>(ended->outcome)) ended->outcome = Done{};
    return step(std::move(state), told);
}

TEST(Enumeration, FindsAMistakeThatIsAtOneBoundaryOnly) {
    const Reference told = reference("wiped-follower");
    EnumerateOptions options;
    options.run = [](const Tape& tape) {
        return run_tape(tape, {.stop = Stop::at_the_first_violation, .core = &believes_in_silence});
    };
    options.faults = {boundary_fault("request-lost")};
    const EnumerateReport report = enumerate({told}, options);
    ASSERT_FALSE(report.failures.empty());
    EXPECT_NE(0, report.exit_code());
    EXPECT_LT(report.failures.size(), report.lives);
    EXPECT_TRUE(options.run(told.tape).good()) << "the reference alone does not show it";
    // What it prints is that life.
    const std::string text = text_of(report.failures.front());
    std::string why;
    const auto again = parse_tape(text.substr(text.find("\nclaim ") + 1), why);
    ASSERT_TRUE(again) << why;
    EXPECT_EQ(report.failures.front().verdict.digest, options.run(*again).digest);
}

TEST(Enumeration, AFaultThatNeverAppliesIsNamed) {
    EnumerateReport report;
    report.cells.resize(2);
    report.cells[0].reference = report.cells[1].reference = "growing";
    report.cells[0].fault = "agent-dies";
    report.cells[1].fault = "answer-lost";
    report.cells[1].took = 3;
    EXPECT_EQ(std::vector<std::string>{"agent-dies in growing never applies"}, unmet(report, {}));
    EXPECT_EQ(std::vector<std::string>{"answer-lost in growing applies, and is waived"},
              unmet(report,
                    boundary_waivers("# why\ngrowing\tagent-dies\tx\ngrowing\tanswer-lost\ty\n")));
}

}  // namespace
}  // namespace quorate::sim
