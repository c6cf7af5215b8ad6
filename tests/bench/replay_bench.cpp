// What durability costs an event besides the disk: its bytes, its decision's, the digest of the
// state; and how fast a journal is decided again (simulator.md 5.4: floor 100,000 events a second
// on one core, target 1 million).
#include <benchmark/benchmark.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/step.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "core/wire/frame.hpp"
#include "core/wire/state.hpp"
#include "replay/replay.hpp"
#include "sim/run/run.hpp"
#include "sim/world/onlooker.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

// A journal of one agent, read as an exported file is: every frame by its checksum and its chain.
class Journal final : public replay::Source {
  public:
    // What does not continue it is of a journal that began anew after this one was lost.
    void take(const Event& event) {
        if (event.seq.value != state_.seq.value + 1) return;
        Step step = quorate::step(std::move(state_), event);
        state_ = std::move(step.next);
        const std::string entry = wire::encode_entry(
            {wire::encode(event), wire::encode(step.decision), wire::digest(state_)});
        frames_ += wire::frame(event.seq, chain_, entry);
        chain_ = wire::chain_value(chain_, event.seq, entry);
    }

    const State& state() const { return state_; }
    std::uint64_t events() const { return state_.seq.value; }
    std::size_t bytes() const { return frames_.size(); }

    const std::optional<replay::Snapshot>& snapshot() const override { return snapshot_; }
    std::string for_each(const Visit& visit) const override {
        wire::ChainReader reader;
        for (std::string_view rest = frames_; !rest.empty();) {
            const auto frame = reader.next(rest.substr(0, wire::frame_size(rest).value_or(0)));
            if (const auto* error = std::get_if<wire::FrameError>(&frame)) return error->what;
            const auto& record = std::get<wire::Unframed>(frame);
            visit(record.seq, record.payload);
            rest.remove_prefix(wire::kFrameHeaderSize + record.payload.size());
        }
        return {};
    }

  private:
    State state_;
    wire::ChainValue chain_ = wire::kChainStart;
    std::string frames_;
    std::optional<replay::Snapshot> snapshot_;
};

// Writes down what the agents of a simulated world decide.
class Scribe final : public sim::Onlooker {
  public:
    void said(const sim::World&, const std::string&) override {}
    void decided(const sim::World&, std::uint8_t o, const Event& event, const Decision&) override {
        journals[o].take(event);
    }
    void happened(const sim::World&, const sim::Happening&) override {}

    std::array<Journal, sim::World::size> journals;
};

// Of all agents of some lives with every fault: what is looked at after an incident.
std::vector<Journal> lived_through_incidents() {
    std::vector<Journal> journals;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        Scribe scribe;
        sim::RunOptions options;
        options.seed = seed;
        options.replicas = 3;
        run_tape(draw_tape(options), {.onlooker = &scribe});
        for (Journal& journal : scribe.journals)
            if (journal.events() > 0) journals.push_back(std::move(journal));
    }
    return journals;
}

// Of three agents of a cluster that forms and then has nothing to do for a day.
std::vector<Journal> lived_idle() {
    Scribe scribe;
    sim::Config config;
    config.onlooker = &scribe;
    sim::World world(config);
    world.run_for(minutes(24 * 60));
    return {std::make_move_iterator(scribe.journals.begin()),
            std::make_move_iterator(scribe.journals.begin() + 3)};
}

const std::vector<Journal>& incidents() {
    static const std::vector<Journal> journals = lived_through_incidents();
    return journals;
}
const std::vector<Journal>& idle() {
    static const std::vector<Journal> journals = lived_idle();
    return journals;
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
    const State state = idle().front().state();
    for (auto _ : loop)
        benchmark::DoNotOptimize(wire::encode(state));
    loop.counters["bytes"] = static_cast<double>(wire::encode(state).size());
}
BENCHMARK(encode_state);

void digest_of_state(benchmark::State& loop) {
    const State state = idle().front().state();
    for (auto _ : loop)
        benchmark::DoNotOptimize(wire::digest(state));
}
BENCHMARK(digest_of_state);

// One core (simulator.md 5.4): floor 100,000 events a second, target 1 million. Of the instructions
// that an event of an incident takes, the digest of the state is 45 %, its decision 25 %, reading
// the event 20 %, writing the decision 7 %.
void replay_all(benchmark::State& loop, const std::vector<Journal>& journals) {
    double events = 0;
    double bytes = 0;
    for (const Journal& journal : journals) {
        events += static_cast<double>(journal.events());
        bytes += static_cast<double>(journal.bytes());
    }
    for (auto _ : loop)
        for (const Journal& journal : journals)
            if (!replay::replay(journal).agrees()) loop.SkipWithError("the replay does not agree");
    const auto times = static_cast<double>(loop.iterations());
    loop.counters["events/s"] = {times * events, benchmark::Counter::kIsRate};
    loop.counters["events"] = events;
    loop.counters["bytes/event"] = bytes / events;
}

void replay_incidents(benchmark::State& loop) { replay_all(loop, incidents()); }
BENCHMARK(replay_incidents)->Unit(benchmark::kMillisecond);

void replay_idle(benchmark::State& loop) { replay_all(loop, idle()); }
BENCHMARK(replay_idle)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quorate

BENCHMARK_MAIN();
