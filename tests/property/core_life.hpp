// Lives of one agent from a list of numbers: each number becomes the next event, chosen with a look
// at the state, so that commands are answered and the machines get somewhere. Shrinking the list
// shrinks the life.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/mix.hpp"
#include "core/facts/evidence.hpp"
#include "core/step.hpp"

namespace quorate::test {

// How the world behaves: it helps, it says anything that the types allow, or it helps but now and
// then says anything.
enum class World { helpful, nonsense, erratic };

// Small numbers out of one seed. Not random: the same seed gives the same event.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : seed_(seed) {}
    std::uint64_t roll(std::uint64_t sides) {
        seed_ = scramble(seed_ + 1);
        return sides == 0 ? 0 : seed_ % sides;
    }
    bool one_in(std::uint64_t n) { return roll(n) == 0; }
    std::uint32_t small(std::uint32_t sides) { return static_cast<std::uint32_t>(roll(sides)); }

  private:
    std::uint64_t seed_;
};

class Life {
  public:
    explicit Life(World world) : world_(world) {}

    // The agent of replica `self` among `replicas`.
    static Observation birth(std::uint32_t self, std::uint32_t replicas, std::uint64_t entropy);

    // The next event after `state` for this number.
    Event next(const State& state, std::uint32_t number) const {
        Dice dice(number);
        const Span passed =
            dice.one_in(8) ? seconds(dice.small(200)) : milliseconds(dice.small(900));
        const bool helps =
            world_ == World::helpful || (world_ == World::erratic && !dice.one_in(16));
        return {EventSeq{state.seq.value + 1}, state.now + passed,
                helps ? helpful(state, dice) : nonsense(state, dice)};
    }

  private:
    Observation helpful(const State& state, Dice& dice) const;
    Observation nonsense(const State& state, Dice& dice) const;

    World world_;
};

inline constexpr std::uint32_t addresses = 5;

inline MemberId any_member(Dice& dice) { return MemberId{100 + dice.roll(6)}; }
inline Ordinal any_ordinal(Dice& dice) { return Ordinal{dice.small(addresses + 2)}; }
inline std::string address(std::uint32_t ordinal) { return "p" + std::to_string(ordinal); }
inline LogPosition any_position(Dice& dice) {
    return {Term{dice.roll(4)}, LogIndex{dice.roll(60)}};
}
template <class Enum>
Enum any_of(Dice& dice, std::uint32_t count) {
    return static_cast<Enum>(dice.small(count));
}

inline Observation Life::birth(std::uint32_t self, std::uint32_t replicas, std::uint64_t entropy) {
    Settings settings;
    settings.self = Ordinal{self};
    for (std::uint32_t i = 0; i < replicas; ++i)
        settings.addresses.push_back(
            {"q" + std::to_string(i), address(i), "c" + std::to_string(i)});
    settings.etcd_version = Version{3, 6, 11};
    settings.policy = default_policy();
    return AgentStarted{settings, entropy, Lineage{"lineage"}};
}

// What anything may say.

