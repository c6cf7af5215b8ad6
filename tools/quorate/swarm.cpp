#include "tools/quorate/swarm.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <thread>

#include "core/base/mix.hpp"
#include "sim/run/twice.hpp"
#include "tools/quorate/crash.hpp"

namespace quorate::cli {
namespace {

using sim::RunVerdict;

void add(SwarmReport& report, const RunVerdict& verdict) {
    ++report.lives;
    report.events += verdict.events;
    report.virtual_time.us += verdict.virtual_time.us;
    // A sum does not ask which thread was faster.
    report.digest += mix(verdict.seed, verdict.digest);
    sim::add(report.counts, verdict.counts);
    for (std::size_t i = 0; i < report.injected.size(); ++i) {
        report.injected[i].asked += verdict.injected[i].asked;
        report.injected[i].took += verdict.injected[i].took;
        report.injected[i].felt += verdict.injected[i].felt;
    }
    report.coverage.merge(verdict.coverage);
    if (verdict.ending == sim::Ending::parked) ++report.parked;
    if (verdict.good()) return;
    const auto place =
        std::upper_bound(report.failures.begin(), report.failures.end(), verdict,
                         [](const RunVerdict& a, const RunVerdict& b) { return a.seed < b.seed; });
    report.failures.insert(place, verdict);
}

std::optional<std::uint64_t> number_in(const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_seeds(const std::string& text) {
    const std::size_t dots = text.find("..");
    if (dots == std::string::npos) return std::nullopt;
    const auto first = number_in(text.substr(0, dots));
    const auto last = number_in(text.substr(dots + 2));
    if (!first || !last || *last < *first) return std::nullopt;
    return std::pair(*first, *last);
}

const RunVerdict* SwarmReport::gravest() const {
    const auto worst = std::min_element(
        failures.begin(), failures.end(),
        [](const RunVerdict& a, const RunVerdict& b) { return a.exit_code() < b.exit_code(); });
    return worst == failures.end() ? nullptr : &*worst;
}

int SwarmReport::exit_code() const { return gravest() == nullptr ? 0 : gravest()->exit_code(); }

SwarmReport run_swarm(const SwarmOptions& options, const std::atomic<bool>& stop,
                      const std::function<void(const SwarmReport&, const RunVerdict&)>& told) {
    SwarmReport report;
    std::mutex mutex;
    std::uint64_t next = options.first;
    bool used_up = false;
    const auto draw = [&]() -> std::optional<std::uint64_t> {
        const std::lock_guard lock(mutex);
        if (stop || used_up) return std::nullopt;
        used_up = next == options.last;
        return next++;
    };
    const auto live = [&] {
        while (const auto seed = draw()) {
            sim::RunOptions life = options.life;
            life.seed = *seed;
            expect_crash_of(*seed);
            const sim::Tape tape = sim::draw_tape(life);
            const RunVerdict verdict =
                sim::is_lived_twice(*seed) ? sim::run_twice(tape) : sim::run_tape(tape);
            const std::lock_guard lock(mutex);
            add(report, verdict);
            told(report, verdict);
        }
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < options.jobs; ++i)
        others.emplace_back(live);
    live();
    for (std::thread& other : others)
        other.join();
    return report;
}

std::string text_of(const SwarmReport& report) {
    std::string text;
    for (const sim::OracleCounter& counter : sim::oracle_counters) {
        const std::uint64_t count = report.counts.*counter.place;
        text += "  " + std::to_string(count) + "  " + counter.name;
        text += count == 0 ? "  <- never: this oracle has proven nothing\n" : "\n";
    }
    return text + "  " + std::to_string(report.coverage.cells()) + "  cells met\n";
}

}  // namespace quorate::cli
