// How fast simulated time runs: whole lives with faults, oracles and the agents' engines, counted
// in events of the kernel. Seeds are fixed, so that two builds live the same lives.
#include <benchmark/benchmark.h>

#include "sim/run/run.hpp"

namespace quorate::sim {
namespace {

void life(benchmark::State& loop) {
    std::int64_t events = 0;
    for (auto _ : loop)
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            RunOptions options;
            options.seed = seed;
            events += static_cast<std::int64_t>(run_seed(options).events);
        }
    loop.SetItemsProcessed(events);
}
BENCHMARK(life)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quorate::sim

BENCHMARK_MAIN();
