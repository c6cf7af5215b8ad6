// kubectl quorate explain: what the agents of all pods saw, decided and did, out of their journals,
// and then why the cluster is parked and what to do next.
#include <algorithm>
#include <iostream>

#include "core/base/limits.hpp"
#include "tools/quorate/kubectl/picture.hpp"
#include "tools/quorate/kubectl/verbs.hpp"
#include "tools/quorate/render.hpp"

namespace quorate::cli::kubectl {
namespace {

struct Question {
    Asked asked;
    std::optional<std::uint32_t> replica;
    std::optional<std::uint64_t> event;
    std::uint32_t last = 20;
};

Words command_of(const Question& question) {
    Words words{"quorate", "explain", "--output", "json"};
    if (question.event)
        words.insert(words.end(), {"--event", std::to_string(*question.event)});
    else
        words.insert(words.end(), {"--last", std::to_string(question.last)});
    return words;
}

api::Explained explained_in(const Json& json) {
    api::Explained one;
    one.seq = EventSeq{json.value("event", std::uint64_t{0})};
    one.at = Instant{json.value("at_us", std::int64_t{0})};
    one.observation = json.value("observation", "");
    one.rules = json.value("rules", std::vector<std::string>{});
    one.reason = json.value("reason", "");
    one.commands = json.value("commands", std::vector<std::string>{});
    return one;
}

// Oldest first, the last of all replicas together.
std::vector<Json> last_of(const std::vector<Heard>& heard, const Question& question) {
    std::vector<Json> all;
    for (const Heard& one : heard) {
        if (!one.said) continue;
        for (Json decision : Json::parse(*one.said, nullptr, false)) {
            if (!decision.is_object()) continue;
            decision["replica"] = one.pod.ordinal.value;
            all.push_back(std::move(decision));
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Json& a, const Json& b) { return a["at_us"] < b["at_us"]; });
    if (all.size() > question.last)
        all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(question.last));
    return all;
}

std::vector<Heard> ask(const Cluster& cluster, const Question& question) {
    if (!question.replica) return cluster.exec_everywhere(command_of(question));
    for (const Pod& pod : cluster.pods())
        if (pod.ordinal.value == *question.replica)
            return {{pod, cluster.exec(pod, command_of(question))}};
    return {};
}

Exit explain(const Question& question) {
    if (question.event && !question.replica)
        return fail(Exit::usage,
                    "--event: every replica numbers its own events; name one with --replica");
    const auto cluster = Cluster::find(question.asked);
    if (!cluster) return cluster.error();
    const auto heard = ask(*cluster, question);
    if (heard.empty() && question.replica)
        return fail(Exit::usage, "--replica: " + cluster->name() + " has no replica " +
                                     std::to_string(*question.replica));
    const bool any = std::any_of(heard.begin(), heard.end(),
                                 [](const Heard& one) { return one.said.has_value(); });
    const std::vector<Json> decisions = last_of(heard, question);
    if (!printed(question.asked, decisions)) {
        for (const Json& one : decisions)
            std::cout << render_whole(explained_in(one), Ordinal{one["replica"]});
        if (!question.event) {
            const Json picture = picture_of(
                cluster->statefulset(), cluster->exec_everywhere({"quorate", "status", "--own"}),
                cluster->spoken());
            std::cout << render_verdict(picture, cluster->spoken());
        }
        std::cout << std::flush;
    }
    for (const Heard& one : heard)
        if (!one.said) warn(silence_of(one, cluster->spoken()));
    return any || heard.empty() ? Exit::ok : Exit::unreachable;
}

}  // namespace

void add_explain(CLI::App& app, Exit& exit) {
    auto question = std::make_shared<Question>();
    CLI::App* verb = app.add_subcommand("explain", "what was seen, decided and done, and why");
    add_target(*verb, question->asked);
    add_formats(*verb, question->asked, Formats::machine);
    auto* last = verb->add_option("--last", question->last, "how many decisions");
    last->capture_default_str()->check(CLI::Range(1, 100'000));
    verb->add_option("--event", question->event, "only this one, of --replica")->excludes(last);
    verb->add_option("--replica", question->replica, "only of this one")
        ->check(CLI::Range(0U, limits::replicas_max - 1));
    verb->callback([question, &exit] { exit = explain(*question); });
}

}  // namespace quorate::cli::kubectl
