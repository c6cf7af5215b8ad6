// The invariants bite: a command that must not be given is found, whatever the state; and an
// approval that is stale leads to nothing.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/explain.hpp"
#include "core/invariants.hpp"
#include "core/rules/recovery_plan.hpp"
#include "tests/property/ripe.hpp"

namespace quorate {
namespace {

using test::below;
using test::classify;
using test::coin;

const std::vector<State>& with_a_list() {
    static const std::vector<State> states = [] {
        std::vector<State> found;
        for (const State& state : test::ripe())
            if (state.facts.list && !state.facts.list->members.empty()) found.push_back(state);
        return found;
    }();
    return states;
}

std::set<std::string> found_in(const State& state, CommandBody body) {
    InvariantCounts counts;
    Decision decision;
    decision.commands.push_back(Command{CommandId{1}, state.now, std::move(body)});
    std::set<std::string> ids;
    for (const Violation& violation : violations(state, decision, counts))
        ids.insert(violation.id);
    return ids;
}

// S1 and S11, counted by hand from the list and the probes.
RC_GTEST_PROP(InvariantLaw, ARemovalIsJudgedByThoseThatServe, ()) {
    const State& state = test::one_of(with_a_list());
    const auto& members = state.facts.list->members;
    const ListedMember& one = test::one_of(members);
    const Fence fence{coin() ? 0U : 7U};
    std::uint32_t others = 0;
    std::uint32_t live = 0;
    for (const ListedMember& member : members) {
        if (member.learner || member.id == one.id) continue;
        ++others;
        for (std::uint32_t i = 0; i < test::addresses; ++i) {
            const ProbeFact* probe = state.facts.probes.find(Ordinal{i});
            const bool its = member.peer_urls.front() == test::address(i);
            if (its && probe != nullptr && probe->status.serves) ++live;
        }
    }
    const bool unsafe = !one.learner && (others == 0 || 2 * live <= others);
    const bool stranger = fence.value == 0 || state.authority.phase != AuthorityPhase::holding;
    classify(unsafe, "unsafe");
    classify(!unsafe, "safe");
    classify(stranger, "without authority");
    classify(!stranger, "with authority");
    const auto ids = found_in(state, RemoveMember{Ordinal{0}, one.id, fence});
    RC_ASSERT(ids.contains("S1") == unsafe);
    RC_ASSERT(ids.contains("S11") == stranger);
}

RC_GTEST_PROP(InvariantLaw, MembersAreNotChangedOnAStaleListNorByTwo, ()) {
    State state = test::one_of(with_a_list());
    const bool stale = coin();
    state.facts.list_current = !stale;
    state.facts.list->freshness = Freshness::linearizable;
    state.facts.list_at = state.now;
    state.facts.slept_at = Instant{};
    if (state.facts.record) state.facts.list->cluster_id = state.facts.record->cluster_id;
    const bool evidence = !stale && state.facts.record;
    const std::uint32_t more = below(3);
    state.in_flight.clear();
    for (std::uint32_t i = 0; i < more; ++i)
        state.in_flight[CommandId{9000 + i}] =
            Command{CommandId{9000 + i}, state.now, AddLearner{}};
    const bool changing = state.repair.phase != RepairPhase::idle;
    classify(stale, "stale");
    classify(evidence, "evidence");
    classify(changing && more > 1, "two in flight");
    const auto ids = found_in(state, AddLearner{Ordinal{0}, Ordinal{1}, test::address(1), Fence{7}});
    RC_ASSERT(ids.contains("S12") == !evidence);
    RC_ASSERT(ids.contains("S2") == (changing && more > 1));
}

// S5: only a nonce that is drawn, stamped and confirmed lets etcd start.
RC_GTEST_PROP(InvariantLaw, EtcdStartsOnlyOnAConfirmedStamp, ()) {
    State state = test::one_of(test::ripe());
    const Nonce nonce{below(3)};
    const Nonce stamped{below(3)};
    const Nonce confirmed{below(3)};
    state.volume.nonce = nonce;
    state.facts.stamped = stamped;
    if (!state.facts.record) state.facts.record.emplace();
    state.facts.record->replicas[state.facts.settings.self].nonce = confirmed;
    const bool good = nonce.value != 0 && stamped == nonce && confirmed == nonce;
    classify(good, "confirmed");
    classify(!good, "not confirmed");
    RC_ASSERT(found_in(state, StartEtcd{}).contains("S5") == !good);
}

// ---- approvals

const std::vector<State>& without_quorum() {
    static const std::vector<State> states = [] {
        std::vector<State> found;
        for (const State& state : test::ripe())
            if (state.cluster.phase == ClusterPhase::parked && state.facts.record &&
                !state.facts.record->rebuild && plan_recovery(*state.facts.record))
                found.push_back(state);
        return found;
    }();
    return states;
}

// The plan was shown; then, perhaps, something else came to be known; then the approval arrives.
RC_GTEST_PROP(InvariantLaw, AStaleApprovalRebuildsNothing, ()) {
    State state = test::one_of(without_quorum());
    state.in_flight.clear();
    state.cluster.retry_at = Instant{};
    state.facts.desired = Desired{5, PodManagement::parallel};
    const std::string shown = plan_recovery(*state.facts.record)->token;
    if (coin()) {
        ClusterRecord record = *state.facts.record;
        record.revision.value += 1;
        ReplicaEntry& entry = record.replicas[Ordinal{below(test::addresses)}];
        if (coin()) entry.surviving = LogPosition{Term{2}, LogIndex{1 + below(1000)}};
        if (coin()) entry.high_water = LogPosition{Term{2}, LogIndex{1 + below(100'000)}};
        test::take(state, RecordSeen{record, ""}, milliseconds(1));
    }
    const auto now = plan_recovery(*state.facts.record);
    const bool stale = !now || now->token != shown;
    const Event event{EventSeq{state.seq.value + 1}, state.now + milliseconds(1),
                      RecoveryApproved{shown}};
    const Step done = step(state, event);
    bool rebuilds = false;
    for (const Command& command : done.decision.commands)
        if (const auto* write = std::get_if<WriteRecord>(&command.body))
            rebuilds = rebuilds || write->record.rebuild.has_value();
    classify(stale, "stale");
    classify(rebuilds, "rebuilds");
    if (stale) RC_ASSERT(!rebuilds);
}

}  // namespace
}  // namespace quorate