inline MemberStatus any_status(Dice& dice) {
    MemberStatus status;
    status.answers = !dice.one_in(4);
    status.serves = dice.one_in(2);
    status.learner = dice.one_in(4);
    status.member_id = any_member(dice);
    status.leader = any_member(dice);
    status.cluster_id = ClusterId{dice.roll(3)};
    status.term = Term{dice.roll(4)};
    status.index = LogIndex{dice.roll(60)};
    status.version = Version{3, dice.one_in(2) ? 5U : 6U, dice.small(40)};
    return status;
}
inline MemberList any_list(Dice& dice) {
    MemberList list;
    list.freshness = any_of<Freshness>(dice, 2);
    list.cluster_id = ClusterId{dice.roll(3)};
    for (std::uint64_t id = 100; id < 106; ++id)
        if (dice.one_in(2))
            list.members.push_back({MemberId{id},
                                    dice.one_in(3) ? "" : "name",
                                    {address(dice.small(addresses + 1))},
                                    dice.one_in(4)});
    return list;
}
inline DiskReport any_disk(Dice& dice) {
    DiskReport disk;
    disk.shape = any_of<DiskShape>(dice, 5);
    if (!dice.one_in(3))
        disk.identity = VolumeIdentity{Lineage{dice.one_in(4) ? "other" : "lineage"},
                                       Epoch{dice.roll(3)},
                                       any_ordinal(dice),
                                       Nonce{dice.roll(4)},
                                       dice.one_in(2),
                                       any_position(dice),
                                       {}};
    disk.member_id = any_member(dice);
    disk.cluster_id = ClusterId{dice.roll(3)};
    disk.last = any_position(dice);
    disk.first_index = LogIndex{dice.roll(3)};
    disk.in_use = dice.one_in(6);
    return disk;
}
inline ClusterRecord any_record(Dice& dice) {
    ClusterRecord record;
    record.revision = RecordRevision{dice.roll(50)};
    record.lineage = Lineage{dice.one_in(5) ? "other" : "lineage"};
    record.epoch = Epoch{dice.roll(3)};
    record.stage = any_of<RecordStage>(dice, 3);
    record.cluster_id = ClusterId{dice.roll(3)};
    for (std::uint32_t i = 0; i < addresses + 2; ++i) {
        if (dice.one_in(4)) record.founders.push_back(Ordinal{i});
        if (dice.one_in(3)) continue;
        ReplicaEntry& entry = record.replicas[Ordinal{i}];
        entry.member_id = dice.one_in(3) ? MemberId{} : any_member(dice);
        entry.nonce = Nonce{dice.roll(4)};
        entry.nonce_next = Nonce{dice.roll(4)};
        entry.high_water = any_position(dice);
        entry.high_water_final = dice.one_in(2);
        entry.claim = any_of<VolumeClaim>(dice, 5);
        if (dice.one_in(2)) entry.initial_cluster = "q0=p0";
        if (dice.one_in(2)) entry.surviving = any_position(dice);
    }
    if (dice.one_in(5)) record.rebuild = Rebuild{any_ordinal(dice), any_position(dice), {}, "t"};
    return record;
}
inline ContentCompared any_content(Dice& dice) {
    ContentCompared compared{Revision{9}, {}};
    for (std::uint32_t i = 0; i < addresses; ++i)
        if (dice.one_in(2))
            compared.hashes[Ordinal{i}] = {any_member(dice), !dice.one_in(4),
                                           Revision{static_cast<std::int64_t>(dice.roll(9))},
                                           Revision{dice.one_in(4) ? 3 : -1}, dice.small(2)};
    return compared;
}
inline Brought any_brought(Dice& dice) {
    switch (dice.roll(7)) {
        case 0:
            return any_disk(dice);
        case 1:
            return EtcdSpawned{7};
        case 2:
            return AuthorityGranted{Fence{dice.roll(3)}};
        case 3:
            return any_list(dice);
        case 4:
            return LearnerAdded{any_member(dice), any_list(dice)};
        case 5:
            return any_content(dice);
        default:
            return Nothing{};
    }
}

inline PeerReported any_report(Dice& dice) {
    PeerReport report{
        Lineage{dice.one_in(5) ? "other" : "lineage"}, dice.roll(3), dice.roll(50), {}, {}, {}};
    const auto any = [&] {
        return Remembered{Epoch{dice.roll(3)}, any_member(dice), Nonce{dice.roll(4)},
                          any_position(dice)};
    };
    report.self = any();
    for (std::uint32_t i = 0; i < addresses + 2; ++i)
        if (dice.one_in(2)) report.others[Ordinal{i}] = any();
    if (dice.one_in(2)) {
        ContentFound found{
            Epoch{dice.roll(3)}, Instant{dice.small(5)}, seconds(dice.small(200)), {}, {}};
        (dice.one_in(2) ? found.doubted : found.agreed).push_back(any_member(dice));
        report.content = std::move(found);
    }
    return {any_ordinal(dice), std::move(report)};
}

inline std::optional<CommandId> one_in_flight(const State& state, Dice& dice) {
    if (state.in_flight.empty()) return std::nullopt;
    const auto index = static_cast<std::ptrdiff_t>(dice.roll(state.in_flight.size()));
    return (state.in_flight.begin() + index)->first;
}

