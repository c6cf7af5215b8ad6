#include "core/wire/event.hpp"

#include "core/wire/convert.hpp"

namespace quorate::wire {
namespace {

using wire::get;
using wire::put;

constexpr int kFirstObservation = 16;

struct PutOutcome {
    pb::CommandEnded* to;
    void operator()(const Done&) const { to->mutable_done(); }
    void operator()(const Refused& from) const {
        to->mutable_refused()->set_refusal(wire_value<pb::Refusal>(from.refusal));
        to->mutable_refused()->set_text(from.text);
    }
    void operator()(const Unknown& from) const { to->mutable_unknown()->set_text(from.text); }
};

struct PutBrought {
    pb::CommandEnded* to;
    void operator()(const Nothing&) const { to->mutable_nothing(); }
    void operator()(const DiskReport& from) const { put(from, to->mutable_disk_report()); }
    void operator()(const EtcdSpawned& from) const {
        to->mutable_etcd_spawned()->set_pid(from.pid);
    }
    void operator()(const AuthorityGranted& from) const {
        to->mutable_authority_granted()->set_fence(from.fence.value);
    }
    void operator()(const MemberList& from) const { put(from, to->mutable_member_list()); }
    void operator()(const LearnerAdded& from) const {
        to->mutable_learner_added()->set_member_id(from.member_id.value);
        put(from.list, to->mutable_learner_added()->mutable_list());
    }
    void operator()(const ContentCompared& from) const {
        put(from, to->mutable_content_compared());
    }
};

void put(const CommandEnded& from, pb::CommandEnded* to) {
    to->set_id(from.id.value);
    std::visit(PutOutcome{to}, from.outcome);
    std::visit(PutBrought{to}, from.brought);
}

struct PutObservation {
    pb::Event* to;
    void operator()(const AgentStarted& from) const {
        pb::AgentStarted* started = to->mutable_agent_started();
        put(from.settings, started->mutable_settings());
        started->set_entropy(from.entropy);
        started->set_fresh_lineage(from.fresh_lineage.value);
    }
    void operator()(const DesiredSeen& from) const {
        put(from.desired, to->mutable_desired_seen()->mutable_desired());
    }
    void operator()(const RecordSeen& from) const {
        pb::RecordSeen* seen = to->mutable_record_seen();
        if (from.record) put(*from.record, seen->mutable_record());
        seen->set_unreadable(from.unreadable);
    }
    void operator()(const ReplicaProbed& from) const {
        to->mutable_replica_probed()->set_ordinal(from.ordinal.value);
        put(from.status, to->mutable_replica_probed()->mutable_status());
    }
    void operator()(const MembersSeen& from) const {
        put(from.list, to->mutable_members_seen()->mutable_list());
    }
    void operator()(const EtcdExited& from) const {
        put(from.exit, to->mutable_etcd_exited()->mutable_exit());
    }
    void operator()(const AuthorityLost& from) const {
        to->mutable_authority_lost()->set_fence(from.fence.value);
        to->mutable_authority_lost()->set_why(from.why);
    }
    void operator()(const TimerFired&) const { to->mutable_timer_fired(); }
    void operator()(const StopRequested& from) const {
        to->mutable_stop_requested()->set_desired_unread(from.desired_unread);
    }
    void operator()(const RecoveryApproved& from) const {
        to->mutable_recovery_approved()->set_token(from.token);
    }
    void operator()(const CommandEnded& from) const { put(from, to->mutable_command_ended()); }
    void operator()(const PeerReported& from) const {
        to->mutable_peer_reported()->set_from(from.from.value);
        put(from.report, to->mutable_peer_reported()->mutable_report());
    }
    void operator()(const UnknownObservation& from) const {
        pb::Event::GetReflection()->MutableUnknownFields(to)->AddLengthDelimited(
            static_cast<int>(from.tag), from.bytes);
    }
};

bool get(const pb::AgentStarted& from, AgentStarted& to) {
    to.entropy = from.entropy();
    to.fresh_lineage = {from.fresh_lineage()};
    return get(from.settings(), to.settings);
}
bool get(const pb::DesiredSeen& from, DesiredSeen& to) { return get(from.desired(), to.desired); }
bool get(const pb::RecordSeen& from, RecordSeen& to) {
    to.unreadable = from.unreadable();
    return get_optional(from.has_record(), from.record(), to.record);
}
bool get(const pb::ReplicaProbed& from, ReplicaProbed& to) {
    to.ordinal = {from.ordinal()};
    return get(from.status(), to.status);
}
bool get(const pb::MembersSeen& from, MembersSeen& to) { return get(from.list(), to.list); }
bool get(const pb::EtcdExited& from, EtcdExited& to) { return get(from.exit(), to.exit); }
bool get(const pb::AuthorityLost& from, AuthorityLost& to) {
    to = {{from.fence()}, from.why()};
    return true;
}
bool get(const pb::RecoveryApproved& from, RecoveryApproved& to) {
    to.token = from.token();
    return true;
}
bool get(const pb::PeerReported& from, PeerReported& to) {
    to.from = {from.from()};
    return get(from.report(), to.report);
}
bool get(const pb::LearnerAdded& from, LearnerAdded& to) {
    to.member_id = {from.member_id()};
    return get(from.list(), to.list);
}

bool get_outcome(const pb::CommandEnded& from, CommandEnded& to) {
    switch (from.outcome_case()) {
        case pb::CommandEnded::kDone:
            to.outcome = Done{};
            return true;
        case pb::CommandEnded::kRefused: {
            Refused& refused = to.outcome.emplace<Refused>();
            refused.text = from.refused().text();
            return get_value<pb::Refusal>(from.refused().refusal(), refused.refusal);
        }
        case pb::CommandEnded::kUnknown:
            to.outcome = Unknown{from.unknown().text()};
            return true;
        case pb::CommandEnded::OUTCOME_NOT_SET:
            return false;
    }
    return false;
}

bool get_brought(const pb::CommandEnded& from, CommandEnded& to) {
    switch (from.brought_case()) {
        case pb::CommandEnded::kNothing:
            to.brought = Nothing{};
            return true;
        case pb::CommandEnded::kDiskReport:
            return get(from.disk_report(), to.brought.emplace<DiskReport>());
        case pb::CommandEnded::kEtcdSpawned:
            to.brought = EtcdSpawned{from.etcd_spawned().pid()};
            return true;
        case pb::CommandEnded::kAuthorityGranted:
            to.brought = AuthorityGranted{{from.authority_granted().fence()}};
            return true;
        case pb::CommandEnded::kMemberList:
            return get(from.member_list(), to.brought.emplace<MemberList>());
        case pb::CommandEnded::kLearnerAdded:
            return get(from.learner_added(), to.brought.emplace<LearnerAdded>());
        case pb::CommandEnded::kContentCompared:
            return get(from.content_compared(), to.brought.emplace<ContentCompared>());
        case pb::CommandEnded::BROUGHT_NOT_SET:
            return false;
    }
    return false;
}

bool get(const pb::CommandEnded& from, CommandEnded& to) {
    to.id = {from.id()};
    return get_outcome(from, to) && get_brought(from, to);
}

bool get_observation(const pb::Event& from, Observation& to) {
    switch (from.observation_case()) {
        case pb::Event::kAgentStarted:
            return get(from.agent_started(), to.emplace<AgentStarted>());
        case pb::Event::kDesiredSeen:
            return get(from.desired_seen(), to.emplace<DesiredSeen>());
        case pb::Event::kRecordSeen:
            return get(from.record_seen(), to.emplace<RecordSeen>());
        case pb::Event::kReplicaProbed:
            return get(from.replica_probed(), to.emplace<ReplicaProbed>());
        case pb::Event::kMembersSeen:
            return get(from.members_seen(), to.emplace<MembersSeen>());
        case pb::Event::kEtcdExited:
            return get(from.etcd_exited(), to.emplace<EtcdExited>());
        case pb::Event::kAuthorityLost:
            return get(from.authority_lost(), to.emplace<AuthorityLost>());
        case pb::Event::kTimerFired:
            to = TimerFired{};
            return true;
        case pb::Event::kStopRequested:
            to = StopRequested{from.stop_requested().desired_unread()};
            return true;
        case pb::Event::kRecoveryApproved:
            return get(from.recovery_approved(), to.emplace<RecoveryApproved>());
        case pb::Event::kCommandEnded:
            return get(from.command_ended(), to.emplace<CommandEnded>());
        case pb::Event::kPeerReported:
            return get(from.peer_reported(), to.emplace<PeerReported>());
        case pb::Event::OBSERVATION_NOT_SET:
            return false;
    }
    return false;
}

// The one field of an event that is its observation, as it stands in the bytes.
std::optional<UnknownObservation> unknown_in(std::string_view bytes) {
    Scratch scratch;
    auto* envelope = scratch.make<pb::Envelope>();
    if (!parse(bytes, envelope)) return std::nullopt;
    const auto& fields = envelope->GetReflection()->GetUnknownFields(*envelope);
    if (fields.field_count() != 1) return std::nullopt;
    const auto& field = fields.field(0);
    if (field.number() < kFirstObservation) return std::nullopt;
    if (field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) return std::nullopt;
    return UnknownObservation{static_cast<std::uint32_t>(field.number()), field.length_delimited()};
}

}  // namespace

void put(const Event& from, pb::Event* to) {
    to->set_seq(from.seq.value);
    to->set_at_us(from.at.us);
    std::visit(PutObservation{to}, from.observation);
}

std::string encode(const Event& event) { return encode_as<pb::Event>(event); }

std::variant<Event, WireError> decode_event(std::string_view bytes) {
    Scratch scratch;
    auto* message = scratch.make<pb::Event>();
    if (!parse(bytes, message)) return WireError{"these bytes are no event"};
    Event event{{message->seq()}, {message->at_us()}, TimerFired{}};
    if (get_observation(*message, event.observation) &&
        is_all_of<pb::Event>(event, bytes, scratch))
        return event;

    auto unknown = unknown_in(bytes);
    if (!unknown) return WireError{"the event does not hold one observation"};
    event.observation = std::move(*unknown);
    if (!is_all_of<pb::Event>(event, bytes, scratch)) return WireError{not_known("event")};
    return event;
}

}  // namespace quorate::wire
