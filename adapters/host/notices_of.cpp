#include "adapters/host/notices_of.hpp"

#include <optional>
#include <variant>

#include "core/explain.hpp"
#include "core/model/state.hpp"

namespace quorate::host {
namespace {

using Kind = Notice::Kind;
using About = Notice::About;

struct Step {
    const char* reason;
    Kind kind;
    About about;
};

struct StepOf {
    template <class Other>
    std::optional<Step> operator()(const Other&) const {
        return std::nullopt;
    }
    std::optional<Step> operator()(const StartEtcd& body) const {
        return Step{body.founding ? "FoundingCluster" : "StartingEtcd", Kind::normal,
                    About::replica};
    }
    std::optional<Step> operator()(const StopEtcd&) const {
        return Step{"StoppingEtcd", Kind::normal, About::replica};
    }
    std::optional<Step> operator()(const SetAsideData&) const {
        return Step{"SettingDataAside", Kind::warning, About::replica};
    }
    std::optional<Step> operator()(const RebuildEtcd&) const {
        return Step{"RebuildingCluster", Kind::warning, About::cluster};
    }
    std::optional<Step> operator()(const AddLearner&) const {
        return Step{"AddingLearner", Kind::normal, About::cluster};
    }
    std::optional<Step> operator()(const PromoteMember&) const {
        return Step{"PromotingLearner", Kind::normal, About::cluster};
    }
    std::optional<Step> operator()(const RemoveMember&) const {
        return Step{"RemovingMember", Kind::normal, About::cluster};
    }
    std::optional<Step> operator()(const MoveLeader&) const {
        return Step{"MovingLeader", Kind::normal, About::cluster};
    }
    std::optional<Step> operator()(const DisarmCorrupt&) const {
        return Step{"DisarmingCorrupt", Kind::warning, About::cluster};
    }
    std::optional<Step> operator()(const DisarmNospace&) const {
        return Step{"DisarmingNospace", Kind::normal, About::cluster};
    }
    std::optional<Step> operator()(const Compact&) const {
        return Step{"Compacting", Kind::normal, About::cluster};
    }
    std::optional<Step> operator()(const Defragment&) const {
        return Step{"Defragmenting", Kind::normal, About::cluster};
    }
};

bool is_parked(Machine machine, std::uint8_t phase) {
    return (machine == Machine::replica && phase == std::uint8_t(ReplicaPhase::parked)) ||
           (machine == Machine::cluster && phase == std::uint8_t(ClusterPhase::parked));
}

bool lacks_quorum(const RuleHit& hit, std::uint8_t phase) {
    return hit.machine == Machine::cluster && (phase == std::uint8_t(ClusterPhase::quorum_lost) ||
                                               phase == std::uint8_t(ClusterPhase::parked));
}

std::optional<Step> step_of(const RuleHit& hit) {
    if (hit.verdict != Verdict::taken) return std::nullopt;
    const About about = hit.machine == Machine::cluster ? About::cluster : About::replica;
    const bool parks = is_parked(hit.machine, hit.to);
    if (parks != is_parked(hit.machine, hit.from))
        return parks ? Step{"Parked", Kind::warning, about} : Step{"GoingOn", Kind::normal, about};
    if (lacks_quorum(hit, hit.to) == lacks_quorum(hit, hit.from)) return std::nullopt;
    return lacks_quorum(hit, hit.to) ? Step{"QuorumLost", Kind::warning, about}
                                     : Step{"QuorumBack", Kind::normal, about};
}

std::string line_of(const RuleHit& hit) {
    std::string line = because_of(hit.rule);
    if (!hit.detail.empty()) line += ": " + hit.detail;
    return line;
}

}  // namespace

std::vector<Notice> notices_of(const Decision& decision, Ordinal self) {
    std::vector<Notice> notices;
    const std::string who = "replica " + std::to_string(self.value) + ": ";
    for (const RuleHit& hit : decision.hits)
        if (const auto step = step_of(hit))
            notices.push_back({step->kind, step->about, step->reason, who + line_of(hit)});
    for (const Command& command : decision.commands)
        if (const auto step = std::visit(StepOf{}, command.body))
            notices.push_back({step->kind, step->about, step->reason, who + explain(command)});
    return notices;
}

}  // namespace quorate::host
