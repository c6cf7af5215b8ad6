// Laws of the two alarms of etcd (S13), over clusters whose members tell anything about them. What
// an agent may send is judged from what it was told, not from what it remembers of it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/explain.hpp"
#include "tests/property/ripe.hpp"

namespace quorate {
namespace {

using test::below;
using test::classify;
using test::Dice;

constexpr std::uint64_t quota = 1000;

// States in which this agent leads a cluster that has its members, and has nothing else to do.
const std::vector<State>& well() {
    static const std::vector<State> states = [] {
        std::vector<State> found;
        for (const State& state : test::ripe())
            if (state.replica.phase == ReplicaPhase::serving && state.facts.list &&
                state.facts.record && state.facts.record->cluster_id.value != 0 &&
                state.cluster.phase != ClusterPhase::quorum_lost &&
                state.cluster.phase != ClusterPhase::parked)
                found.push_back(state);
        for (State& state : found)
            state.facts.settings.quota = Bytes{quota};
        return found;
    }();
    return states;
}

// What the members have at the moment, and what they will tell.
struct Sick {
    bool nospace = false;
    bool corrupt = false;
    bool equal = true;  // their content
    std::vector<MemberId> accused;
    std::uint64_t size = 900;
};

Sick any_sick(const State& state, Dice& dice) {
    Sick sick;
    sick.nospace = dice.one_in(2);
    sick.corrupt = dice.one_in(2);
    sick.equal = !dice.one_in(4);
    sick.size = dice.one_in(3) ? 900 : 700;
    if (!sick.corrupt) return sick;
    const auto& members = state.facts.list->members;
    if (dice.one_in(3)) sick.accused.push_back(MemberId{});
    if (dice.one_in(3)) sick.accused.push_back(MemberId{77});  // removed long ago
    if (dice.one_in(4) && !members.empty())
        sick.accused.push_back(members[dice.roll(members.size())].id);
    return sick;
}

MemberStatus status_of(const State& state, const Sick& sick, Ordinal ordinal, Dice& dice) {
    const Facts& facts = state.facts;
    MemberStatus status;
    for (const ListedMember& member : facts.list->members)
        if (member.peer_urls.front() == test::address(ordinal.value)) {
            status.answers = true;
            status.member_id = member.id;
            status.learner = member.learner;
            status.serves = !member.learner && !dice.one_in(30);
        }
    const ReplicaEntry* own = facts.record->replicas.find(facts.settings.self);
    if (own != nullptr) status.leader = own->member_id;
    status.cluster_id = facts.record->cluster_id;
    status.term = Term{2};
    status.revision = Revision{5000 + static_cast<std::int64_t>(dice.roll(9))};
    status.version = Version{3, 6, 11};
    if (!status.answers) return status;
    status.alarm_nospace = sick.nospace;
    status.alarm_corrupt = sick.corrupt;
    status.accused = sick.accused;
    status.db_size = Bytes{sick.size};
    status.db_size_in_use = Bytes{sick.size - 100};
    return status;
}

// The next thing that happens; the illness changes now and then.
Observation next(const State& state, Sick& sick, Dice& dice) {
    if (dice.one_in(12)) sick = any_sick(state, dice);
    if (const auto id = one_in_flight(state, dice); id && !dice.one_in(5)) {
        const CommandBody& body = state.in_flight.find(*id)->body;
        if (dice.one_in(8)) return CommandEnded{*id, Unknown{"?"}, {}};
        Brought brought = std::visit(test::Answer{state, dice}, body);
        if (auto* compared = std::get_if<ContentCompared>(&brought))
            for (auto& [ordinal, hash] : compared->hashes)
                hash.hash = sick.equal ? 42 : ordinal.value;
        if (std::holds_alternative<Defragment>(body) && dice.one_in(2)) sick.size = 700;
        if (std::holds_alternative<DisarmNospace>(body) && !dice.one_in(3)) sick.nospace = false;
        if (std::holds_alternative<DisarmCorrupt>(body) && !dice.one_in(3)) sick.corrupt = false;
        return CommandEnded{*id, Done{}, brought};
    }
    if (dice.one_in(4)) return TimerFired{};
    const Ordinal ordinal{dice.small(test::addresses)};
    return ReplicaProbed{ordinal, status_of(state, sick, ordinal, dice)};
}

// All that one agent was told, kept without its help.
class Witness {
  public:
    explicit Witness(const State& start) : list_(*start.facts.list) {
        for (const auto& [ordinal, probe] : start.facts.probes)
            probes_[ordinal] = probe.status;
    }

