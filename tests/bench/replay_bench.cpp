// What durability costs an event besides the disk: its bytes, its decision's, the digest of the
// state; and how fast a journal is decided again.
#include <benchmark/benchmark.h>

#include "replay/replay.hpp"
#include "tests/property/core_life.hpp"
#include "tests/support/memory_journal.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

test::MemoryJournal lived(std::uint32_t events) {
    test::MemoryJournal journal;
    journal.take(test::Life::birth(0, 3, 77));
    const test::Life life(test::World::helpful);
    for (std::uint32_t i = 1; i < events; ++i)
        journal.take(life.next(journal.state, i));
    return journal;
}

void encode_event(benchmark::State& loop) {
    const Event event{EventSeq{4711}, test::now,
                      ReplicaProbed{Ordinal{1}, test::serving_status(1)}};
    for (auto _ : loop)
        benchmark::DoNotOptimize(wire::encode(event));
    loop.counters["bytes"] = static_cast<double>(wire::encode(event).size());
}
BENCHMARK(encode_event);

void decode_event(benchmark::State& loop) {
    const std::string bytes = wire::encode(
        Event{EventSeq{4711}, test::now, ReplicaProbed{Ordinal{1}, test::serving_status(1)}});
    for (auto _ : loop)
        benchmark::DoNotOptimize(wire::decode_event(bytes));
}
BENCHMARK(decode_event);

void encode_state(benchmark::State& loop) {
    const State state = lived(2000).state;
    for (auto _ : loop)
        benchmark::DoNotOptimize(wire::encode(state));
    loop.counters["bytes"] = static_cast<double>(wire::encode(state).size());
}
BENCHMARK(encode_state);

void digest_of_state(benchmark::State& loop) {
    const State state = lived(2000).state;
    for (auto _ : loop)
        benchmark::DoNotOptimize(wire::digest(state));
}
BENCHMARK(digest_of_state);

void replay_a_journal(benchmark::State& loop) {
    const test::MemoryJournal journal = lived(2000);
    for (auto _ : loop)
        if (!replay::replay(journal).agrees()) loop.SkipWithError("the replay does not agree");
    loop.SetItemsProcessed(loop.iterations() * static_cast<std::int64_t>(journal.records.size()));
}
BENCHMARK(replay_a_journal);

}  // namespace
}  // namespace quorate

BENCHMARK_MAIN();
