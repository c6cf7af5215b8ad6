// quorate upgrade: another etcd under the running agents, one replica after the other, the highest
// first, each only while all serve. Whether an etcd may start on a volume is for its agent to say;
// one that is refused gets its former etcd back, so that a refusal costs a restart and nothing
// else.
#include <signal.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <thread>

#include "adapters/host/settings.hpp"
#include "adapters/local/desired.hpp"
#include "adapters/process/pid_file.hpp"
#include "core/rules/etcd_versions.hpp"
#include "tools/quorate/agents.hpp"
#include "tools/quorate/await.hpp"
#include "tools/quorate/etcd_binary.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/setup.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

using Json = nlohmann::json;

constexpr auto look_period = std::chrono::milliseconds(200);

struct Asked {
    std::string dir = default_dir();
    std::string etcd;
    std::optional<std::uint32_t> replica;
    std::string timeout = "5m";
};

struct Upgrade {
    local::Layout layout;
    EtcdBinary etcd;
    Span timeout;
};

pid_t agent_of(const local::Layout& layout, Ordinal ordinal) {
    const auto agent = process::read_pid_file(layout.agent_pid(ordinal));
    return agent && process::identify(agent->pid) == *agent ? agent->pid : 0;
}

// What this agent says of itself; null while it does not answer.
Json answer_of(const local::Layout& layout, Ordinal ordinal) {
    for (Json& answer : ask_status(layout))
        if (answer["self"]["ordinal"] == ordinal.value) return std::move(answer);
    return nullptr;
}

bool serves(const local::Layout& layout, Ordinal ordinal) {
    const Json answer = answer_of(layout, ordinal);
    return answer.is_object() && answer["self"]["ready"] == true;
}

Result<void> set_etcd(const local::Layout& layout, const std::function<void(Setup&)>& change) {
    auto setup = read_setup(layout.setup());
    if (!setup) return tl::unexpected(setup.error());
    if (!*setup) return refused("is gone; run quorate up again", layout.setup());
    change(**setup);
    return write_setup(layout.setup(), **setup);
}

enum class Came { serves, parked, not_yet };
struct Outcome {
    Came came = Came::not_yet;
    std::string why;
};

// How the agent that follows `before` fares.
Outcome look(const Upgrade& upgrade, Ordinal ordinal, pid_t before) {
    const pid_t now = agent_of(upgrade.layout, ordinal);
    if (now == 0 || now == before) return {};
    const Json answer = answer_of(upgrade.layout, ordinal);
    if (!answer.is_object() || answer["self"]["agent_pid"] != now) return {};
    const Json& parked = answer["view"]["parked"];
    if (parked.is_object() && parked["replica"] == ordinal.value)
        return {Came::parked, parked["reason"].get<std::string>() +
                                  "; next step: " + parked["next_step"].get<std::string>()};
    if (answer["self"]["ready"] != true) return {};
    return {Came::serves, {}};
}

// Ends the agent; `up` starts it again, and it asks anew what to run.
Outcome restart(const Upgrade& upgrade, Ordinal ordinal) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(upgrade.timeout.us);
    const pid_t before = agent_of(upgrade.layout, ordinal);
    if (before > 1) ::kill(before, SIGTERM);
    for (;;) {
        Outcome outcome = look(upgrade, ordinal, before);
        if (outcome.came != Came::not_yet) return outcome;
        if (std::chrono::steady_clock::now() >= deadline)
            return {Came::not_yet, "it does not serve after " + host::to_text(upgrade.timeout) +
                                       "; see quorate status and " +
                                       upgrade.layout.etcd_log(ordinal).string()};
        std::this_thread::sleep_for(look_period);  // what an agent does comes with no event
    }
}