inline Observation Life::nonsense(const State& state, Dice& dice) const {
    switch (dice.roll(24)) {
        case 0:
            return DesiredSeen{{dice.small(addresses + 3), any_of<PodManagement>(dice, 2)}};
        case 1:
            return RecordSeen{};
        case 2:
            return RecordSeen{std::nullopt, "torn"};
        case 3:
        case 4:
        case 5:
            return RecordSeen{any_record(dice), ""};
        case 6:
            return MembersSeen{any_list(dice)};
        case 7:
            return EtcdExited{{any_of<ExitClass>(dice, 16), 1, 0, "last words"}};
        case 8:
            return AuthorityLost{Fence{dice.roll(3)}, "late"};
        case 9:
            return dice.one_in(6) ? Observation(StopRequested{}) : Observation(TimerFired{});
        case 10:
            return RecoveryApproved{"token"};
        case 11:
            if (dice.one_in(12)) return UnknownObservation{99, "bytes"};
            if (dice.one_in(6)) return birth(dice.small(addresses), addresses, dice.roll(99));
            return TimerFired{};
        case 12:
            if (dice.one_in(3)) return any_report(dice);
            return ReplicaProbed{any_ordinal(dice), any_status(dice)};
        case 13:
        case 14:
        case 15:
            return ReplicaProbed{any_ordinal(dice), any_status(dice)};
        default: {
            const auto id = one_in_flight(state, dice);
            if (!id) return ReplicaProbed{any_ordinal(dice), any_status(dice)};
            CommandEnded ended{*id, Done{}, any_brought(dice)};
            if (dice.one_in(4)) ended.outcome = Refused{any_of<Refusal>(dice, 22), "no"};
            if (dice.one_in(8)) ended.outcome = Unknown{"?"};
            return ended;
        }
    }
}

// A world that does its part, as far as one agent can see it: the agent of replica 0 with two peers
// that follow the record.

inline MemberStatus good_status(const State& state, Ordinal ordinal, Dice& dice) {
    const Facts& facts = state.facts;
    MemberStatus status;
    const ReplicaEntry* entry = facts.record ? facts.record->replicas.find(ordinal) : nullptr;
    const bool own = ordinal == facts.settings.self;
    if (entry == nullptr || (own && !facts.etcd_running) || dice.one_in(12)) return status;
    status.answers = true;
    status.member_id =
        entry->member_id.value != 0 ? entry->member_id : MemberId{100 + ordinal.value};
    status.learner = false;
    if (facts.list)
        for (const ListedMember& member : facts.list->members)
            if (member.id == status.member_id) status.learner = member.learner;
    status.serves = !status.learner && !dice.one_in(12);
    status.cluster_id = ClusterId{9};
    status.leader = MemberId{100 + dice.roll(2)};
    status.term = Term{2};
    status.index = LogIndex{static_cast<std::uint64_t>(state.now.us / 1'000'000)};
    status.revision = Revision{5};
    status.version = Version{3, 6, 11};
    return status;
}

inline MemberList good_list(const State& state) {
    if (state.facts.list) return *state.facts.list;
    MemberList list{Freshness::linearizable, ClusterId{9}, {}};
    if (!state.facts.record) return list;
    // A record may name one member twice; etcd never lists one twice.
    for (const auto& [ordinal, entry] : state.facts.record->replicas)
        if (entry.member_id.value != 0 && find_member(list, entry.member_id) == nullptr)
            list.members.push_back({entry.member_id, "q", {address(ordinal.value)}, false});
    return list;
}

// What a command brings when the world carries it out.
struct Answer {
    const State& state;
    Dice& dice;