    void hear(const State& before, const Event& event) {
        now_ = event.at;
        if (const auto* seen = std::get_if<ReplicaProbed>(&event.observation)) hear(*seen);
        const auto* ended = std::get_if<CommandEnded>(&event.observation);
        if (ended == nullptr) return;
        const CommandBody& body = before.in_flight.find(ended->id)->body;
        const bool done = std::holds_alternative<Done>(ended->outcome);
        if (const auto* list = std::get_if<MemberList>(&ended->brought)) list_ = *list;
        if (const auto* added = std::get_if<LearnerAdded>(&ended->brought)) list_ = added->list;
        // What a learner and its leader hold says nothing of the voters.
        if (const auto* compared = std::get_if<ContentCompared>(&ended->brought);
            compared != nullptr && !is_of_a_learner(body)) {
            compared_ = *compared;
            compared_at_ = now_;
        }
        if (const auto* compact = std::get_if<Compact>(&body); compact != nullptr && done)
            compacted_ = std::max(compacted_, compact->at);
        if (const auto* one = std::get_if<Defragment>(&body); one != nullptr && done)
            defragmented_[one->replica] = now_;
    }

    // What is defragmented before the compaction that was asked for last gives little back.
    void see(const Compact& compact) {
        wanted_ = compact.at;
        defragmented_.clear();
    }

    // Those that are not asked any more tell nothing; what they told before is no news.
    void see(const ProbeReplicas& asked) {
        std::erase_if(probes_, [&](const auto& probe) {
            const auto& all = asked.replicas;
            return std::find(all.begin(), all.end(), probe.first) == all.end();
        });
    }

    bool is_of_a_learner(const CommandBody& body) const {
        const auto* compare = std::get_if<CompareContent>(&body);
        return compare != nullptr &&
               std::any_of(list_.members.begin(), list_.members.end(), [&](const auto& member) {
                   const auto& asked = compare->replicas;
                   return member.learner &&
                          std::any_of(asked.begin(), asked.end(), [&](Ordinal one) {
                              return member.peer_urls.front() == test::address(one.value);
                          });
               });
    }

    // Why the CORRUPT alarm must not be disarmed now; nullptr: it may be.
    const char* against(const DisarmCorrupt& disarm) const {
        std::set<std::uint64_t> accused;
        for (const auto& [ordinal, status] : probes_)
            for (const MemberId id : status.accused)
                accused.insert(id.value);
        for (const MemberId id : disarm.accused)
            accused.erase(id.value);
        if (!accused.empty()) return nullptr;  // those stay armed: nothing is said about them
        std::size_t voters = 0;
        for (const ListedMember& member : list_.members) {
            const auto& ids = disarm.accused;
            if (std::find(ids.begin(), ids.end(), member.id) != ids.end())
                return "the accused data is in use";
            if (member.learner) return "a learner's content is not known";
            ++voters;
        }
        if (voters == 1) return nullptr;
        if (!compared_ || compared_at_ < corrupt_since_) return "nothing was compared since";
        std::size_t agree = 0;
        for (const auto& [ordinal, hash] : compared_->hashes)
            if (hash.answered && hash.hash == compared_->hashes.begin()->second.hash) ++agree;
        return agree == voters ? nullptr : "the members' content was not seen to agree";
    }

