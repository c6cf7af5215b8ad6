#include "adapters/host/explained_of.hpp"

#include "core/explain.hpp"

namespace quorate::host {

api::Explained explained_of(const Event& event, const Decision& decision) {
    api::Explained text;
    text.seq = event.seq;
    text.at = event.at;
    text.observation = explain(event.observation);
    for (const RuleHit& hit : decision.hits)
        text.rules.push_back(rule_name(hit.rule));
    text.reason = explain(decision);
    for (const Command& command : decision.commands)
        text.commands.push_back("#" + std::to_string(command.id.value) + " " + explain(command));
    return text;
}

}  // namespace quorate::host
