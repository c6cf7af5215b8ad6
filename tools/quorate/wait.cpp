#include "tools/quorate/await.hpp"
#include "tools/quorate/checks.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::string dir = default_dir();
    std::string state;
    std::optional<std::int64_t> replicas;
    std::string timeout = "60s";
};

Exit wait(const Asked& asked) {
    const auto timeout = duration_of("--timeout", asked.timeout);
    if (!timeout) return Exit::usage;
    if (asked.state != "steady" && asked.state != "quorum-lost" && asked.state != "parked")
        return fail(Exit::usage,
                    "--for: \"" + asked.state + "\" is not steady, quorum-lost or parked");
    Awaited awaited{asked.state, std::nullopt};
    if (asked.replicas) {
        if (auto fine = check_replicas(*asked.replicas); !fine)
            return fail(Exit::usage, fine.error());
        awaited.replicas = static_cast<std::uint32_t>(*asked.replicas);
    }
    const local::Layout layout = home_at(asked.dir);
    if (auto runs = must_run(layout); !runs) return not_running(runs.error());
    return await(layout, awaited, *timeout);
}

}  // namespace

void add_wait(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("wait", "waits for a state of the cluster");
    verb->add_option("--for", asked->state, "steady, quorum-lost or parked")->required();
    verb->add_option("--replicas", asked->replicas, "and that many are desired");
    verb->add_option("--timeout", asked->timeout, "such as 60s or 5m")->capture_default_str();
    verb->add_option("--dir", asked->dir, "of the cluster")->capture_default_str();
    verb->callback([asked, &exit] { exit = wait(*asked); });
}

}  // namespace quorate::cli
