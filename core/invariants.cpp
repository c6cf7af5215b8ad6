#include "core/invariants.hpp"

#include "core/explain.hpp"
#include "core/facts/evidence.hpp"
#include "core/facts/memory.hpp"
#include "core/rules/needs.hpp"
#include "core/rules/quorum.hpp"

namespace quorate {
namespace {

class Check {
  public:
    Check(const State& state, InvariantCounts& counts) : state_(state), counts_(counts) {}

    void command(const Command& command) {
        known_well_enough(command);
        if (const auto* remove = std::get_if<RemoveMember>(&command.body)) removal(*remove);
        if (const auto* start = std::get_if<StartEtcd>(&command.body)) starting(*start);
        if (const auto* add = std::get_if<AddLearner>(&command.body)) authority(add->fence, "add");
        if (const auto* promote = std::get_if<PromoteMember>(&command.body))
            authority(promote->fence, "promote");
    }

    // A volume is claimed by R06 alone, and etcd starts only on a claimed one.
    void claimed(const RuleHit& hit) {
        if (hit.rule != RuleId::R06 || hit.verdict != Verdict::taken || !state_.facts.disk) return;
        const auto remembered = remembered_of_self(state_.facts);
        if (!remembered) return;
        ++counts_.claims;
        if (state_.facts.disk->last < remembered->what.position)
            found("S5", "a volume is claimed that ends before what replica " +
                            std::to_string(remembered->by.value) + " remembers of it");
    }

    void one_change_at_a_time() {
        if (state_.repair.phase == RepairPhase::idle) return;
        ++counts_.repairs;
        std::size_t under_way = 0;
        for (const auto& [id, command] : state_.in_flight)
            if (std::holds_alternative<AddLearner>(command.body) ||
                std::holds_alternative<RemoveMember>(command.body) ||
                std::holds_alternative<PromoteMember>(command.body))
                ++under_way;
        if (under_way > 1)
            found("S2", std::to_string(under_way) + " membership changes are in flight");
    }

    std::vector<Violation> take() { return std::move(found_); }

  private:
    void removal(const RemoveMember& remove) {
        ++counts_.removals;
        authority(remove.fence, "remove");
        std::size_t voters = 0;
        std::size_t live_others = 0;
        bool voter = false;
        for (const ListedMember& member : state_.facts.list->members) {
            if (member.learner) continue;
            if (member.id == remove.member_id) voter = true;
            ++voters;
            const auto ordinal = ordinal_of(state_.facts, member);
            if (ordinal && serves(state_.facts, *ordinal) && member.id != remove.member_id)
                ++live_others;
        }
        if (voter && !removal_keeps_quorum(voters, live_others))
            found("S1", "removal of " + hex(remove.member_id) + " leaves " +
                            std::to_string(live_others) + " live of " + std::to_string(voters) +
                            " voters");
    }

    void starting(const StartEtcd&) {
        ++counts_.starts;
        const ReplicaEntry* entry = own_entry(state_.facts);
        const bool ours = entry != nullptr && entry->nonce == state_.volume.nonce &&
                          state_.facts.stamped == state_.volume.nonce &&
                          state_.volume.nonce.value != 0;
        if (!ours)
            found("S5", "etcd is started on a volume whose nonce the record does not confirm");
    }

    void authority(Fence fence, const char* what) {
        ++counts_.changes;
        if (fence.value == 0 || state_.authority.phase != AuthorityPhase::holding)
            found("S11", std::string("membership is changed without authority: ") + what);
    }

    // What was compared is forgotten as the change moves on: `step` asked for it before.
    void known_well_enough(const Command& command) {
        for (const MustKnow& need : needs_of(command.body)) {
            if (need.subject == Subject::content) continue;
            ++counts_.evidence;
            const Evidence known = evidence_of(state_, need.subject);
            if (known.strength < need.at_least)
                found("S12", std::string(name_of(command.body)) + ": " + text_of(need, known));
        }
    }

    void found(const char* id, std::string what) { found_.push_back({id, std::move(what)}); }

    const State& state_;
    InvariantCounts& counts_;
    std::vector<Violation> found_;
};

}  // namespace

std::vector<Violation> violations(const State& after, const Decision& decision,
                                  InvariantCounts& counts) {
    Check check(after, counts);
    check.one_change_at_a_time();
    for (const RuleHit& hit : decision.hits)
        check.claimed(hit);
    for (const Command& command : decision.commands)
        check.command(command);
    return check.take();
}

}  // namespace quorate
