#include "adapters/peer/letter.hpp"

#include <sys/random.h>

#include "core/base/limits.hpp"

namespace quorate::peer {
namespace {

std::uint64_t fresh_number() {
    std::uint64_t number = 0;
    while (::getrandom(&number, sizeof number, 0) != sizeof number || number == 0)
        continue;
    return number;
}

}  // namespace

std::string agent_name(Ordinal ordinal) {
    return "agent-" + std::to_string(ordinal.value) + ".quorate";
}

std::optional<Ordinal> agent_named(const std::vector<std::string>& names) {
    std::optional<Ordinal> found;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i)
        for (const std::string& name : names) {
            if (name != agent_name(Ordinal{i})) continue;
            if (found && *found != Ordinal{i}) return std::nullopt;
            found = Ordinal{i};
        }
    return found;
}

const char* name_of(Doubt doubt) {
    switch (doubt) {
        case Doubt::other_authority:
            return "other-authority";
        case Doubt::expired:
            return "expired";
        case Doubt::stranger:
            return "stranger";
        case Doubt::other_sender:
            return "other-sender";
        case Doubt::other_addressee:
            return "other-addressee";
        case Doubt::other_lineage:
            return "other-lineage";
        case Doubt::replayed:
            return "replayed";
    }
    return "?";
}

const char* meaning_of(Doubt doubt) {
    switch (doubt) {
        case Doubt::other_authority:
            return "the certificate is not signed by this cluster's authority; give both agents "
                   "the files of one pki, and look who it is if they have them";
        case Doubt::expired:
            return "the certificate is not valid at this time; renew it (quorate up does when it "
                   "starts), or set the clock right";
        case Doubt::stranger:
            return "the certificate is this cluster's and no agent's; an agent needs the "
                   "agent-N.crt of its own replica";
        case Doubt::other_sender:
            return "it speaks for another replica than its certificate names; give each agent the "
                   "agent-N.crt of its own replica";
        case Doubt::other_addressee:
            return "it was meant for another replica; look where the address of that one leads";
        case Doubt::other_lineage:
            return "it is of another cluster; end that agent, or let it read this cluster's record";
        case Doubt::replayed:
            return "this report, or a later one, was taken before; somebody repeats what agents "
                   "said";
    }
    return "?";
}

Verdict Sessions::judge(const Letter& letter, std::optional<Ordinal> certified,
                        const PeerReport& own) {
    const auto doubted = [](Doubt doubt) { return Verdict{doubt, false, 0}; };
    if (!certified) return doubted(Doubt::stranger);
    if (*certified != letter.from || letter.from == self_) return doubted(Doubt::other_sender);
    if (letter.to != self_) return doubted(Doubt::other_addressee);
    if (of_other_clusters(letter.report, own)) return doubted(Doubt::other_lineage);
    const std::lock_guard lock(mutex_);
    Session& session = open_[letter.from];
    if (session.number == 0 || letter.session != session.number ||
        letter.report.boot != session.boot) {
        session = {fresh_number(), letter.report.boot, 0};
        return {std::nullopt, false, session.number};
    }
    if (letter.report.sequence <= session.sequence) return doubted(Doubt::replayed);
    session.sequence = letter.report.sequence;
    return {std::nullopt, true, session.number};
}

}  // namespace quorate::peer
