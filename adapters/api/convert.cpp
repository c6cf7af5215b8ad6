#include "adapters/api/convert.hpp"

namespace quorate::api {

Decision to_wire(const Explained& explained) {
    Decision decision;
    decision.set_seq(explained.seq.value);
    decision.set_at_us(explained.at.us);
    decision.set_observation(explained.observation);
    decision.mutable_rules()->Assign(explained.rules.begin(), explained.rules.end());
    decision.set_reason(explained.reason);
    decision.mutable_commands()->Assign(explained.commands.begin(), explained.commands.end());
    return decision;
}

Explained from_wire(const Decision& decision) {
    return Explained{
        EventSeq{decision.seq()}, Instant{decision.at_us()},
        decision.observation(),   {decision.rules().begin(), decision.rules().end()},
        decision.reason(),        {decision.commands().begin(), decision.commands().end()}};
}

}  // namespace quorate::api
