#include "tools/quorate/xv.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "core/rules/etcd_versions.hpp"
#include "sim/xv/model.hpp"
#include "tools/xv/real.hpp"

namespace quorate::cli {
namespace {

constexpr unsigned plays_most = 8;  // of one scenario, until one says something

namespace fs = std::filesystem;
using sim::xv::Played;
using sim::xv::Scenario;
using sim::xv::Trace;
using sim::xv::Yield;

constexpr int exit_discrepancy = 15;

std::string text_in(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// The observing step at which two traces part.
std::string difference(const Scenario& scenario, const Trace& real, const Yield& yield) {
    std::size_t furthest = 0;
    std::set<std::string> instead;
    for (const Trace& trace : yield.traces) {
        const auto parted = std::mismatch(real.begin(), real.end(), trace.begin(), trace.end());
        const auto at = static_cast<std::size_t>(parted.first - real.begin());
        if (at < furthest) continue;
        if (at > furthest) instead.clear();
        furthest = at;
        if (parted.second != trace.end()) instead.insert(*parted.second);
    }
    std::string where = "the end";
    std::size_t index = 0;
    for (const sim::xv::Step& step : scenario.steps)
        if (step.observes() && index++ == furthest)
            where = "line " + std::to_string(step.line) + ": " + step.text();
    std::string text =
        where + ": real \"" + (furthest < real.size() ? real[furthest] : "") + "\", model";
    for (const std::string& one : instead)
        text += " \"" + one + "\"";
    return text;
}

class Job {
  public:
    Job(const Scenario& scenario, const xv::Release& release, const XvOptions& options)
        : scenario_(scenario), release_(release), options_(options) {
        result_.file = scenario.name;
        result_.version = release.version;
        if (const auto* exempt = scenario.exempt(release.version))
            result_.real_only = exempt->reason;
    }

    XvResult done() {
        if (!scenario_.fault.empty()) return failed(scenario_.fault);
        if (options_.model_only) return model_alone();
        for (unsigned n = 0; n < options_.times && result_.good(); ++n)
            once();
        return result_;
    }

  private:
    XvResult failed(const std::string& why) {
        if (result_.trouble.empty()) result_.trouble = why;
        return result_;
    }

    sim::xv::Told told(const char* side) const {
        if (!options_.trace) return {};
        return [side, name = scenario_.name](const std::string& line) {
            std::cerr << name + " " + side + ": " + line + "\n";
        };
    }

    // Of real elections nobody knows how many there will be: what needs a number of them is played
    // until it has had it. A busy machine may leave an answer away; an etcd that gives none at all
    // gives none in all these plays.
    Played play_until_it_counts() const {
        for (unsigned plays = 1;; ++plays) {
            Played played = xv::play_real(
                scenario_, release_, options_.keep ? xv::Files::stay : xv::Files::go, told("real"));
            const bool unanswered =
                !options_.rewrite && played.fault.empty() &&
                sim::xv::went_unanswered(scenario_, release_.version, played.trace);
            if ((!played.is_void && !unanswered) || plays == plays_most) return played;
        }
    }

    void once() {
        const Played played = play_until_it_counts();
        if (!played.fault.empty()) return void(failed("real etcd: " + played.fault));
        result_.seen.push_back(played.trace);
        if (!options_.rewrite) {
            const std::string other =
                sim::xv::contradiction(scenario_, release_.version, played.trace);
            if (!other.empty()) return void(failed("real etcd: " + other));
        }
        if (!result_.real_only.empty()) return;
        const Yield yield = sim::xv::outcomes_until(
            scenario_, release_.version, [&](const Trace& trace) { return trace == played.trace; });
        result_.yield = yield.traces.size();
        result_.seeds = yield.seeds;
        if (!yield.fault.empty()) return void(failed("model: " + yield.fault));
        if (!yield.found) failed("model: " + difference(scenario_, played.trace, yield));
    }

    XvResult model_alone() {
        if (options_.trace && result_.real_only.empty())
            (void)sim::xv::play_model(scenario_, release_.version, 1, told("model"));
        const std::string other = sim::xv::model_contradiction(scenario_, release_.version);
        return other.empty() ? result_ : failed("model: " + other);
    }

    const Scenario& scenario_;
    const xv::Release& release_;
    const XvOptions& options_;
    XvResult result_;
};

void rewrite(const XvOptions& options, const XvReport& report) {
    std::map<std::string, std::vector<sim::xv::Seen>> seen;
    for (const XvResult& result : report.results)
        for (const Trace& trace : result.seen)
            seen[result.file].push_back({result.version, trace});
    for (const fs::path& path : options.files) {
        const auto of = seen.find(path.stem());
        if (of == seen.end()) continue;
        const std::string text = sim::xv::rewritten(text_in(path), of->second);
        std::ofstream(path) << text;
    }
}

}  // namespace

std::size_t XvReport::failed() const {
    return static_cast<std::size_t>(std::count_if(results.begin(), results.end(),
                                                  [](const XvResult& one) { return !one.good(); }));
}

int XvReport::exit_code() const { return failed() == 0 ? 0 : exit_discrepancy; }

XvReport run_xv(const XvOptions& options, const std::atomic<bool>& stop, const XvTold& told) {
    std::vector<Scenario> scenarios;
    for (const fs::path& path : options.files)
        scenarios.push_back(sim::xv::parse(path.stem(), text_in(path)));
    XvReport report;
    std::mutex mutex;
    std::atomic<std::size_t> next = 0;
    const std::size_t all = scenarios.size() * options.releases.size();
    const auto work = [&] {
        for (std::size_t n = next++; n < all && !stop; n = next++) {
            Job job(scenarios[n / options.releases.size()],
                    options.releases[n % options.releases.size()], options);
            const XvResult result = job.done();
            const std::lock_guard lock(mutex);
            report.results.push_back(result);
            told(result);
        }
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < options.jobs; ++i)
        others.emplace_back(work);
    work();
    for (std::thread& other : others)
        other.join();
    if (options.rewrite) rewrite(options, report);
    return report;
}

std::string text_of(const XvResult& result) {
    std::string text =
        (result.good() ? "PASS " : "FAIL ") + to_text(result.version) + " " + result.file;
    if (!result.good()) return text + ": " + result.trouble;
    if (!result.real_only.empty()) return text + " (real only: " + result.real_only + ")";
    if (result.yield > 1)
        text += " (" + std::to_string(result.yield) + " outcomes of the model in " +
                std::to_string(result.seeds) + " orders of races)";
    return text;
}

std::string text_of(const XvReport& report) {
    const auto real_only =
        std::count_if(report.results.begin(), report.results.end(),
                      [](const XvResult& one) { return !one.real_only.empty(); });
    return std::string(report.failed() == 0 && !report.results.empty() ? "PASS " : "FAIL ") +
           std::to_string(report.results.size()) + " runs, " + std::to_string(report.failed()) +
           " failed, " + std::to_string(real_only) + " on real etcd only";
}

}  // namespace quorate::cli
