#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

#include "adapters/host/settings.hpp"
#include "core/base/limits.hpp"
#include "sim/run/run.hpp"
#include "tools/quorate/swarm.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::uint64_t seed = 1;
    std::string until;
    std::uint32_t replicas = 0;
    bool trace = false;
    bool twice = false;
    std::string seeds;
    double minutes = 0;
    unsigned jobs = 1;
};

std::optional<sim::RunOptions> options_of(const Asked& asked) {
    sim::RunOptions options;
    options.seed = asked.seed;
    options.replicas = asked.replicas;
    options.trace = asked.trace;
    if (asked.until.empty()) return options;
    const auto until = host::parse_span(asked.until);
    if (!until) return std::nullopt;
    options.until = *until;
    return options;
}

Exit no_duration(const std::string& text) {
    return fail(Exit::usage, "--until: \"" + text + "\" is not a duration such as 300s or 10m");
}

Exit run(const Asked& asked) {
    const auto options = options_of(asked);
    if (!options) return no_duration(asked.until);
    return static_cast<Exit>(asked.twice ? sim::sim_check_determinism(*options)
                                         : sim::sim_run(*options));
}

std::atomic<bool> stop = false;

// A line a second, where somebody looks.
class Progress {
  public:
    void operator()(const SwarmReport& report, const sim::RunVerdict& verdict) {
        if (!verdict.good()) std::cout << sim::text_of(verdict) << std::endl;
        const auto now = Clock::now();
        if (now < shown_ + std::chrono::seconds(1)) return;
        shown_ = now;
        const std::chrono::duration<double> took = now - begin_;
        std::cerr << report.lives << " seeds, " << report.failures.size() << " failed, "
                  << static_cast<std::uint64_t>(static_cast<double>(report.events) / took.count())
                  << " events/s" << std::endl;
    }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point shown_ = begin_;
};

Exit swarm(const Asked& asked) {
    const auto life = options_of(asked);
    if (!life) return no_duration(asked.until);
    SwarmOptions options;
    options.life = *life;
    options.jobs = asked.jobs;
    if (!asked.seeds.empty()) {
        const auto seeds = parse_seeds(asked.seeds);
        if (!seeds)
            return fail(Exit::usage,
                        "--seeds: \"" + asked.seeds + "\" is not a range such as 1..20000");
        options.first = seeds->first;
        options.last = seeds->second;
    } else if (asked.minutes <= 0) {
        return fail(Exit::usage, "say how many: --seeds A..B or --minutes M");
    }
    // What was found until then is kept.
    std::signal(SIGINT, [](int) { stop = true; });
    const auto begin = std::chrono::steady_clock::now();
    Progress progress;
    const SwarmReport report =
        run_swarm(options, stop, [&](const SwarmReport& so_far, const sim::RunVerdict& verdict) {
            progress(so_far, verdict);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            if (asked.minutes > 0 && took.count() >= asked.minutes * 60) stop = true;
        });
    std::cout << text_of(report) << std::endl;
    return static_cast<Exit>(report.exit_code());
}

}  // namespace

void add_sim(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("sim", "simulated lives of a cluster");
    verb->require_subcommand(1);
    const auto add_life = [&](CLI::App& of) {
        of.add_option("--until", asked->until, "virtual time, such as 300s");
        of.add_option("--replicas", asked->replicas, "else drawn from the seed")
            ->check(CLI::Range(1U, limits::replicas_max));
    };
    CLI::App* one = verb->add_subcommand("run", "one life with faults, from a seed");
    one->add_option("--seed", asked->seed, "the same seed, the same life")->required();
    add_life(*one);
    one->add_flag("--trace", asked->trace, "prints every event");
    one->add_flag("--check-determinism", asked->twice, "lives it twice and compares the digests");
    one->callback([asked, &exit] { exit = run(*asked); });
    CLI::App* many = verb->add_subcommand("swarm", "many of them");
    many->add_option("--seeds", asked->seeds, "such as 1..20000");
    many->add_option("--minutes", asked->minutes, "or as many as fit");
    many->add_option("--jobs", asked->jobs, "threads")
        ->default_val(std::max(1U, std::thread::hardware_concurrency()))
        ->check(CLI::Range(1U, 256U));
    add_life(*many);
    many->callback([asked, &exit] { exit = swarm(*asked); });
    add_sim_xv(*verb, exit);
}

}  // namespace quorate::cli
