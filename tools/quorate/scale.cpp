#include "adapters/local/desired.hpp"
#include "tools/quorate/await.hpp"
#include "tools/quorate/checks.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/setup.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::string dir = default_dir();
    std::int64_t replicas = 0;
    bool wait = false;
    std::string timeout = "5m";
};

// Ports of replicas that are new; those that were there may still be on their way out.
Result<void> check_new_ports(const local::Layout& layout, const Desired& before,
                             std::uint32_t replicas) {
    auto setup = read_setup(layout.setup());
    if (!setup) return tl::unexpected(setup.error());
    std::error_code error;
    for (std::uint32_t i = before.replicas; i < replicas; ++i)
        if (*setup && !std::filesystem::exists(layout.agent_pid(Ordinal{i}), error))
            if (auto free = check_ports_of(**setup, Ordinal{i}); !free) return free;
    return {};
}

Exit scale(const Asked& asked) {
    if (auto fine = check_replicas(asked.replicas); !fine) return fail(Exit::usage, fine.error());
    const auto timeout = duration_of("--timeout", asked.timeout);
    if (!timeout) return Exit::usage;
    const local::Layout layout = home_at(asked.dir);
    if (auto machine = must_not_be_in_a_pod(layout, "use kubectl scale statefulset"); !machine)
        return fail(Exit::usage, machine.error());
    if (auto runs = must_run(layout); !runs) return not_running(runs.error());
    auto before = local::read_desired(layout.desired());
    if (!before) return fail(Exit::failed, before.error());
    Desired desired = before->value_or(Desired{});
    const auto replicas = static_cast<std::uint32_t>(asked.replicas);
    if (auto free = check_new_ports(layout, desired, replicas); !free)
        return fail(Exit::usage, free.error());
    desired.replicas = replicas;
    if (auto written = local::write_desired(layout.desired(), desired); !written)
        return fail(Exit::failed, written.error());
    if (replicas > 0 && replicas % 2 == 0)
        warn(std::to_string(replicas) + " replicas survive no more failures than " +
             std::to_string(replicas - 1) + "; an odd number is better");
    if (!asked.wait) return Exit::ok;
    return await(layout, {replicas == 0 ? "paused" : "steady", replicas}, *timeout);
}

}  // namespace

void add_scale(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("scale", "sets the desired replicas; 0 pauses");
    verb->add_option("replicas", asked->replicas, "0 to 9")->required();
    verb->add_flag("--wait", asked->wait, "until the cluster is steady with that many");
    verb->add_option("--timeout", asked->timeout, "of --wait")->capture_default_str();
    verb->add_option("--dir", asked->dir, "of the cluster")->capture_default_str();
    verb->callback([asked, &exit] { exit = scale(*asked); });
}

}  // namespace quorate::cli
