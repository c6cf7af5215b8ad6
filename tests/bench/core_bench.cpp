// What one event costs: a turn of one machine, a whole step on a busy state, the planner, a copy of
// the state, and one event through the engine.
#include <benchmark/benchmark.h>

#include "core/engine/engine.hpp"
#include "core/machines/member.hpp"
#include "core/machines/repair.hpp"
#include "core/rules/membership_plan.hpp"
#include "core/step.hpp"
#include "core/wire/digest.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

// Holds authority over five replicas and removes one.
State busy() {
    State state = test::state(0, 5);
    state.facts.desired->replicas = 4;
    state.cluster.phase = ClusterPhase::shrinking;
    state.repair.phase = RepairPhase::fencing;
    state.repair.ordinal = Ordinal{4};
    state.repair.member_id = test::member_id(4);
    state.probed = {Ordinal{0}, Ordinal{1}, Ordinal{2}, Ordinal{3}, Ordinal{4}};
    return state;
}

Event probed(const State& state, Observation observation) {
    return {EventSeq{state.seq.value + 1}, state.now + milliseconds(10), std::move(observation)};
}

void turn_without_effect(benchmark::State& loop) {
    const State state = test::state();
    for (auto _ : loop)
        benchmark::DoNotOptimize(turn_member(state, test::member_id(1), signal::quiet{}));
}
BENCHMARK(turn_without_effect);

void turn_with_guard_and_command(benchmark::State& loop) {
    const State state = busy();
    for (auto _ : loop)
        benchmark::DoNotOptimize(turn_repair(state, signal::leads_not{}));
}
BENCHMARK(turn_with_guard_and_command);

void plan(benchmark::State& loop) {
    PlanView view;
    view.desired = 5;
    view.version = Version{3, 6, 11};
    for (std::uint32_t i = 0; i < 7; ++i) {
        PlannedMember member;
        member.id = test::member_id(i);
        member.ordinal = Ordinal{i};
        member.leader = i == 6;
        member.health = i == 3 ? MemberHealth::quiet : MemberHealth::serving;
        view.members.push_back(member);
    }
    for (auto _ : loop)
        benchmark::DoNotOptimize(plan_membership(view));
}
BENCHMARK(plan);

void copy_state(benchmark::State& loop) {
    const State state = busy();
    for (auto _ : loop) {
        State copy = state;
        benchmark::DoNotOptimize(copy);
    }
}
BENCHMARK(copy_state);

// The heartbeat of an idle cluster: nothing is decided.
void step_that_decides_nothing(benchmark::State& loop) {
    const State state = test::state(1, 5);
    const Event event = probed(state, ReplicaProbed{Ordinal{2}, test::serving_status(2)});
    for (auto _ : loop)
        benchmark::DoNotOptimize(step(state, event));
}
BENCHMARK(step_that_decides_nothing);

void step_that_removes_a_member(benchmark::State& loop) {
    const State state = busy();
    const Event event = probed(state, ReplicaProbed{Ordinal{2}, test::serving_status(2)});
    if (step(state, event).decision.commands.empty()) loop.SkipWithError("nothing was removed");
    for (auto _ : loop)
        benchmark::DoNotOptimize(step(state, event));
}
BENCHMARK(step_that_removes_a_member);

// What the engine adds to a step: a state that stays as it was until the record is durable.
class Nowhere final : public JournalPort, public OutboxPort, public ClockPort {
  public:
    Durable commit(std::span<const Record> records) override {
        benchmark::DoNotOptimize(records.data());
        return Durable::yes;
    }
    void release(std::span<const Command> commands) override {
        benchmark::DoNotOptimize(commands.data());
    }
    Instant now() override { return now_ = now_ + milliseconds(1); }

  private:
    Instant now_ = test::now;
};

void engine_that_decides_nothing(benchmark::State& loop) {
    Nowhere nowhere;
    Engine engine({nowhere, nowhere, nowhere}, test::state(1, 5),
                  {.digest = [](const State& state) { return state.seq.value; }});
    for (auto _ : loop) {
        Observation probe = ReplicaProbed{Ordinal{2}, test::serving_status(2)};
        if (engine.take({&probe, 1}) == Durable::no) loop.SkipWithError("refused");
    }
}
BENCHMARK(engine_that_decides_nothing);

void digest_of_state(benchmark::State& loop) {
    const State state = busy();
    for (auto _ : loop)
        benchmark::DoNotOptimize(wire::digest(state));
}
BENCHMARK(digest_of_state);

}  // namespace
}  // namespace quorate

BENCHMARK_MAIN();
