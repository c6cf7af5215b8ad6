#include "core/explain.hpp"

#include <string_view>

#include "core/machines/alarm.hpp"
#include "core/machines/authority.hpp"
#include "core/machines/cluster.hpp"
#include "core/machines/member.hpp"
#include "core/machines/process.hpp"
#include "core/machines/repair.hpp"
#include "core/machines/replica.hpp"
#include "core/machines/space.hpp"
#include "core/machines/volume.hpp"
#include "core/rules/etcd_versions.hpp"
#include "core/rules/membership_plan.hpp"
#include "core/rules/recovery_table.hpp"
#include "core/rules/version_gate.hpp"

namespace quorate {
namespace {

struct Reason {
    RuleId rule;
    const char* text;
};

// clang-format off
constexpr Reason reasons[] = {
    {RuleId::R01, "the volume is examined before anything runs on it"},
    {RuleId::R02, "no cluster yet: tells that this volume is empty"},
    {RuleId::R03, "tells again that this volume is empty; the record moved on meanwhile"},
    {RuleId::R04, "every founder's volume is empty: the founders are named, once"},
    {RuleId::R05, "the founders are named"},
    {RuleId::R06, "the volume may be used: claims it with a fresh nonce"},
    {RuleId::R07, "the volume is claimed: etcd is wanted"},
    {RuleId::R08, "the claim rests on facts that changed"},
    {RuleId::R09, "tells the record what its own etcd says"},
    {RuleId::R10, "etcd ended: the volume is examined again before the next start"},
    {RuleId::R11, "etcd itself condemned its data: sets it aside"},
    {RuleId::R12, "the volume is not the continuation of its identity: sets the data aside"},
    {RuleId::R13, "looks at what is left on the volume"},
    {RuleId::R14, "has nothing to continue: asks to be admitted as a learner"},
    {RuleId::R15, "asks again to be admitted; the record moved on meanwhile"},
    {RuleId::R16, "the answer to its request is there, or it is no longer wanted"},
    {RuleId::R17, "nothing to do: not desired, or paused"},
    {RuleId::R18, "what it waited for changed"},
    {RuleId::R19, "chosen survivor of an approved rebuild"},
    {RuleId::R20, "the rebuild did not end well: again, from where it stopped"},
    {RuleId::R21, "the rebuild is done: opens the new epoch in the record"},
    {RuleId::R22, "the new epoch is open"},
    {RuleId::R23, "leaves its final high-water mark in the record"},
    {RuleId::R24, "leaves; membership is as the desired replicas say"},
    {RuleId::R25, "parks: nothing here may be decided without a person"},
    {RuleId::R26, "the reason to be parked is gone"},
    {RuleId::R27, "the store lost the record, or went back: puts back the newest it knows"},
    {RuleId::R28, "the store lost the record, or went back: puts back the newest it knew"},
    {RuleId::R29, "the order to rebuild knew nothing of this volume, which holds more: takes it back"},
    {RuleId::V01, "announces the next nonce in the record"},
    {RuleId::V02, "announces it again; the record moved on meanwhile"},
    {RuleId::V03, "announced: stamps the volume"},
    {RuleId::V04, "stamps again"},
    {RuleId::V05, "stamped: confirms in the record"},
    {RuleId::V06, "confirms again; the record moved on meanwhile"},
    {RuleId::V07, "the volume is this replica's, until etcd ends"},
    {RuleId::V08, "the claim is dropped"},
    {RuleId::V09, "the claim is dropped"},
    {RuleId::V10, "the claim is dropped"},
    {RuleId::V11, "the claim ends with its etcd"},
    {RuleId::P01, "starts etcd"},
    {RuleId::P02, "etcd serves"},
    {RuleId::P03, "etcd ended before it served: waits longer before the next start"},
    {RuleId::P04, "etcd ended: waits before the next start"},
    {RuleId::P05, "waited long enough: starts etcd again"},
    {RuleId::P06, "etcd is not wanted: stops it"},
    {RuleId::P07, "etcd is not wanted: stops it"},
    {RuleId::P08, "etcd has stopped"},
    {RuleId::P09, "etcd is still there: stops it again"},
    {RuleId::P10, "etcd could not be started: waits"},
    {RuleId::M01, "a learner that has not started"},
    {RuleId::M02, "a learner that answers"},
    {RuleId::M03, "a voter that serves"},
    {RuleId::M04, "listed, but silent"},
    {RuleId::M05, "listed, but its volume or content is lost"},
    {RuleId::M06, "the learner has started"},
    {RuleId::M07, "it is a voter already"},
    {RuleId::M08, "a learner that does not start holds the only slot"},
    {RuleId::M09, "the joiner's volume is lost"},
    {RuleId::M10, "promoted and serving"},
    {RuleId::M11, "the learner fell silent"},
    {RuleId::M12, "the learner's volume or content is lost"},
    {RuleId::M13, "the voter fell silent; an ordinary restart looks the same"},
    {RuleId::M14, "the voter's volume or content is lost"},
    {RuleId::M15, "it serves again"},
    {RuleId::M16, "the learner answers again"},
    {RuleId::M17, "silent beyond the limit"},
    {RuleId::M18, "the silent one's volume or content is lost"},
    {RuleId::M19, "it serves again, before it was removed"},
    {RuleId::M20, "the learner answers again, before it was removed"},
    {RuleId::M21, "list and answer are from before its promotion: looked at again"},
    {RuleId::C01, "has authority over membership now"},
    {RuleId::C02, "grows by one replica"},
    {RuleId::C03, "shrinks by one replica"},
    {RuleId::C04, "repairs one replica"},
    {RuleId::C05, "the replica is in"},
    {RuleId::C06, "the replica is out"},
    {RuleId::C07, "the repair is closed"},
    {RuleId::C08, "gives authority back"},
    {RuleId::C09, "authority went while growing; whoever has it next goes on"},
    {RuleId::C10, "authority went while shrinking; whoever has it next goes on"},
    {RuleId::C11, "authority went while repairing; whoever has it next goes on"},
    {RuleId::C12, "nobody serves beyond the limit: quorum is lost"},
    {RuleId::C13, "nobody serves beyond the limit: quorum is lost"},
    {RuleId::C14, "nobody serves beyond the limit: quorum is lost"},
    {RuleId::C15, "nobody serves beyond the limit: quorum is lost"},
    {RuleId::C16, "nobody serves beyond the limit: quorum is lost"},
    {RuleId::C17, "somebody serves again"},
    {RuleId::C18, "tells what this volume still holds"},
    {RuleId::C19, "better survivors had their time to return: parks with a plan"},
    {RuleId::C20, "somebody serves again"},
    {RuleId::C21, "the rebuild is approved: orders it in the record"},
    {RuleId::C22, "the rebuild is approved: orders it in the record"},
    {RuleId::C23, "a rebuild is ordered"},
    {RuleId::C24, "a rebuild is ordered"},
    {RuleId::C25, "the cluster lives on in a new epoch"},
    {RuleId::C26, "another survivor has told of itself, or the order waits for its survivor: says so"},
    {RuleId::C27, "the one to rebuild from is scaled away: waits for it"},
    {RuleId::H01, "begins a removal"},
    {RuleId::H02, "the one that goes leads: moves leadership first"},
    {RuleId::H03, "removes the member; quorum stays"},
    {RuleId::H04, "still a voter: removes it again"},
    {RuleId::H05, "removes the learner"},
    {RuleId::H06, "removed: the record expels the identity"},
    {RuleId::H07, "expels again; the record moved on meanwhile"},
    {RuleId::H08, "the removal is complete"},
    {RuleId::H09, "begins an admission"},
    {RuleId::H10, "adds the replica as a learner"},
    {RuleId::H11, "added: the record tells the replica how to join"},
    {RuleId::H12, "the plan asks for something else by now: adds nobody"},
    {RuleId::H13, "tells again; the record moved on meanwhile"},
    {RuleId::H14, "told: waits for the learner to catch up"},
    {RuleId::H15, "compares the learner's content with the leader's"},
    {RuleId::H16, "equal content at one revision: promotes"},
    {RuleId::H17, "no progress, or no longer wanted: gives the learner slot back"},
    {RuleId::H18, "not promoted yet: compares again"},
    {RuleId::H19, "promoted: waits until it serves"},
    {RuleId::H20, "it serves: the admission is complete"},
    {RuleId::H21, "promoted but silent: the ordinary rules take it from here"},
    {RuleId::H22, "the learner was removed by somebody else"},
    {RuleId::H23, "the learner was removed by somebody else"},
    {RuleId::H24, "promoted already, by somebody else or with an answer that was lost: waits for it"},
    {RuleId::H25, "the reason for the removal is gone: gives it up"},
    {RuleId::H26, "the reason for the removal is gone: gives it up"},
    {RuleId::H27, "it holds other content than the leader at one revision: removes it"},
    {RuleId::H28, "it was removed by somebody else as soon as it was a voter"},
    {RuleId::A01, "there is work: asks for authority"},
    {RuleId::A02, "has authority"},
    {RuleId::A03, "somebody else has authority"},
    {RuleId::A04, "the work is done: gives authority back"},
    {RuleId::A05, "authority was lost"},
    {RuleId::A06, "authority is given back"},
    {RuleId::K01, "content is in doubt: compares the members at once"},
    {RuleId::K02, "the doubt is gone"},
    {RuleId::K03, "all voters hold the same and no accused data is in use: disarms the alarm"},
    {RuleId::K04, "parks: nobody but a person can say which content is right"},
    {RuleId::K05, "the alarm is disarmed"},
    {RuleId::K06, "the alarm still stands: looks again"},
    {RuleId::K07, "the doubt is gone"},
    {RuleId::K08, "the members can be judged again"},
    {RuleId::B01, "etcd refuses writes for want of space"},
    {RuleId::B02, "compacts, and keeps the newest revisions"},
    {RuleId::B03, "compacts again: the answer did not come, or said no"},
    {RuleId::B04, "compacted: free pages are given back member by member, the leader last"},
    {RuleId::B05, "defragments one member; it answers nobody meanwhile"},
    {RuleId::B06, "every member has room again: disarms the alarm"},
    {RuleId::B07, "not enough room yet: compacts everything"},
    {RuleId::B08, "parks: what is stored fills the quota, and only a person may delete it"},
    {RuleId::B09, "the alarm still stands: disarms it again"},
    {RuleId::B10, "much was deleted: makes room of it"},
    {RuleId::B11, "the alarm is gone"},
    {RuleId::B12, "the alarm is gone"},
    {RuleId::B13, "the alarm is gone"},
    {RuleId::B14, "the alarm is disarmed"},
    {RuleId::B15, "the alarm is gone"},
    {RuleId::B16, "authority is gone: whoever has it next begins again"},
    {RuleId::B17, "authority is gone: whoever has it next begins again"},
    {RuleId::B18, "authority is gone: whoever has it next begins again"},
    {RuleId::B19, "a file grew too large before the alarm went: begins again"},
    {RuleId::L01, "asks for a linearizable member list"},
    {RuleId::L02, "compares the voters' content at one revision"},
    {RuleId::L03, "reads how far this volume reaches"},
    {RuleId::L04, "tells the prober whom to ask"},
    {RuleId::L05, "asks the other agents what they remember of this volume"},
};
// clang-format on

std::string ordinal_text(Ordinal ordinal) { return std::to_string(ordinal.value); }

std::string text_of(const std::variant<Done, Refused, Unknown>& outcome) {
    if (const auto* refused = std::get_if<Refused>(&outcome)) return "refused: " + refused->text;
    if (const auto* unknown = std::get_if<Unknown>(&outcome)) return "unknown: " + unknown->text;
    return "done";
}

const char* name_of(DiskShape shape) {
    switch (shape) {
        case DiskShape::empty:
            return "empty";
        case DiskShape::whole:
            return "whole";
        case DiskShape::db_without_wal:
            return "a db without a WAL";
        case DiskShape::wal_without_db:
            return "a WAL without a db";
        case DiskShape::unreadable:
            return "damaged";
    }
    return "?";
}

struct Words {
    std::string operator()(const Nothing&) const { return {}; }
    std::string operator()(const DiskReport& disk) const {
        std::string text = std::string("; the disk is ") + name_of(disk.shape);
        if (disk.last.index.value != 0)
            text += ", last entry term " + std::to_string(disk.last.term.value) + " index " +
                    std::to_string(disk.last.index.value);
        return disk.fault.empty() ? text : text + " (" + disk.fault + ")";
    }
    std::string operator()(const EtcdSpawned& spawned) const {
        return "; etcd has pid " + std::to_string(spawned.pid);
    }
    std::string operator()(const AuthorityGranted& granted) const {
        return "; fence " + std::to_string(granted.fence.value);
    }
    std::string operator()(const MemberList& list) const {
        return "; " + std::to_string(list.members.size()) + " members";
    }
    std::string operator()(const LearnerAdded& added) const {
        return "; learner " + hex(added.member_id);
    }
    std::string operator()(const ContentCompared& compared) const {
        return "; " + std::to_string(compared.hashes.size()) + " hashes at revision " +
               std::to_string(compared.revision.value);
    }
};

struct Seen {
    std::string operator()(const AgentStarted& seen) const {
        return "the agent of replica " + ordinal_text(seen.settings.self) + " started, etcd " +
               to_text(seen.settings.etcd_version);
    }
    std::string operator()(const DesiredSeen& seen) const {
        return std::to_string(seen.desired.replicas) + " replicas are desired";
    }
    std::string operator()(const RecordSeen& seen) const {
        if (!seen.unreadable.empty()) return "the cluster record is unreadable: " + seen.unreadable;
        if (!seen.record) return "there is no cluster record";
        return "the cluster record is at revision " + std::to_string(seen.record->revision.value);
    }
    std::string operator()(const ReplicaProbed& seen) const {
        const MemberStatus& status = seen.status;
        const std::string who = "replica " + ordinal_text(seen.ordinal);
        if (status.unresolved) return who + " cannot be asked: its name does not resolve";
        if (!status.answers) return who + " does not answer";
        return who +
               (status.learner  ? " answers as a learner"
                : status.serves ? " serves"
                                : " answers but does not serve") +
               ", term " + std::to_string(status.term.value) + " index " +
               std::to_string(status.index.value);
    }
    std::string operator()(const MembersSeen& seen) const {
        return "its etcd lists " + std::to_string(seen.list.members.size()) + " members";
    }
    std::string operator()(const EtcdExited& seen) const {
        const std::string how = seen.exit.signal != 0
                                    ? "signal " + std::to_string(seen.exit.signal)
                                    : "status " + std::to_string(seen.exit.status);
        return "etcd ended with " + how +
               (seen.exit.last_line.empty() ? "" : ": " + seen.exit.last_line);
    }
    std::string operator()(const AuthorityLost& seen) const {
        return "authority lost: " + seen.why;
    }
    std::string operator()(const TimerFired&) const { return "time passed"; }
    std::string operator()(const StopRequested& seen) const {
        return seen.desired_unread ? "asked to stop; the desired replicas are out of reach"
                                   : "asked to stop";
    }
    std::string operator()(const RecoveryApproved& seen) const {
        return "recovery approved with token " + seen.token;
    }
    std::string operator()(const CommandEnded& seen) const {
        return "command #" + std::to_string(seen.id.value) + " " + text_of(seen.outcome) +
               std::visit(Words{}, seen.brought);
    }
    std::string operator()(const PeerReported& seen) const {
        std::string text = "the agent of replica " + ordinal_text(seen.from) + " tells of itself";
        for (const auto& [ordinal, remembered] : seen.report.others)
            text += ", remembers replica " + ordinal_text(ordinal) + " at term " +
                    std::to_string(remembered.position.term.value) + " index " +
                    std::to_string(remembered.position.index.value);
        if (seen.report.content) text += found_text(*seen.report.content);
        return text;
    }
    static std::string found_text(const ContentFound& found) {
        std::string text;
        for (const MemberId id : found.doubted)
            text += ", doubts the content of member " + hex(id);
        for (const MemberId id : found.agreed)
            text += ", found that member " + hex(id) + " agrees";
        return text + ", compared " + std::to_string(found.age.us / 1'000'000) + " s ago";
    }
    std::string operator()(const UnknownObservation& seen) const {
        return "an event of a newer release, type " + std::to_string(seen.tag);
    }
};

struct Wanted {
    std::string operator()(const ExamineDisk&) const { return "examine the volume"; }
    std::string operator()(const SetAsideData& body) const {
        return "set the data aside as " + body.reason;
    }
    std::string operator()(const StampVolume&) const { return "stamp the volume"; }
    std::string operator()(const StartEtcd& body) const {
        return "start etcd as " + body.name + (body.founding ? ", founding" : ", joining");
    }
    std::string operator()(const StopEtcd&) const { return "stop etcd"; }
    std::string operator()(const RebuildEtcd& body) const {
        return "rebuild epoch " + std::to_string(body.epoch.value) + " from this volume";
    }
    std::string operator()(const WriteRecord& body) const {
        return "write record revision " + std::to_string(body.record.revision.value);
    }
    std::string operator()(const AcquireAuthority&) const { return "acquire authority"; }
    std::string operator()(const ReleaseAuthority&) const { return "release authority"; }
    std::string operator()(const ListMembers&) const { return "list members"; }
    std::string operator()(const AddLearner& body) const {
        return "add replica " + ordinal_text(body.ordinal) + " as a learner";
    }
    std::string operator()(const PromoteMember& body) const {
        return "promote member " + hex(body.member_id);
    }
    std::string operator()(const RemoveMember& body) const {
        return "remove member " + hex(body.member_id);
    }
    std::string operator()(const MoveLeader& body) const {
        return "move leadership to " + hex(body.to);
    }
    std::string operator()(const CompareContent& body) const {
        return "compare the content of " + std::to_string(body.replicas.size()) + " replicas";
    }
    std::string operator()(const DisarmCorrupt&) const { return "disarm the CORRUPT alarm"; }
    std::string operator()(const Compact& body) const {
        return "compact up to revision " + std::to_string(body.at.value);
    }
    std::string operator()(const Defragment& body) const {
        return "defragment replica " + std::to_string(body.replica.value);
    }
    std::string operator()(const DisarmNospace&) const { return "disarm the NOSPACE alarm"; }
    std::string operator()(const ProbeReplicas& body) const {
        return "probe " + std::to_string(body.replicas.size()) + " replicas";
    }
    std::string operator()(const AskPeers& body) const {
        return "ask " + std::to_string(body.peers.size()) + " agents what they remember";
    }
    std::string operator()(const WakeAt&) const { return "wake later"; }
    std::string operator()(const ExitAgent& body) const { return "exit: " + body.reason; }
};

}  // namespace

std::string rule_name(RuleId rule) {
    const auto number = static_cast<std::uint16_t>(rule);
    const std::uint16_t within = number % 100;
    char letter = '?';
    switch (number / 100) {
        case 1:
            letter = within > 50 ? 'V' : 'R';
            break;
        case 2:
            letter = 'P';
            break;
        case 3:
            letter = 'M';
            break;
        case 4:
            letter = 'C';
            break;
        case 5:
            letter = 'H';
            break;
        case 6:
            letter = 'A';
            break;
        case 10:
            letter = 'K';
            break;
        case 11:
            letter = 'B';
            break;
        case 7:
            letter = 'D';
            break;
        case 8:
            letter = 'L';
            break;
        case 9:
            letter = 'N';
            break;
        case 12:
            letter = 'U';
            break;
        default:
            break;
    }
    const int shown = letter == 'V' ? within - 50 : within;
    std::string text(1, letter);
    if (shown < 10) text += '0';
    return text + std::to_string(shown);
}

const char* machine_name(Machine machine) {
    switch (machine) {
        case Machine::replica:
            return "replica";
        case Machine::volume:
            return "volume";
        case Machine::process:
            return "process";
        case Machine::member:
            return "member";
        case Machine::cluster:
            return "cluster";
        case Machine::repair:
            return "repair";
        case Machine::authority:
            return "authority";
        case Machine::look:
            return "look";
        case Machine::alarm:
            return "alarm";
        case Machine::space:
            return "space";
    }
    return "?";
}

const char* phase_name(Machine machine, std::uint8_t phase) {
    switch (machine) {
        case Machine::replica:
            return replica_phase_name(phase);
        case Machine::volume:
            return volume_phase_name(phase);
        case Machine::process:
            return process_phase_name(phase);
        case Machine::member:
            return member_phase_name(phase);
        case Machine::cluster:
            return cluster_phase_name(phase);
        case Machine::repair:
            return repair_phase_name(phase);
        case Machine::authority:
            return authority_phase_name(phase);
        case Machine::look:
            return "";
        case Machine::alarm:
            return alarm_phase_name(phase);
        case Machine::space:
            return space_phase_name(phase);
    }
    return "?";
}

bool is_parked(Machine machine, std::uint8_t phase) {
    return std::string_view(phase_name(machine, phase)) == "parked";
}

const char* because_of(RuleId rule) {
    for (const Reason& reason : reasons)
        if (reason.rule == rule) return reason.text;
    for (const RecoveryRow* row = begin_of_recovery_table(); row != end_of_recovery_table(); ++row)
        if (row->id == rule) return row->because;
    if (const char* gate = because_of_gate(rule); gate[0] != '\0') return gate;
    return because(rule);
}

std::string explain(const RuleHit& hit) {
    std::string text;
    if (hit.subject) text = "replica " + ordinal_text(*hit.subject) + ": ";
    if (hit.verdict == Verdict::no_row) {
        text += "no rule for this; nothing more is decided";
    } else {
        if (hit.verdict == Verdict::refused) text += "refused: ";
        text += because_of(hit.rule);
    }
    if (!hit.detail.empty()) text += ": " + hit.detail;
    if (hit.verdict != Verdict::no_row) text += " (" + rule_name(hit.rule);
    if (hit.verdict != Verdict::no_row && hit.from != hit.to)
        text += std::string(" ") + phase_name(hit.machine, hit.from) + " -> " +
                phase_name(hit.machine, hit.to);
    if (hit.verdict != Verdict::no_row) text += ")";
    return text;
}

std::string explain(const Decision& decision) {
    std::string text;
    for (const RuleHit& hit : decision.hits) {
        if (!text.empty()) text += "; ";
        text += explain(hit);
    }
    return text;
}

std::string explain(const Command& command) { return std::visit(Wanted{}, command.body); }

std::string explain(const Observation& observation) { return std::visit(Seen{}, observation); }

std::vector<MachineTable> all_tables() {
    return {{Machine::replica, replica_rows()},     {Machine::volume, volume_rows()},
            {Machine::process, process_rows()},     {Machine::member, member_rows()},
            {Machine::cluster, cluster_rows()},     {Machine::repair, repair_rows()},
            {Machine::authority, authority_rows()}, {Machine::alarm, alarm_rows()},
            {Machine::space, space_rows()}};
}

}  // namespace quorate
