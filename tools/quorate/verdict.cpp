#include "tools/quorate/verdict.hpp"

#include <cinttypes>
#include <cstdio>

#include "tools/quorate/commit.hpp"

namespace quorate::cli {
namespace {

constexpr double year_s = 365.25 * 24 * 3600;

double seconds_of(Span span) { return static_cast<double>(span.us) / 1e6; }

std::uint64_t per_second(std::uint64_t events, double seconds) {
    return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(events) / seconds) : 0;
}

// "FAIL safety S5 seed=17"
std::string outcome_of(const sim::RunVerdict& verdict) {
    const std::string broken = verdict.broken();
    return sim::name_of(verdict.ending) + (broken.empty() ? "" : " " + broken) +
           " seed=" + std::to_string(verdict.seed);
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

}  // namespace

std::string verdict_line(const sim::RunVerdict& verdict, double seconds, std::size_t new_cells) {
    return outcome_of(verdict) + " commit=" + commit() +
           formatted(" virtual=%.0fs events=%" PRIu64 " events/s=%" PRIu64 " digest=%016" PRIx64
                     " new_cells=%zu",
                     seconds_of(verdict.virtual_time), verdict.events,
                     per_second(verdict.events, seconds), verdict.digest, new_cells);
}

std::string verdict_line(const SwarmReport& report, double seconds) {
    const sim::RunVerdict* gravest = report.gravest();
    return (gravest == nullptr ? "PASS" : outcome_of(*gravest)) +
           formatted(" seeds=%" PRIu64 " failed=%zu parked=%" PRIu64 " commit=%s", report.lives,
                     report.failures.size(), report.parked, commit()) +
           formatted(" virtual=%.3fy events=%" PRIu64 " events/s=%" PRIu64 " digest=%016" PRIx64
                     " new_cells=%zu",
                     seconds_of(report.virtual_time) / year_s, report.events,
                     per_second(report.events, seconds), report.digest, report.coverage.cells());
}

std::string details_of(const sim::RunVerdict& verdict) {
    std::string text =
        formatted("faults=%" PRIu64 " writes=%" PRIu64 " settled=%.0fs\n", verdict.faults,
                  verdict.acknowledged, seconds_of(verdict.settled_after));
    if (!verdict.what.empty()) text += verdict.what + "\n";
    for (const Violation& violation : verdict.violations)
        text += "  " + violation.id + " " + violation.what + "\n";
    return text;
}

std::string progress_line(const SwarmReport& so_far, double seconds, std::size_t new_cells) {
    return formatted("%" PRIu64 " seeds, %.4f virtual years, %" PRIu64
                     " events/s, %zu new cells, %zu failed",
                     so_far.lives, seconds_of(so_far.virtual_time) / year_s,
                     per_second(so_far.events, seconds), new_cells, so_far.failures.size());
}

}  // namespace quorate::cli
