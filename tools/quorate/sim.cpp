#include "adapters/host/settings.hpp"
#include "core/base/limits.hpp"
#include "sim/run/run.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::uint64_t seed = 1;
    std::string until;
    std::uint32_t replicas = 0;
    bool trace = false;
};

Exit run(const Asked& asked) {
    sim::RunOptions options;
    options.seed = asked.seed;
    options.replicas = asked.replicas;
    options.trace = asked.trace;
    if (!asked.until.empty()) {
        const auto until = host::parse_span(asked.until);
        if (!until)
            return fail(Exit::usage,
                        "--until: \"" + asked.until + "\" is not a duration such as 300s or 10m");
        options.until = *until;
    }
    return static_cast<Exit>(sim::sim_run(options));
}

}  // namespace

void add_sim(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("sim", "simulated lives of a cluster");
    verb->require_subcommand(1);
    CLI::App* one = verb->add_subcommand("run", "one life with faults, from a seed");
    one->add_option("--seed", asked->seed, "the same seed, the same life")->required();
    one->add_option("--until", asked->until, "virtual time, such as 300s");
    one->add_option("--replicas", asked->replicas, "else drawn from the seed")
        ->check(CLI::Range(1U, limits::replicas_max));
    one->add_flag("--trace", asked->trace, "prints every event");
    one->callback([asked, &exit] { exit = run(*asked); });
}

}  // namespace quorate::cli
