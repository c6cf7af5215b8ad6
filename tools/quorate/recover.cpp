// quorate recover: the way out of a lost quorum. `plan` shows the best survivor and what may be
// lost; `apply` wants the token of exactly that plan.
#include <iostream>

#include "tools/quorate/agents.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/output.hpp"
#include "tools/quorate/render.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

using Json = nlohmann::json;

constexpr Span approve_deadline = seconds(10);

struct Asked {
    std::string dir = default_dir();
    std::string output = "text";
    std::string token;
};

// Who said it, as a person names the replica: its socket is nobody's concern.
Failure said_by(Ordinal ordinal, Failure failure) {
    failure.where = "replica " + std::to_string(ordinal.value);
    return failure;
}

// Every agent is asked until one answers; the last refusal is told.
template <class Ask>
auto first_of(const local::Layout& layout, const Ask& ask) {
    decltype(ask(std::declval<api::Client&>())) last =
        unavailable("no agent answers; see quorate status", layout.root());
    for (const Ordinal ordinal : reachable(layout)) {
        api::Client client(layout.socket(ordinal));
        auto answer = ask(client);
        if (answer) return answer;
        if (answer.error().kind == FailureKind::refused ||
            last.error().kind != FailureKind::refused)
            last = tl::unexpected(said_by(ordinal, std::move(answer.error())));
    }
    return last;
}

Exit exit_of(const Failure& failure) {
    return failure.kind == FailureKind::refused ? Exit::refused : Exit::unreachable;
}

Exit plan(const Asked& asked) {
    const local::Layout layout = home_at(asked.dir);
    if (auto runs = must_run(layout); !runs) return not_running(runs.error());
    const auto text =
        first_of(layout, [](api::Client& client) { return client.recover_plan(ask_deadline); });
    if (!text) return fail(exit_of(text.error()), text.error());
    const Json plan = Json::parse(*text, nullptr, false);
    if (!plan.is_object()) return fail(Exit::failed, "the agent's plan cannot be read");
    if (asked.output == "json")
        std::cout << plan.dump(2) << std::endl;
    else
        std::cout << render_recovery(plan, "quorate recover apply") << std::flush;
    return Exit::ok;
}

// All agents are told: any of them may be the one that carries it out, and it is done once.
Exit apply(const Asked& asked) {
    const local::Layout layout = home_at(asked.dir);
    if (auto runs = must_run(layout); !runs) return not_running(runs.error());
    bool accepted = false;
    std::optional<Failure> refusal;
    for (const Ordinal ordinal : reachable(layout)) {
        const auto done =
            api::Client(layout.socket(ordinal)).approve_recovery(asked.token, approve_deadline);
        if (done)
            accepted = true;
        else if (!refusal || done.error().kind == FailureKind::refused)
            refusal = said_by(ordinal, done.error());
    }
    if (!accepted)
        return refusal ? fail(exit_of(*refusal), *refusal)
                       : fail(Exit::unreachable, "no agent answers; see quorate status");
    std::cout << "approved; quorate wait --for steady tells when the cluster is whole" << std::endl;
    return Exit::ok;
}

}  // namespace

void add_recover(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("recover", "the way out of a lost quorum");
    verb->require_subcommand(1);
    CLI::App* planned = verb->add_subcommand("plan", "what would be done and may be lost");
    planned->add_option("--dir", asked->dir, "of the cluster")->capture_default_str();
    add_output(*planned, asked->output);
    planned->callback([asked, &exit] { exit = plan(*asked); });
    CLI::App* applied = verb->add_subcommand("apply", "does it");
    applied->add_option("--dir", asked->dir, "of the cluster")->capture_default_str();
    applied->add_option("--token", asked->token, "printed by plan")->required();
    applied->callback([asked, &exit] { exit = apply(*asked); });
}

}  // namespace quorate::cli
