#include "core/wire/decision.hpp"

#include <limits>

#include "core/wire/command.hpp"
#include "core/wire/convert.hpp"

namespace quorate::wire {
namespace {

struct PutBody {
    pb::Command* to;
    void operator()(const ExamineDisk&) const { to->mutable_examine_disk(); }
    void operator()(const SetAsideData& from) const {
        to->mutable_set_aside_data()->set_reason(from.reason);
    }
    void operator()(const StampVolume& from) const {
        put(from.identity, to->mutable_stamp_volume()->mutable_identity());
    }
    void operator()(const StartEtcd& from) const {
        pb::StartEtcd* start = to->mutable_start_etcd();
        start->set_name(from.name);
        start->set_initial_cluster(from.initial_cluster);
        start->set_token(from.token);
        start->set_founding(from.founding);
        put_texts(from.flags, start->mutable_flags());
    }
    void operator()(const StopEtcd& from) const {
        to->mutable_stop_etcd()->set_grace_us(from.grace.us);
    }
    void operator()(const RebuildEtcd& from) const {
        pb::RebuildEtcd* rebuild = to->mutable_rebuild_etcd();
        rebuild->set_epoch(from.epoch.value);
        rebuild->set_token(from.token);
        rebuild->set_name(from.name);
        rebuild->set_peer_url(from.peer_url);
        rebuild->set_bump(from.bump.value);
    }
    void operator()(const WriteRecord& from) const {
        pb::WriteRecord* write = to->mutable_write_record();
        write->set_expected(from.expected.value);
        put(from.record, write->mutable_record());
        write->set_fence(from.fence.value);
    }
    void operator()(const AcquireAuthority& from) const {
        to->mutable_acquire_authority()->set_ttl_us(from.ttl.us);
    }
    void operator()(const ReleaseAuthority& from) const {
        to->mutable_release_authority()->set_fence(from.fence.value);
    }
    void operator()(const ListMembers& from) const {
        to->mutable_list_members()->set_via(from.via.value);
    }
    void operator()(const AddLearner& from) const {
        pb::AddLearner* add = to->mutable_add_learner();
        add->set_via(from.via.value);
        add->set_ordinal(from.ordinal.value);
        add->set_peer_url(from.peer_url);
        add->set_fence(from.fence.value);
    }
    void operator()(const PromoteMember& from) const {
        put_change(from, to->mutable_promote_member());
    }
    void operator()(const RemoveMember& from) const {
        put_change(from, to->mutable_remove_member());
    }
    void operator()(const MoveLeader& from) const {
        pb::MoveLeader* move = to->mutable_move_leader();
        move->set_via(from.via.value);
        move->set_to(from.to.value);
        move->set_fence(from.fence.value);
    }
    void operator()(const CompareContent& from) const {
        put_ordinals(from.replicas, to->mutable_compare_content()->mutable_replicas());
    }
    void operator()(const DisarmCorrupt& from) const {
        to->mutable_disarm_corrupt()->set_via(from.via.value);
        to->mutable_disarm_corrupt()->set_fence(from.fence.value);
        for (const MemberId id : from.accused)
            to->mutable_disarm_corrupt()->add_accused(id.value);
    }
    void operator()(const Compact& from) const {
        pb::Compact* compact = to->mutable_compact();
        compact->set_via(from.via.value);
        compact->set_at(from.at.value);
        compact->set_fence(from.fence.value);
    }
    void operator()(const Defragment& from) const {
        to->mutable_defragment()->set_replica(from.replica.value);
        to->mutable_defragment()->set_fence(from.fence.value);
    }
    void operator()(const DisarmNospace& from) const {
        to->mutable_disarm_nospace()->set_via(from.via.value);
        to->mutable_disarm_nospace()->set_fence(from.fence.value);
    }
    void operator()(const ProbeReplicas& from) const {
        put_ordinals(from.replicas, to->mutable_probe_replicas()->mutable_replicas());
    }
    void operator()(const AskPeers& from) const {
        put_ordinals(from.peers, to->mutable_ask_peers()->mutable_peers());
    }
    void operator()(const WakeAt& from) const { to->mutable_wake_at()->set_at_us(from.at.us); }
    void operator()(const ExitAgent& from) const {
        to->mutable_exit_agent()->set_reason(from.reason);
    }

