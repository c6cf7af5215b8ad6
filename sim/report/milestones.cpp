#include "sim/report/milestones.hpp"

#include "core/explain.hpp"
#include "sim/oracles/findings.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// As any member of the world knows it.
std::string name_of_member(const World& world, MemberId id) {
    for (std::uint8_t o = 0; o < World::size; ++o)
        for (const View& view : world.cluster.process(o).conf)
            if (view.id == id) return name(view.ordinal);
    return "a member that nobody knows any more";
}

// Of what changes members, data or alarms; any other command has no line.
struct Line {
    const World& world;
    std::uint8_t agent;
    bool founded;  // it was started as a founder before: etcd passes the word over then

    template <class Other>
    std::string operator()(const Other&) const {
        return {};
    }
    std::string operator()(const SetAsideData& body) const {
        return name(agent) + " sets its data aside as " + body.reason;
    }
    std::string operator()(const RebuildEtcd& body) const {
        return "rebuilds epoch " + std::to_string(body.epoch.value) + " from " + name(agent);
    }
    std::string operator()(const StartEtcd& body) const {
        return body.founding && !founded ? name(agent) + " founds" : std::string();
    }
    std::string operator()(const AddLearner& body) const {
        return "adds " + name(static_cast<std::uint8_t>(body.ordinal.value)) + " as a learner";
    }
    std::string operator()(const PromoteMember& body) const {
        return "promotes " + name_of_member(world, body.member_id);
    }
    std::string operator()(const RemoveMember& body) const {
        return "removes " + name_of_member(world, body.member_id);
    }
    std::string operator()(const DisarmCorrupt&) const { return "disarms CORRUPT"; }
    std::string operator()(const DisarmNospace&) const { return "disarms NOSPACE"; }
    std::string operator()(const Compact&) const { return "compacts"; }
    std::string operator()(const Defragment& body) const {
        return "defragments " + name(static_cast<std::uint8_t>(body.replica.value));
    }
};

bool parks(const RuleHit& hit) {
    return hit.verdict == Verdict::taken && is_parked(hit.machine, hit.to) &&
           !is_parked(hit.machine, hit.from);
}

}  // namespace

void Milestones::add(const std::string& line) {
    if (!line.empty() && (lines_.empty() || lines_.back() != line)) lines_.push_back(line);
}

void Milestones::said(const World& world, const std::string& line) {
    if (beside_ != nullptr) beside_->said(world, line);
}

void Milestones::happened(const World& world, const Happening& what) {
    if (beside_ != nullptr) beside_->happened(world, what);
}

void Milestones::decided(const World& world, std::uint8_t o, const Event& event,
                         const Decision& decision) {
    if (beside_ != nullptr) beside_->decided(world, o, event, decision);
    for (const RuleHit& hit : decision.hits)
        if (parks(hit))
            add((hit.machine == Machine::replica ? name(o) + ": " : "") + because_of(hit.rule));
    for (const Command& command : decision.commands) {
        add(std::visit(Line{world, o, founded_[o]}, command.body));
        founded_[o] = founded_[o] || std::holds_alternative<StartEtcd>(command.body);
    }
}

}  // namespace quorate::sim