Exit one(const Upgrade& upgrade, Ordinal ordinal) {
    const std::string name = "replica " + std::to_string(ordinal.value);
    auto setup = read_setup(upgrade.layout.setup());
    if (!setup || !*setup) return fail(Exit::failed, upgrade.layout.setup().string() + " is gone");
    const std::filesystem::path former = etcd_of(**setup, ordinal);
    const auto runs = [&](const std::filesystem::path& etcd) {
        return set_etcd(upgrade.layout, [&](Setup& to) { to.etcd_of[ordinal.value] = etcd; });
    };
    if (auto written = runs(upgrade.etcd.path); !written)
        return fail(Exit::failed, written.error());
    const Outcome outcome = restart(upgrade, ordinal);
    if (outcome.came == Came::serves) {
        std::cout << name << " serves with etcd " << to_text(upgrade.etcd.version) << std::endl;
        return Exit::ok;
    }
    if (auto written = runs(former); !written) return fail(Exit::failed, written.error());
    const Outcome back = restart(upgrade, ordinal);
    const std::string state = back.came == Came::serves ? "it serves with its former etcd again"
                                                        : "with its former etcd: " + back.why;
    return fail(outcome.came == Came::parked ? Exit::refused : Exit::timed_out,
                name + " does not run " + upgrade.etcd.path.string() + ": " + outcome.why + " (" +
                    state + ")");
}

// From the highest, as a StatefulSet does; with one replica in each pause.
Exit all(const Upgrade& upgrade, std::uint32_t replicas) {
    for (std::uint32_t i = replicas; i-- > 0;) {
        const Exit steady = await(upgrade.layout, {"steady", replicas}, upgrade.timeout);
        if (steady != Exit::ok) return steady;
        if (const Exit done = one(upgrade, Ordinal{i}); done != Exit::ok) return done;
    }
    const auto written = set_etcd(upgrade.layout, [&](Setup& setup) {
        setup.etcd = upgrade.etcd.path;
        setup.etcd_of.clear();
    });
    return written ? Exit::ok : fail(Exit::failed, written.error());
}

// One that does not serve gets its etcd back, or another, whatever the others do.
Exit only(const Upgrade& upgrade, std::uint32_t replicas, Ordinal ordinal) {
    if (serves(upgrade.layout, ordinal)) {
        const Exit steady = await(upgrade.layout, {"steady", replicas}, upgrade.timeout);
        if (steady != Exit::ok) return steady;
    }
    return one(upgrade, ordinal);
}

Exit upgrade(const Asked& asked) {
    const auto timeout = duration_of("--timeout", asked.timeout);
    if (!timeout) return Exit::usage;
    const local::Layout layout = home_at(asked.dir);
    if (auto machine = must_not_be_in_a_pod(layout, "use helm upgrade with another image");
        !machine)
        return fail(Exit::usage, machine.error());
    if (auto runs = must_run(layout); !runs) return not_running(runs.error());
    const auto etcd = find_etcd(asked.etcd);
    if (!etcd) return fail(Exit::usage, etcd.error());
    const auto desired = local::read_desired(layout.desired());
    if (!desired || !*desired)
        return fail(Exit::failed, layout.desired().string() + " cannot be read");
    const std::uint32_t replicas = (*desired)->replicas;
    if (asked.replica && *asked.replica >= replicas)
        return fail(Exit::usage, "--replica: " + std::to_string(*asked.replica) +
                                     " is no replica; " + std::to_string(replicas) +
                                     " are desired");
    const Upgrade upgrade{layout, *etcd, *timeout};
    return asked.replica ? only(upgrade, replicas, Ordinal{*asked.replica})
                         : all(upgrade, replicas);
}

}  // namespace

void add_upgrade(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb =
        app.add_subcommand("upgrade", "another etcd under the running agents, one after the other");
    verb->add_option("--etcd", asked->etcd, "the etcd to run from now on")->required();
    verb->add_option("--replica", asked->replica, "this one only");
    verb->add_option("--timeout", asked->timeout, "of each step")->capture_default_str();
    verb->add_option("--dir", asked->dir, "of the cluster")->capture_default_str();
    verb->callback([asked, &exit] { exit = upgrade(*asked); });
}

}  // namespace quorate::cli
