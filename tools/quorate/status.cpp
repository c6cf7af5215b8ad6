#include <iostream>

#include "adapters/local/desired.hpp"
#include "tools/quorate/agents.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/output.hpp"
#include "tools/quorate/render.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::string dir = default_dir();
    std::string output = "text";
    bool own = false;
};

// Whoever asks from afar has a deadline of its own, and would take a slow agent for a silent one.
constexpr Span own_deadline = seconds(10);

// What the agents here say, as they say it: a list of adapters/host/status.hpp's. Whoever asks the
// agents of several pods merges them (kubectl quorate).
Exit own(const local::Layout& layout) {
    const std::vector<nlohmann::json> answers = ask_status(layout, own_deadline);
    if (answers.empty())
        return fail(Exit::unreachable,
                    layout.root().string() +
                        ": no agent answers; it may have only just started, or be busy");
    std::cout << nlohmann::json(answers).dump() << std::endl;
    return Exit::ok;
}

Exit status(const Asked& asked) {
    const local::Layout layout = home_at(asked.dir);
    if (auto runs = must_run(layout); !runs) return not_running(runs.error());
    if (asked.own) return own(layout);
    const nlohmann::json status = cluster_status(layout);
    if (asked.output == "json") {
        std::cout << status.dump(2) << std::endl;
        return Exit::ok;
    }
    std::cout << render_status(status, Colour::none);
    const nlohmann::json& last = status["last_decision"];
    if (!last.is_null())
        std::cout << "last decision: replica " << last["replica"] << " #" << last["event"] << "  "
                  << last["reason"].get<std::string>() << "\n";
    std::cout << std::flush;
    // The agents go on with what they read last.
    if (const auto desired = local::read_desired(layout.desired()); !desired)
        warn(text_of(desired.error()));
    return Exit::ok;
}

}  // namespace

void add_status(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("status", "members, roles, lag, the last decision");
    verb->add_option("--dir", asked->dir, "of the cluster")->capture_default_str();
    verb->add_flag("--own", asked->own,
                   "what the agents here say, each for itself, as JSON; nobody else is asked");
    add_output(*verb, asked->output);
    verb->callback([asked, &exit] { exit = status(*asked); });
}

}  // namespace quorate::cli