    const char* against_disarming_nospace() const {
        if (wanted_ == Revision{} || compacted_ < wanted_) return "nothing was compacted";
        for (const auto& [ordinal, status] : probes_) {
            if (status.alarm_corrupt) return "the content is doubted";
            if (!status.answers) continue;
            if (status.db_size.value > quota / 5 * 4) return "a file is too large";
            const auto done = defragmented_.find(ordinal);
            if (status.serves && done == defragmented_.end()) return "one was not defragmented";
        }
        return nullptr;
    }

  private:
    bool any(bool MemberStatus::*alarm) const {
        return std::any_of(probes_.begin(), probes_.end(),
                           [&](const auto& probe) { return probe.second.*alarm; });
    }
    void hear(const ReplicaProbed& seen) {
        const bool doubted = any(&MemberStatus::alarm_corrupt);
        probes_[seen.ordinal] = seen.status;
        if (!doubted && any(&MemberStatus::alarm_corrupt)) corrupt_since_ = now_;
        if (any(&MemberStatus::alarm_nospace)) return;
        wanted_ = Revision{};
        defragmented_.clear();
    }

    std::map<Ordinal, MemberStatus> probes_;
    MemberList list_;
    std::optional<ContentCompared> compared_;
    Instant now_;
    Instant compared_at_;
    Instant corrupt_since_;
    Revision wanted_;
    Revision compacted_;
    std::map<Ordinal, Instant> defragmented_;
};

constexpr int events = 100;

// Calls `judge` with each command as it is given, after a cluster fell ill.
template <class Judge>
void suffer(Judge judge) {
    State state = test::one_of(well());
    Dice dice(test::word());
    Witness witness(state);
    Sick sick = any_sick(state, dice);
    for (int i = 0; i < events; ++i) {
        const Span passed = dice.one_in(4) ? seconds(2) : milliseconds(200);
        const Event event{EventSeq{state.seq.value + 1}, state.now + passed,
                          next(state, sick, dice)};
        witness.hear(state, event);
        Step done = step(std::move(state), event);
        for (const Command& command : done.decision.commands) {
            if (const auto* compact = std::get_if<Compact>(&command.body)) witness.see(*compact);
            if (const auto* asked = std::get_if<ProbeReplicas>(&command.body)) witness.see(*asked);
            judge(witness, command, done.decision);
        }
        state = std::move(done.next);
    }
}

RC_GTEST_PROP(AlarmLaw, CorruptIsNotDisarmedWhileTheAccusedDataIsInUse, ()) {
    std::size_t disarmed = 0;
    suffer([&](const Witness& witness, const Command& command, const Decision& decision) {
        const auto* disarm = std::get_if<DisarmCorrupt>(&command.body);
        if (disarm == nullptr) return;
        ++disarmed;
        if (const char* why = witness.against(*disarm))
            RC_FAIL(std::string(why) + ": " + explain(decision));
    });
    classify(disarmed == 0, "never disarmed");
    classify(disarmed == 1, "disarmed once");
    classify(disarmed > 1, "disarmed again");
}

RC_GTEST_PROP(AlarmLaw, NospaceIsDisarmedOnlyOnceThereIsRoom, ()) {
    std::size_t disarmed = 0;
    std::size_t compacted = 0;
    suffer([&](const Witness& witness, const Command& command, const Decision& decision) {
        if (std::holds_alternative<Compact>(command.body)) ++compacted;
        if (!std::holds_alternative<DisarmNospace>(command.body)) return;
        ++disarmed;
        if (const char* why = witness.against_disarming_nospace())
            RC_FAIL(std::string(why) + ": " + explain(decision));
    });
    classify(compacted == 0, "nothing compacted");
    classify(compacted > 1, "compacted again");
    classify(disarmed == 1, "disarmed once");
    classify(disarmed > 1, "disarmed again");
}

}  // namespace
}  // namespace quorate
