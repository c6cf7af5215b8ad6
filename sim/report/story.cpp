#include "sim/report/story.hpp"

#include <cstdio>

#include "core/explain.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {

void Story::said(const World& world, const std::string& line) {
    char at[32];
    std::snprintf(at, sizeof at, "%9.3f  ", static_cast<double>(world.kernel.now.us) / 1e6);
    into_ += at + line + "\n";
}

void Story::decided(const World& world, std::uint8_t o, const Event& event,
                    const Decision& decision) {
    std::string line = "r" + std::to_string(int{o}) + " " + name_of(event.observation) + ": " +
                       explain(event.observation);
    for (const RuleHit& hit : decision.hits)
        line += "\n             " + rule_name(hit.rule) + " " + explain(hit) +
                (hit.verdict == Verdict::taken ? "" : " NOT TAKEN");
    for (const Command& command : decision.commands)
        if (!std::holds_alternative<WakeAt>(command.body))
            line += "\n             -> #" + std::to_string(command.id.value) + " " +
                    name_of(command.body) + ": " + explain(command);
    if (!decision.hits.empty() || !decision.commands.empty()) said(world, line);
}

}  // namespace quorate::sim