  private:
    template <class Change, class Message>
    static void put_change(const Change& from, Message* change) {
        change->set_via(from.via.value);
        change->set_member_id(from.member_id.value);
        change->set_fence(from.fence.value);
    }
};

StartEtcd start_of(const pb::StartEtcd& from) {
    return {.name = from.name(),
            .initial_cluster = from.initial_cluster(),
            .token = from.token(),
            .founding = from.founding(),
            .flags = {from.flags().begin(), from.flags().end()}};
}

bool get_write(const pb::WriteRecord& from, WriteRecord& to) {
    to.expected = {from.expected()};
    to.fence = {from.fence()};
    return get(from.record(), to.record);
}

// This agent's own disk, child, record and authority.
bool get_own(const pb::Command& from, CommandBody& to) {
    if (from.has_examine_disk()) {
        to = ExamineDisk{};
    } else if (from.has_set_aside_data()) {
        to = SetAsideData{from.set_aside_data().reason()};
    } else if (from.has_stamp_volume()) {
        return get(from.stamp_volume().identity(), to.emplace<StampVolume>().identity);
    } else if (from.has_start_etcd()) {
        to = start_of(from.start_etcd());
    } else if (from.has_stop_etcd()) {
        to = StopEtcd{{from.stop_etcd().grace_us()}};
    } else if (from.has_rebuild_etcd()) {
        const pb::RebuildEtcd& rebuild = from.rebuild_etcd();
        to = RebuildEtcd{{rebuild.epoch()},
                         rebuild.token(),
                         rebuild.name(),
                         rebuild.peer_url(),
                         {rebuild.bump()}};
    } else if (from.has_write_record()) {
        return get_write(from.write_record(), to.emplace<WriteRecord>());
    } else if (from.has_acquire_authority()) {
        to = AcquireAuthority{{from.acquire_authority().ttl_us()}};
    } else if (from.has_release_authority()) {
        to = ReleaseAuthority{{from.release_authority().fence()}};
    } else if (from.has_probe_replicas()) {
        return get_ordinals(from.probe_replicas().replicas(), to.emplace<ProbeReplicas>().replicas);
    } else if (from.has_ask_peers()) {
        return get_ordinals(from.ask_peers().peers(), to.emplace<AskPeers>().peers);
    } else if (from.has_wake_at()) {
        to = WakeAt{{from.wake_at().at_us()}};
    } else if (from.has_exit_agent()) {
        to = ExitAgent{from.exit_agent().reason()};
    } else {
        return false;
    }
    return true;
}

// Asked of etcd.
bool get_etcd(const pb::Command& from, CommandBody& to) {
    if (from.has_list_members()) {
        to = ListMembers{{from.list_members().via()}};
    } else if (from.has_add_learner()) {
        const pb::AddLearner& add = from.add_learner();
        to = AddLearner{{add.via()}, {add.ordinal()}, add.peer_url(), {add.fence()}};
    } else if (from.has_promote_member()) {
        const pb::PromoteMember& promote = from.promote_member();
        to = PromoteMember{{promote.via()}, {promote.member_id()}, {promote.fence()}};
    } else if (from.has_remove_member()) {
        const pb::RemoveMember& remove = from.remove_member();
        to = RemoveMember{{remove.via()}, {remove.member_id()}, {remove.fence()}};
    } else if (from.has_move_leader()) {
        const pb::MoveLeader& move = from.move_leader();
        to = MoveLeader{{move.via()}, {move.to()}, {move.fence()}};
    } else if (from.has_compare_content()) {
        return get_ordinals(from.compare_content().replicas(),
                            to.emplace<CompareContent>().replicas);
    } else if (from.has_disarm_corrupt()) {
        DisarmCorrupt disarm{{from.disarm_corrupt().via()}, {from.disarm_corrupt().fence()}, {}};
        for (const std::uint64_t id : from.disarm_corrupt().accused())
            disarm.accused.push_back({id});
        to = std::move(disarm);
    } else if (from.has_compact()) {
        const pb::Compact& compact = from.compact();
        to = Compact{{compact.via()}, {compact.at()}, {compact.fence()}};
    } else if (from.has_defragment()) {
        to = Defragment{{from.defragment().replica()}, {from.defragment().fence()}};
    } else if (from.has_disarm_nospace()) {
        to = DisarmNospace{{from.disarm_nospace().via()}, {from.disarm_nospace().fence()}};
    } else {
        return false;
    }
    return true;
}

void put(const RuleHit& from, pb::RuleHit* to) {
    to->set_rule(static_cast<std::uint32_t>(from.rule));
    to->set_machine(wire_value<pb::Machine>(from.machine));
    to->set_verdict(wire_value<pb::Verdict>(from.verdict));
    to->set_from(from.from);
    to->set_to(from.to);
    if (from.subject) to->set_subject(from.subject->value);
    to->set_detail(from.detail);
}

template <class Number>
bool get_number(std::uint32_t from, Number& to) {
    to = static_cast<Number>(from);
    return from <= std::numeric_limits<Number>::max();
}

bool get(const pb::RuleHit& from, RuleHit& to) {
    std::uint16_t rule = 0;
    if (!get_number(from.rule(), rule)) return false;
    to.rule = static_cast<RuleId>(rule);
    if (from.has_subject()) to.subject = Ordinal{from.subject()};
    to.detail = from.detail();
    return get_value<pb::Machine>(from.machine(), to.machine) &&
           get_value<pb::Verdict>(from.verdict(), to.verdict) && get_number(from.from(), to.from) &&
           get_number(from.to(), to.to);
}

}  // namespace

void put(const Command& from, pb::Command* to) {
    to->set_id(from.id.value);
    to->set_deadline_us(from.deadline.us);
    std::visit(PutBody{to}, from.body);
}

bool get(const pb::Command& from, Command& to) {
    to.id = {from.id()};
    to.deadline = {from.deadline_us()};
    return get_own(from, to.body) || get_etcd(from, to.body);
}

void put(const Decision& from, pb::Decision* to) {
    for (const RuleHit& hit : from.hits)
        put(hit, to->add_hits());
    put_all(from.commands, to->mutable_commands());
}

bool get(const pb::Decision& from, Decision& to) {
    for (const pb::RuleHit& hit : from.hits())
        if (!get(hit, to.hits.emplace_back())) return false;
    return get_all(from.commands(), to.commands);
}

std::string encode(const Command& command) { return encode_as<pb::Command>(command); }
std::variant<Command, WireError> decode_command(std::string_view bytes) {
    return decode_as<pb::Command, Command>(bytes, "command");
}

std::string encode(const Decision& decision) { return encode_as<pb::Decision>(decision); }
std::variant<Decision, WireError> decode_decision(std::string_view bytes) {
    return decode_as<pb::Decision, Decision>(bytes, "decision");
}

}  // namespace quorate::wire
