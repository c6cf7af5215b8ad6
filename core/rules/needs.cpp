#include "core/rules/needs.hpp"

#include <algorithm>

namespace quorate {
namespace {

using enum Subject;
using enum Strength;

constexpr MustKnow who_is_member[] = {{members, linearizable}};
constexpr MustKnow who_is_member_and_right[] = {{members, linearizable},
                                                {content, quorum_confirmed}};
// Data is condemned by what was read of it, or by what etcd said as it ended on it.
constexpr MustKnow what_is_here[] = {{volume, own_etcd}, {record, cached}};
// A rebuild begins on a volume as it was approved (R19), works on a copy, and may be begun again.
constexpr MustKnow what_was_ordered[] = {{record, cached}};

struct Needs {
    std::span<const MustKnow> operator()(const AddLearner&) const { return who_is_member; }
    std::span<const MustKnow> operator()(const RemoveMember&) const { return who_is_member; }
    std::span<const MustKnow> operator()(const MoveLeader&) const { return who_is_member; }
    std::span<const MustKnow> operator()(const PromoteMember&) const {
        return who_is_member_and_right;
    }
    std::span<const MustKnow> operator()(const DisarmCorrupt&) const {
        return who_is_member_and_right;
    }
    std::span<const MustKnow> operator()(const DisarmNospace&) const { return who_is_member; }
    std::span<const MustKnow> operator()(const SetAsideData&) const { return what_is_here; }
    std::span<const MustKnow> operator()(const RebuildEtcd&) const { return what_was_ordered; }
    std::span<const MustKnow> operator()(const auto&) const { return {}; }
};

}  // namespace

std::span<const MustKnow> needs_of(const CommandBody& body) { return std::visit(Needs{}, body); }

const MustKnow* unmet_need(const State& state, const CommandBody& body) {
    const std::span<const MustKnow> needs = needs_of(body);
    const auto unmet = std::find_if(needs.begin(), needs.end(), [&](const MustKnow& need) {
        return evidence_of(state, need.subject).strength < need.at_least;
    });
    return unmet == needs.end() ? nullptr : &*unmet;
}

std::string text_of(const MustKnow& need, const Evidence& known) {
    return std::string("needs to know the ") + name_of(need.subject) + " " +
           name_of(need.at_least) + ", and knows it " + name_of(known.strength);
}

}  // namespace quorate
