// How much a fact may be trusted, asked in one place (S12): what destroys anything needs a
// linearizable answer that nothing has overtaken.
#pragma once

#include <optional>
#include <vector>

#include "core/model/state.hpp"

namespace quorate {

// A replica that does its part just now: a voter that serves linearizable reads, or a learner that
// answers.
bool healthy(const MemberStatus& status);

// The last probe of a replica said that it serves linearizable reads.
bool serves(const Facts& facts, Ordinal ordinal);

// Some replica serves: there is a quorum.
bool somebody_serves(const Facts& facts);

// The record is not to be written just now: a write is under way, or what would be compared is not
// what is there.
bool record_is_busy(const State& state);

// A rebuild is ordered against a quorum that serves: it was approved by what one replica that is
// cut off could see (S3, L3).
bool rebuild_is_void(const Facts& facts);

// Since when the one that serves longest does so; meaningless while nobody does.
Instant serves_since(const Facts& facts);

// The replica whose etcd leads, by its own word confirmed by serving; nullopt when unknown.
std::optional<Ordinal> leader_of(const Facts& facts);

// Whom CORRUPT alarms name, as any member knows them, sorted; 0 stands for nobody by name.
std::vector<MemberId> accused(const Facts& facts);

// The best replica to send a membership command through: the leader, else any that serves.
std::optional<Ordinal> best_via(const Facts& facts);

// How far this member's log is on disk for certain. Raft's term is that of the last entry only for
// one that serves: its read waited for an entry of that term. One that campaigns in vain, or
// learns, has a higher term than its log (etcd facts 5). And the index is synced only then: a
// member tells an index before it syncs it, but its next read is answered from a later Ready, and
// one Ready is saved before the next is taken (etcd v3.5 etcdserver/raft.go, raftNode.start).
LogPosition position_of(const MemberStatus& status);

// Of all that this agent knows, also from earlier lives. Who gathers for a cluster does not make
// one forgotten that was founded.
const std::optional<ClusterRecord>& newest_record(const Facts& facts);

// This agent's own entry in the record, nullptr when there is none.
const ReplicaEntry* own_entry(const Facts& facts);

bool is_founder(const ClusterRecord& record, Ordinal ordinal);

// With nobody else in the cluster there is nobody to be admitted by: the data stays where it is.
bool is_sole_member(const Facts& facts);

// As it ended last, by its own word.
bool etcd_was_removed(const Facts& facts);

// Which replica a listed member is: by peer URL, never by name (etcd facts 1).
std::optional<Ordinal> ordinal_of(const Facts& facts, const ListedMember& member);

const ListedMember* find_member(const MemberList& list, MemberId id);

// By id, as listed.
std::vector<MemberId> voters_of(const MemberList& list);

// The newest list there is: the linearizable one until something overtakes it, then what the own
// etcd knows. nullptr: none was seen. A hint, unless it is also evidence.
const MemberList* newest_list(const Facts& facts);

// A command of this kind is under way.
template <class Body>
bool in_flight(const State& state) {
    for (const auto& [id, command] : state.in_flight)
        if (std::holds_alternative<Body>(command.body)) return true;
    return false;
}

// After a sleep every replica is asked again before anything counts as known; until then nothing is
// changed in the membership.
Instant awake_since(const Facts& facts);

// A timer that is later than this was slept through. Just awake, half of it: one sleep after
// another leaves no time to ask.
Span asleep_at_most(const State& state);
// Its timer is later than that now, whether it has taken an event since or not.
bool overslept(const State& state, Instant now);

// The list is linearizable, of this epoch's cluster, and nothing was asked to change since.
bool list_is_evidence(const State& state);

// The learner in hand and its leader at one revision (S9; etcd-measured.md 4: in sync for raft is
// not the same). none: not compared yet, or not comparable, or too early: equal at an old revision
// says nothing of what came since. What joins empty is equal to everybody at revision 1, and stays
// there although it has applied the whole log: undecided.
HashVerdict learner_compared(const State& state);

// Every ordinal this agent should have probed: the desired ones, those in the record, and whoever
// is listed: a voter counts until it is removed, whatever the record says of it.
std::vector<Ordinal> ordinals_of_interest(const Facts& facts);

}  // namespace quorate
