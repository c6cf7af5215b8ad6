#include "core/rules/needs.hpp"

#include <algorithm>

namespace quorate {
namespace {

using enum Subject;
using enum Strength;

constexpr Need who_is_member[] = {{members, linearizable}};
constexpr Need who_is_member_and_right[] = {{members, linearizable}, {content, quorum_confirmed}};
// Data is condemned by what was read of it, or by what etcd said as it ended on it.
constexpr Need what_is_here[] = {{volume, own_etcd}, {record, cached}};
// A rebuild begins on a volume as it was approved (R19), works on a copy, and may be begun again.
constexpr Need what_was_ordered[] = {{record, cached}};

struct Needs {
    std::span<const Need> operator()(const AddLearner&) const { return who_is_member; }
    std::span<const Need> operator()(const RemoveMember&) const { return who_is_member; }
    std::span<const Need> operator()(const MoveLeader&) const { return who_is_member; }
    std::span<const Need> operator()(const PromoteMember&) const { return who_is_member_and_right; }
    std::span<const Need> operator()(const DisarmCorrupt&) const { return who_is_member_and_right; }
    std::span<const Need> operator()(const DisarmNospace&) const { return who_is_member; }
    std::span<const Need> operator()(const SetAsideData&) const { return what_is_here; }
    std::span<const Need> operator()(const RebuildEtcd&) const { return what_was_ordered; }
    std::span<const Need> operator()(const auto&) const { return {}; }
};

}  // namespace

std::span<const Need> needs_of(const CommandBody& body) { return std::visit(Needs{}, body); }

const Need* unmet_need(const State& state, const CommandBody& body) {
    const std::span<const Need> needs = needs_of(body);
    const auto unmet = std::find_if(needs.begin(), needs.end(), [&](const Need& need) {
        return evidence_of(state, need.subject).strength < need.at_least;
    });
    return unmet == needs.end() ? nullptr : &*unmet;
}

std::string text_of(const Need& need, const Evidence& known) {
    return std::string("needs to know the ") + name_of(need.subject) + " " +
           name_of(need.at_least) + ", and knows it " + name_of(known.strength);
}

}  // namespace quorate
