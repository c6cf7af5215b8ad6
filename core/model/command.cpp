#include "core/model/command.hpp"

namespace quorate {

bool has_outcome(const CommandBody& body) {
    return !std::holds_alternative<WakeAt>(body) && !std::holds_alternative<ProbeReplicas>(body) &&
           !std::holds_alternative<AskPeers>(body) && !std::holds_alternative<ExitAgent>(body);
}

namespace {

struct NameOf {
    const char* operator()(const ExamineDisk&) const { return "ExamineDisk"; }
    const char* operator()(const SetAsideData&) const { return "SetAsideData"; }
    const char* operator()(const StampVolume&) const { return "StampVolume"; }
    const char* operator()(const StartEtcd&) const { return "StartEtcd"; }
    const char* operator()(const StopEtcd&) const { return "StopEtcd"; }
    const char* operator()(const RebuildEtcd&) const { return "RebuildEtcd"; }
    const char* operator()(const WriteRecord&) const { return "WriteRecord"; }
    const char* operator()(const AcquireAuthority&) const { return "AcquireAuthority"; }
    const char* operator()(const ReleaseAuthority&) const { return "ReleaseAuthority"; }
    const char* operator()(const ListMembers&) const { return "ListMembers"; }
    const char* operator()(const AddLearner&) const { return "AddLearner"; }
    const char* operator()(const PromoteMember&) const { return "PromoteMember"; }
    const char* operator()(const RemoveMember&) const { return "RemoveMember"; }
    const char* operator()(const MoveLeader&) const { return "MoveLeader"; }
    const char* operator()(const CompareContent&) const { return "CompareContent"; }
    const char* operator()(const DisarmCorrupt&) const { return "DisarmCorrupt"; }
    const char* operator()(const Compact&) const { return "Compact"; }
    const char* operator()(const Defragment&) const { return "Defragment"; }
    const char* operator()(const DisarmNospace&) const { return "DisarmNospace"; }
    const char* operator()(const ProbeReplicas&) const { return "ProbeReplicas"; }
    const char* operator()(const AskPeers&) const { return "AskPeers"; }
    const char* operator()(const WakeAt&) const { return "WakeAt"; }
    const char* operator()(const ExitAgent&) const { return "ExitAgent"; }
};

}  // namespace

const char* name_of(const CommandBody& body) { return std::visit(NameOf{}, body); }

}  // namespace quorate
