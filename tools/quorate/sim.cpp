#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "adapters/host/settings.hpp"
#include "core/base/limits.hpp"
#include "core/rules/etcd_versions.hpp"
#include "sim/run/run.hpp"
#include "sim/script/script.hpp"
#include "sim/shrink/shrink.hpp"
#include "tools/quorate/swarm.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::uint64_t seed = 1;
    std::string until;
    std::string tape;
    std::string scenario;
    std::string etcd;
    std::string faults;
    std::uint32_t replicas = 0;
    bool trace = false;
    bool twice = false;
    std::string seeds;
    double minutes = 0;
    unsigned jobs = 1;
};

// "3.6" is the newest of that line that lives are simulated on.
std::optional<Version> simulated(const std::string& line) {
    const Version wanted = parse_version(line);
    std::optional<Version> found;
    for (const Version& one : sim::simulated_versions()) {
        const bool same_line = one.major == wanted.major && one.minor == wanted.minor;
        if (same_line && (wanted.patch == 0 || wanted.patch == one.patch)) found = one;
    }
    return found;
}

// nullopt: something asked for is none; what, was said.
std::optional<sim::RunOptions> options_of(const Asked& asked) {
    sim::RunOptions options;
    options.seed = asked.seed;
    options.replicas = asked.replicas;
    const auto no = [](const std::string& why) {
        fail(Exit::usage, why);
        return std::nullopt;
    };
    if (!asked.until.empty()) {
        const auto until = host::parse_span(asked.until);
        if (!until)
            return no("--until: \"" + asked.until + "\" is not a duration such as 300s or 10m");
        options.until = *until;
    }
    if (!asked.etcd.empty()) {
        options.version = simulated(asked.etcd);
        if (!options.version)
            return no("--etcd: \"" + asked.etcd + "\" is none of 3.4, 3.5, 3.6 and 3.7");
    }
    if (!asked.faults.empty()) {
        std::string unknown;
        const auto faults = sim::parse_faults(asked.faults, unknown);
        if (!faults)
            return no("--faults: \"" + unknown + "\" is no fault, no family and no id; such as " +
                      "wipe,network,N5");
        options.faults = *faults;
    }
    return options;
}

std::optional<std::string> text_in(const std::string& file) {
    std::ifstream in(file);
    if (!in) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), {});
}

// The life that was asked for: a seed's, or the one in a file. What is wrong was said.
std::optional<sim::Tape> tape_of(const Asked& asked) {
    if (asked.tape.empty()) {
        const auto options = options_of(asked);
        if (!options) return std::nullopt;
        return sim::draw_tape(*options);
    }
    const auto text = text_in(asked.tape);
    if (!text) {
        fail(Exit::usage, asked.tape + ": cannot be read");
        return std::nullopt;
    }
    std::string why;
    auto tape = sim::parse_tape(*text, why);
    if (!tape) fail(Exit::usage, asked.tape + ": " + why);
    return tape;
}

Exit run_scenario(const Asked& asked) {
    const auto text = text_in(asked.scenario);
    if (!text) return fail(Exit::usage, asked.scenario + ": cannot be read");
    const sim::ScriptOutcome outcome = sim::run_script(*text, asked.trace);
    std::cout << (outcome.good ? "PASS " : "FAIL ") << outcome.claim;
    if (!outcome.good) std::cout << "\n  " << outcome.failure;
    std::cout << std::endl;
    return outcome.good ? Exit::ok : static_cast<Exit>(outcome.exit_code);
}

Exit run(const Asked& asked) {
    if (!asked.scenario.empty()) return run_scenario(asked);
    const auto tape = tape_of(asked);
    if (!tape) return Exit::usage;
    return static_cast<Exit>(asked.twice ? sim::sim_check_determinism(*tape)
                                         : sim::sim_run(*tape, asked.trace));
}

Exit shrink(const Asked& asked) {
    const auto tape = tape_of(asked);
    if (!tape) return Exit::usage;
    const auto begin = std::chrono::steady_clock::now();
    const auto shrunk = sim::shrink(*tape, {});
    if (!shrunk) return fail(Exit::usage, "this life does not fail: there is nothing to reduce");
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << sim::text_of(shrunk->tape, sim::text_of(shrunk->verdict));
    std::cerr << shrunk->tape.episodes.size() << " episodes of " << tape->episodes.size()
              << " left, after " << shrunk->lives << " lives in " << took.count() << " s"
              << (shrunk->minimal ? "" : "; not minimal: the lives were used up") << std::endl;
    return Exit::ok;
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
    if (!life) return Exit::usage;
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
        of.add_option("--etcd", asked->etcd, "3.4, 3.5, 3.6 or 3.7; else drawn from the seed");
        of.add_option("--faults", asked->faults, "only these, such as wipe,network,N5");
    };
    const auto add_which = [&](CLI::App& of) {
        of.add_option("--seed", asked->seed, "the same seed, the same life");
        of.add_option("--tape", asked->tape, "the life in this file")->excludes("--seed");
        add_life(of);
    };
    CLI::App* one = verb->add_subcommand("run", "one life with faults: of a seed or in a file");
    add_which(*one);
    one->add_option("--scenario", asked->scenario, "a story with expectations instead")
        ->excludes("--seed", "--tape");
    one->add_flag("--trace", asked->trace, "prints every event");
    one->add_flag("--check-determinism", asked->twice, "lives it twice and compares the digests");
    one->callback([asked, &exit] { exit = run(*asked); });
    CLI::App* less = verb->add_subcommand("shrink", "reduces a failing life to what it takes");
    add_which(*less);
    less->callback([asked, &exit] { exit = shrink(*asked); });
    CLI::App* many = verb->add_subcommand("swarm", "many of them");
    many->add_option("--seeds", asked->seeds, "such as 1..20000");
    many->add_option("--minutes", asked->minutes, "or as many as fit");
    many->add_option("--jobs", asked->jobs, "threads")
        ->default_val(std::max(1U, std::thread::hardware_concurrency()))
        ->check(CLI::Range(1U, 256U));
    add_life(*many);
    many->callback([asked, &exit] { exit = swarm(*asked); });
}

}  // namespace quorate::cli
