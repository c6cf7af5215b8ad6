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

constexpr Kind normal = Kind::normal;
constexpr Kind warning = Kind::warning;

// Looks, waits and writes of the record have none.
template <class Body>
constexpr std::optional<Step> step_for;
// clang-format off
template <> constexpr std::optional<Step> step_for<StopEtcd>      {{"StoppingEtcd",      normal,  About::replica}};
template <> constexpr std::optional<Step> step_for<SetAsideData>  {{"SettingDataAside",  warning, About::replica}};
template <> constexpr std::optional<Step> step_for<RebuildEtcd>   {{"RebuildingCluster", warning, About::cluster}};
template <> constexpr std::optional<Step> step_for<AddLearner>    {{"AddingLearner",     normal,  About::cluster}};
template <> constexpr std::optional<Step> step_for<PromoteMember> {{"PromotingLearner",  normal,  About::cluster}};
template <> constexpr std::optional<Step> step_for<RemoveMember>  {{"RemovingMember",    normal,  About::cluster}};
template <> constexpr std::optional<Step> step_for<MoveLeader>    {{"MovingLeader",      normal,  About::cluster}};
template <> constexpr std::optional<Step> step_for<DisarmCorrupt> {{"DisarmingCorrupt",  warning, About::cluster}};
template <> constexpr std::optional<Step> step_for<DisarmNospace> {{"DisarmingNospace",  normal,  About::cluster}};
template <> constexpr std::optional<Step> step_for<Compact>       {{"Compacting",        normal,  About::cluster}};
template <> constexpr std::optional<Step> step_for<Defragment>    {{"Defragmenting",     normal,  About::cluster}};
// clang-format on

struct StepOf {
    template <class Body>
    std::optional<Step> operator()(const Body&) const {
        return step_for<Body>;
    }
    std::optional<Step> operator()(const StartEtcd& body) const {
        return Step{body.founding ? "FoundingCluster" : "StartingEtcd", normal, About::replica};
    }
};

bool lacks_quorum(const RuleHit& hit, std::uint8_t phase) {
    return hit.machine == Machine::cluster && (phase == std::uint8_t(ClusterPhase::quorum_lost) ||
                                               phase == std::uint8_t(ClusterPhase::parked));
}

std::optional<Step> step_of(const RuleHit& hit) {
    if (hit.verdict != Verdict::taken) return std::nullopt;
    const About about = hit.machine == Machine::replica ? About::replica : About::cluster;
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