    Brought operator()(const ExamineDisk&) const {
        const Facts& facts = state.facts;
        DiskReport disk;
        const ReplicaEntry* entry =
            facts.record ? facts.record->replicas.find(facts.settings.self) : nullptr;
        if (entry == nullptr || dice.one_in(30)) return disk;
        const Nonce nonce = facts.stamped.value != 0 ? facts.stamped : entry->nonce;
        if (nonce.value != 0)
            disk.identity = VolumeIdentity{facts.record->lineage,
                                           facts.record->epoch,
                                           facts.settings.self,
                                           nonce,
                                           facts.exits > 0,
                                           {},
                                           {}};
        if (entry->member_id.value == 0) return disk;
        disk.shape = DiskShape::whole;
        disk.member_id = entry->member_id;
        disk.cluster_id = facts.record->cluster_id;
        disk.last = {Term{2}, LogIndex{static_cast<std::uint64_t>(state.now.us / 1'000'000)}};
        disk.in_use = facts.etcd_running;
        return disk;
    }
    Brought operator()(const StartEtcd&) const { return EtcdSpawned{7}; }
    Brought operator()(const AcquireAuthority&) const {
        return AuthorityGranted{Fence{state.seq.value}};
    }
    Brought operator()(const ListMembers&) const {
        MemberList list = good_list(state);
        list.freshness = Freshness::linearizable;
        return list;
    }
    Brought operator()(const AddLearner& add) const {
        LearnerAdded added{MemberId{1000 + state.seq.value}, good_list(state)};
        added.list.freshness = Freshness::linearizable;
        added.list.members.push_back({added.member_id, "", {add.peer_url}, true});
        return added;
    }
    Brought operator()(const PromoteMember& promote) const {
        MemberList list = good_list(state);
        for (ListedMember& member : list.members)
            if (member.id == promote.member_id) member.learner = false;
        return list;
    }
    Brought operator()(const RemoveMember& remove) const {
        MemberList list = good_list(state);
        std::erase_if(list.members, [&](const auto& one) { return one.id == remove.member_id; });
        return list;
    }
    Brought operator()(const CompareContent& compare) const {
        ContentCompared compared{Revision{5}, {}};
        for (const Ordinal ordinal : compare.replicas) {
            const ReplicaEntry* entry =
                state.facts.record ? state.facts.record->replicas.find(ordinal) : nullptr;
            if (entry != nullptr)
                compared.hashes[ordinal] = {entry->member_id, true, Revision{5}, Revision{-1},
                                            dice.one_in(6) ? dice.small(5) : 42};
        }
        return compared;
    }
    template <class Other>
    Brought operator()(const Other&) const {
        return Nothing{};
    }
};

// The other agents' part of the record: they tell that they are empty, then their member ids, and
// ask when they were expelled.
inline std::optional<ClusterRecord> moved_by_others(const State& state, Dice& dice) {
    if (!state.facts.record) return std::nullopt;
    ClusterRecord record = *state.facts.record;
    const Ordinal other{1 + dice.small(addresses - 1)};
    ReplicaEntry& entry = record.replicas[other];
    const bool desired = state.facts.desired && other.value < state.facts.desired->replicas;
    if (record.stage == RecordStage::gathering) {
        entry.claim = VolumeClaim::empty;
    } else if (entry.claim == VolumeClaim::holding && entry.member_id.value == 0) {
        entry.member_id = MemberId{100 + other.value};
        entry.nonce = Nonce{1000 + other.value};
    } else if (desired && entry.claim != VolumeClaim::holding) {
        entry.claim = VolumeClaim::wants_admission;
    } else if (dice.one_in(12)) {
        entry.claim = VolumeClaim::wants_admission;
    }
    record.revision = RecordRevision{record.revision.value + 1};
    return record;
}

inline Observation Life::helpful(const State& state, Dice& dice) const {
    const Facts& facts = state.facts;
    if (!facts.desired) return DesiredSeen{{3, PodManagement::parallel}};
    if (!facts.record_known) return RecordSeen{};
    const auto id = one_in_flight(state, dice);
    if (id && !dice.one_in(4)) {
        const CommandBody& body = state.in_flight.find(*id)->body;
        if (dice.one_in(12)) return CommandEnded{*id, Refused{Refusal::conflict, "no"}, {}};
        if (std::holds_alternative<StopEtcd>(body) && facts.etcd_running)
            return EtcdExited{{ExitClass::stopped, 0, 15, ""}};
        return CommandEnded{*id, Done{}, std::visit(Answer{state, dice}, body)};
    }
    switch (dice.roll(16)) {
        case 0:
            return TimerFired{};
        case 1:
            if (dice.one_in(4)) return DesiredSeen{{1 + dice.small(5), PodManagement::parallel}};
            return TimerFired{};
        case 2:
        case 3:
        case 4:
        case 5:
            if (auto record = moved_by_others(state, dice)) return RecordSeen{*record, ""};
            return TimerFired{};
        case 6:
            if (facts.etcd_running && dice.one_in(6))
                return EtcdExited{{ExitClass::killed, 0, 9, ""}};
            return TimerFired{};
        case 7:
            if (dice.one_in(40)) return StopRequested{};
            return TimerFired{};
        case 8:
        case 9:
        case 10:
            return ReplicaProbed{facts.settings.self,
                                 good_status(state, facts.settings.self, dice)};
        default: {
            const Ordinal ordinal{dice.small(addresses)};
            return ReplicaProbed{ordinal, good_status(state, ordinal, dice)};
        }
    }
}

}  // namespace quorate::test
