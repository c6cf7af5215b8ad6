#include "core/model/observation.hpp"

namespace quorate {
namespace {

struct NameOf {
    const char* operator()(const AgentStarted&) const { return "AgentStarted"; }
    const char* operator()(const DesiredSeen&) const { return "DesiredSeen"; }
    const char* operator()(const RecordSeen&) const { return "RecordSeen"; }
    const char* operator()(const ReplicaProbed&) const { return "ReplicaProbed"; }
    const char* operator()(const MembersSeen&) const { return "MembersSeen"; }
    const char* operator()(const EtcdExited&) const { return "EtcdExited"; }
    const char* operator()(const AuthorityLost&) const { return "AuthorityLost"; }
    const char* operator()(const TimerFired&) const { return "TimerFired"; }
    const char* operator()(const StopRequested&) const { return "StopRequested"; }
    const char* operator()(const RecoveryApproved&) const { return "RecoveryApproved"; }
    const char* operator()(const CommandEnded&) const { return "CommandEnded"; }
    const char* operator()(const PeerReported&) const { return "PeerReported"; }
    const char* operator()(const UnknownObservation&) const { return "UnknownObservation"; }
};

}  // namespace

const char* name_of(const Observation& observation) { return std::visit(NameOf{}, observation); }

}  // namespace quorate
