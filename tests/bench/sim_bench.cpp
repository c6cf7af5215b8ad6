// How fast simulated time runs and what a world costs (simulator.md 5.4): whole lives with faults,
// every oracle, coverage, the agents' engines and all assertions. Seeds are fixed, so that two
// builds live the same lives.
//
// Everything is in CPU time, which a busy machine distorts less than time on the wall; and `x_bare`
// is the cost of an event over that of a bare kernel (push, pop, mix), measured in the same run,
// which another machine distorts less than anything else.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "sim/run/checkpoints.hpp"
#include "sim/run/course.hpp"
#include "sim/run/run.hpp"
#include "sim/shrink/shrink.hpp"
#include "tests/bench/heap.hpp"

namespace quorate::sim {
namespace {

constexpr double mebibyte = 1 << 20;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double seconds_of(Span span) { return static_cast<double>(span.us) / 1e6; }

// What is left of an event when nothing happens in it.
std::uint64_t bare_events(std::uint64_t count) {
    Kernel kernel(1);
    Happening what;
    for (std::uint8_t i = 0; i < 64; ++i) {
        what.target = i;
        kernel.schedule(microseconds(i), what);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        what = kernel.next();
        kernel.note(static_cast<std::uint64_t>(what.at.us) << 8 | what.target);
        const Span after = kernel.streams.between(what.target & 7U, Purpose::raft_delay,
                                                  microseconds(200), microseconds(3'000));
        kernel.schedule(after, what);
    }
    return kernel.digest;
}

double bare_event_seconds() {
    constexpr std::uint64_t count = 4'000'000;
    const double begin = cpu_seconds();
    benchmark::DoNotOptimize(bare_events(count));
    return (cpu_seconds() - begin) / count;
}

void bare_kernel(benchmark::State& loop) {
    constexpr std::int64_t count = 1'000'000;
    for (auto _ : loop)
        benchmark::DoNotOptimize(bare_events(count));
    loop.SetItemsProcessed(loop.iterations() * count);
}
BENCHMARK(bare_kernel)->Unit(benchmark::kMillisecond);

// Many lives of so many replicas.
struct Lived {
    double virtual_s = 0;
    double events = 0;
    double cpu_s = 0;
};

Lived lives(std::uint32_t replicas, Span until, std::uint64_t seeds) {
    Lived lived;
    const double begin = cpu_seconds();
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        RunOptions options;
        options.seed = seed;
        options.replicas = replicas;
        options.until = until;
        const RunVerdict verdict = run_seed(options);
        lived.virtual_s += seconds_of(verdict.virtual_time);
        lived.events += static_cast<double>(verdict.events);
    }
    lived.cpu_s = cpu_seconds() - begin;
    return lived;
}

// Floor 10,000 virtual seconds a second with three replicas, target 25,000; with seven 3,000 and
// 8,000. Events a second: floor 1.5 million, target 3 million.
void dilation(benchmark::State& loop) {
    Lived sum;
    const double bare = bare_event_seconds();
    for (auto _ : loop) {
        const Lived lived = lives(static_cast<std::uint32_t>(loop.range(0)), seconds(300), 40);
        sum.virtual_s += lived.virtual_s;
        sum.events += lived.events;
        sum.cpu_s += lived.cpu_s;
    }
    loop.counters["dilation"] = sum.virtual_s / sum.cpu_s;
    loop.counters["events/s"] = sum.events / sum.cpu_s;
    loop.counters["events/vs"] = sum.events / sum.virtual_s;
    loop.counters["x_bare"] = sum.cpu_s / sum.events / bare;
}
BENCHMARK(dilation)->Arg(3)->Arg(7)->Unit(benchmark::kMillisecond);

// 1,800 virtual seconds of faults, then peace until the cluster has settled; as lives of 2,400.
// On two cores: floor 25,000 an hour with three replicas, target 60,000; with seven 8,000 and
// 20,000. Lives share nothing: two cores live twice as many as one, but for the memory they share.
void long_lives(benchmark::State& loop) {
    Lived sum;
    for (auto _ : loop) {
        const Lived lived = lives(static_cast<std::uint32_t>(loop.range(0)), seconds(3'000), 4);
        sum.virtual_s += lived.virtual_s;
        sum.cpu_s += lived.cpu_s;
    }
    loop.counters["lives/h/core"] = sum.virtual_s / 2'400 / sum.cpu_s * 3'600;
}
BENCHMARK(long_lives)->Arg(3)->Arg(7)->Unit(benchmark::kMillisecond);

Config quiet_world(std::int64_t replicas) {
    Config config;
    config.desired.replicas = static_cast<std::uint32_t>(replicas);
    config.policy = quick_policy();
    return config;
}

// Resident: at most 8 MiB with seven replicas, target 1 MiB. Journals are kept whole, so that S17
// can fold them: a world grows with what was decided in it.
void world_bytes(benchmark::State& loop) {
    double born = 0;
    double formed = 0;
    double old = 0;
    for (auto _ : loop) {
        const std::int64_t before = bench::heap.bytes;
        const auto mib = [&] { return static_cast<double>(bench::heap.bytes - before) / mebibyte; };
        World world(quiet_world(loop.range(0)));
        born = mib() + sizeof(World) / mebibyte;
        world.run_for(seconds(60));
        formed = mib() + sizeof(World) / mebibyte;
        world.run_for(seconds(2'340));
        old = mib() + sizeof(World) / mebibyte;
    }
    loop.counters["MiB_born"] = born;
    loop.counters["MiB_after_60s"] = formed;
    loop.counters["MiB_after_2400s"] = old;
}
BENCHMARK(world_bytes)->Arg(3)->Arg(7)->Unit(benchmark::kMillisecond);

// The most that whole lives with faults ever held, oracles and verdict included.
void life_bytes(benchmark::State& loop) {
    std::int64_t most = 0;
    for (auto _ : loop) {
        const std::int64_t before = bench::heap.bytes;
        bench::heap.bytes_most = before;
        lives(static_cast<std::uint32_t>(loop.range(0)), seconds(300), 20);
        most = std::max(most, bench::heap.bytes_most - before);
    }
    loop.counters["MiB_most"] = static_cast<double>(most) / mebibyte;
}
BENCHMARK(life_bytes)->Arg(3)->Arg(7)->Unit(benchmark::kMillisecond);

// After a minute, in which a cluster forms and everything has grown to its size.
void allocations(benchmark::State& loop) {
    World world(quiet_world(loop.range(0)));
    world.run_for(seconds(60));
    const std::int64_t before = bench::heap.allocations;
    const std::uint64_t events = world.kernel.events;
    for (auto _ : loop)
        world.run_for(seconds(60));
    loop.counters["allocations/event"] = static_cast<double>(bench::heap.allocations - before) /
                                         static_cast<double>(world.kernel.events - events);
}
BENCHMARK(allocations)->Arg(3)->Arg(7)->Iterations(20)->Unit(benchmark::kMillisecond);

// A copy of a world in the middle of faults, as a checkpoint holds it. Simulator.md 3.1 hoped for
// 256 KiB in 30 us, of a world without journals.
void copying(benchmark::State& loop) {
    RunOptions options;
    options.seed = 3;
    options.replicas = static_cast<std::uint32_t>(loop.range(0));
    options.until = seconds(500);
    Course life(draw_tape(options), {});
    while (life.at() < seconds(240) && life.go_on()) {
    }
    std::int64_t bytes = 0;
    std::int64_t blocks = 0;
    for (auto _ : loop) {
        const std::int64_t bytes_before = bench::heap.bytes;
        const std::int64_t blocks_before = bench::heap.allocations;
        const World copy(life.world());
        benchmark::DoNotOptimize(copy.kernel.digest);
        bytes = bench::heap.bytes - bytes_before;
        blocks = bench::heap.allocations - blocks_before;
    }
    loop.counters["KiB"] = (static_cast<double>(bytes) + sizeof(World)) / 1024;
    loop.counters["KiB_estimated"] =
        static_cast<double>(life.world().bytes_held() + sizeof(World)) / 1024;
    loop.counters["allocations"] = static_cast<double>(blocks);
}
BENCHMARK(copying)->Arg(3)->Arg(7)->Unit(benchmark::kMicrosecond);

// What whole lives cost that keep a copy each so many seconds.
void checkpointed_lives(benchmark::State& loop) {
    for (auto _ : loop)
        for (std::uint64_t seed = 1; seed <= 40; ++seed) {
            Checkpoints kept({.every = seconds(loop.range(0))});
            RunOptions options;
            options.seed = seed;
            const RunVerdict verdict = run_tape(draw_tape(options), {.checkpoints = &kept});
            benchmark::DoNotOptimize(verdict.digest);
        }
}
BENCHMARK(checkpointed_lives)->Arg(3'600)->Arg(60)->Arg(10)->Unit(benchmark::kMillisecond);

// A core that never adds anybody.
Step adds_nobody(State state, const Event& event) {
    Step result = step(std::move(state), event);
    std::erase_if(result.decision.commands, [](const Command& command) {
        return std::holds_alternative<AddLearner>(command.body);
    });
    return result;
}
// Failing lives of so many seconds, reduced with a checkpoint each so many; 0: each candidate is
// lived from its beginning. What is never spared is their end, in which it is seen whether they
// settle.
void reducing(benchmark::State& loop) {
    double lives = 0;
    double spared = 0;
    for (auto _ : loop)
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            RunOptions options;
            options.seed = seed;
            options.until = seconds(loop.range(0));
            ShrinkOptions how{.lives_max = 300, .core = &adds_nobody};
            how.checkpoints.every = seconds(std::max<std::int64_t>(loop.range(1), 1));
            if (loop.range(1) == 0) how.checkpoints.most = 0;
            const auto shrunk = shrink(draw_tape(options), how);
            if (!shrunk) continue;
            lives += static_cast<double>(shrunk->lives);
            spared += seconds_of(shrunk->spared);
        }
    loop.counters["lives"] = lives;
    loop.counters["spared_vs"] = spared;
}
BENCHMARK(reducing)
    ->ArgsProduct({{300, 3'000}, {0, 60, 20}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// From a tape to the first event. `sim run` starts in 50 ms at most, target 15 ms: this, and what
// `program` takes.
void first_event(benchmark::State& loop) {
    for (auto _ : loop) {
        World world(config_of(draw_tape(RunOptions{})));
        world.run_for(Span{});
        benchmark::DoNotOptimize(world.kernel.events);
    }
}
BENCHMARK(first_event)->Unit(benchmark::kMicrosecond);

double children_seconds() {
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

// The built program up to where it has read what it was asked for: a tape that is not there.
void program(benchmark::State& loop) {
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
    std::string quorate = self.parent_path().parent_path().parent_path() / "tools/quorate/quorate";
    if (::access(quorate.c_str(), X_OK) != 0) return loop.SkipWithError("quorate is not built");
    std::string words[] = {quorate, "sim", "run", "--tape", "/nowhere"};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(),
                    words[3].data(), words[4].data(), nullptr};
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    for (auto _ : loop) {
        const double begin = children_seconds();
        pid_t child = 0;
        int status = 0;
        if (::posix_spawn(&child, argv[0], &quiet, nullptr, argv, environ) != 0 ||
            ::waitpid(child, &status, 0) != child)
            return loop.SkipWithError("quorate cannot be started");
        loop.SetIterationTime(children_seconds() - begin);
    }
    posix_spawn_file_actions_destroy(&quiet);
}
BENCHMARK(program)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quorate::sim

BENCHMARK_MAIN();
