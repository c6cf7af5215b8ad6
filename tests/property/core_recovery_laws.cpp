// Laws of a disk and its identity, and of what is done after a majority is gone.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "core/model/state.hpp"
#include "core/rules/identity.hpp"
#include "core/rules/record_edits.hpp"
#include "core/rules/recovery_plan.hpp"
#include "core/rules/recovery_table.hpp"
#include "tests/property/law.hpp"

namespace quorate {
namespace {

using test::below;
using test::classify;
using test::coin;
using test::one_in;

// ---- plan_recovery

LogPosition any_position() { return {Term{1 + below(3)}, LogIndex{1 + below(50)}}; }

ClusterRecord any_record() {
    ClusterRecord record;
    record.lineage = Lineage{"lineage"};
    record.epoch = Epoch{below(3)};
    record.stage = one_in(4) ? RecordStage::forming : RecordStage::formed;
    const std::uint32_t replicas = 1 + below(5);
    for (std::uint32_t i = 0; i < replicas; ++i) {
        ReplicaEntry& entry = record.replicas[Ordinal{i}];
        record.founders.push_back(Ordinal{i});
        entry.member_id = MemberId{one_in(4) ? 0 : 100 + i};
        entry.high_water = any_position();
        entry.high_water_final = coin();
        if (coin()) entry.surviving = any_position();
        if (entry.surviving && one_in(3)) entry.seen = any_position().index;
        entry.claim = one_in(3) ? VolumeClaim::wants_admission : VolumeClaim::holding;
    }
    return record;
}

bool is_member(const ClusterRecord& record, const ReplicaEntry& entry) {
    return entry.member_id.value != 0 || record.stage == RecordStage::forming;
}

void classify_plan(const RecoveryPlan& plan) {
    classify(plan.may_lose, "may lose");
    classify(!plan.may_lose, "loses nothing");
    classify(!plan.silent.empty(), "somebody is silent");
    classify(plan.survivors.size() > 1, "more than one survivor");
}

RC_GTEST_PROP(RecoveryLaw, TheSurvivorIsNeverBehindAnother, ()) {
    const ClusterRecord record = any_record();
    const auto plan = plan_recovery(record);
    bool somebody = false;
    for (const auto& [ordinal, entry] : record.replicas)
        somebody = somebody || (is_member(record, entry) && entry.surviving);
    classify(!plan, "no survivor");
    RC_ASSERT(plan.has_value() == somebody);
    if (!plan) return;
    classify_plan(*plan);
    const Survivor best = plan->survivors.front();
    for (const auto& [ordinal, entry] : record.replicas) {
        if (!is_member(record, entry) || !entry.surviving) continue;
        RC_ASSERT(*entry.surviving <= best.position);
        if (*entry.surviving == best.position) RC_ASSERT(best.ordinal <= ordinal);
    }
}

RC_GTEST_PROP(RecoveryLaw, NothingLostMeansThatNothingIsKnownBeyondTheSurvivor, ()) {
    const ClusterRecord record = any_record();
    const auto plan = plan_recovery(record);
    if (!plan || plan->may_lose) return classify(false, "loses nothing");
    classify(true, "loses nothing");
    const LogPosition best = plan->survivors.front().position;
    for (const auto& [ordinal, entry] : record.replicas) {
        RC_ASSERT(entry.high_water <= best);
        RC_ASSERT(entry.seen <= best.index);
        const bool never_ran = entry.member_id.value == 0 && entry.nonce.value == 0;
        if (is_member(record, entry) && !entry.surviving && !never_ran)
            RC_ASSERT(entry.high_water_final);
    }
}

// S8: what the survivor counts next is above all that anybody can have been told.
RC_GTEST_PROP(RecoveryLaw, TheBumpReachesBeyondEveryMark, ()) {
    const ClusterRecord record = any_record();
    const auto plan = plan_recovery(record);
    if (!plan) return classify(false, "a survivor");
    classify(true, "a survivor");
    const std::uint64_t reached = plan->survivors.front().position.index.value + plan->bump.value;
    bool ahead = false;
    for (const auto& [ordinal, entry] : record.replicas) {
        if (!is_member(record, entry)) continue;
        ahead = ahead || entry.high_water.index > plan->survivors.front().position.index;
        if (plan->bump.value > 0) RC_ASSERT(entry.high_water.index.value < reached);
        if (plan->bump.value > 0) RC_ASSERT(entry.seen.value < reached);
    }
    classify(ahead, "a mark is ahead of the survivor");
    if (plan->bump.value == 0) RC_ASSERT(record.stage == RecordStage::forming);
}

// The same replicas under other numbers, in the same order: everything but the token is the same
// plan. In another order only which of equal survivors is taken may differ.
RC_GTEST_PROP(RecoveryLaw, OtherOrdinalsAreTheSamePlan, ()) {
    const ClusterRecord record = any_record();
    std::vector<std::uint32_t> to(record.replicas.size());
    std::uint32_t next = 0;
    for (std::uint32_t& ordinal : to)
        ordinal = next += 1 + below(3);
    const bool turned = coin();
    if (turned) std::reverse(to.begin(), to.end());
    ClusterRecord other = record;
    other.replicas.clear();
    other.founders.clear();
    for (const auto& [ordinal, entry] : record.replicas) {
        other.replicas[Ordinal{to[ordinal.value]}] = entry;
        other.founders.push_back(Ordinal{to[ordinal.value]});
    }
    const auto plan = plan_recovery(record);
    const auto same = plan_recovery(other);
    RC_ASSERT(plan.has_value() == same.has_value());
    if (!plan) return;
    classify(turned, "in another order");
    classify(!turned, "in the same order");
    RC_ASSERT(plan->may_lose == same->may_lose);
    RC_ASSERT(plan->bump == same->bump);
    RC_ASSERT(plan->silent.size() == same->silent.size());
    RC_ASSERT(plan->gone.size() == same->gone.size());
    RC_ASSERT(plan->survivors.size() == same->survivors.size());
    for (std::size_t i = 0; i < plan->survivors.size(); ++i) {
        RC_ASSERT(plan->survivors[i].position == same->survivors[i].position);
        if (!turned)
            RC_ASSERT(to[plan->survivors[i].ordinal.value] == same->survivors[i].ordinal.value);
    }
}

// ---- tokens: what a person approved is exactly what is done, or it is refused

// Changes one thing that a plan is made from; what, for the histogram.
const char* change_one_thing(ClusterRecord& record) {
    const auto at =
        record.replicas.begin() + below(static_cast<std::uint32_t>(record.replicas.size()));
    ReplicaEntry& entry = at->second;
    switch (below(8)) {
        case 0:
            record.epoch.value += 1;
            return "the epoch";
        case 1:
            record.lineage.value += "'";
            return "the lineage";
        case 2:
            entry.surviving = any_position();
            return "a survivor's position";
        case 3:
            entry.surviving.reset();
            return "a survivor is none any more";
        case 4:
            entry.claim = VolumeClaim::wants_admission;
            return "a volume is lost";
        case 5:
            entry.member_id = MemberId{};
            return "a member is gone";
        case 6:
            entry.high_water = any_position();
            return "a high-water mark";
        default:
            entry.high_water_final = !entry.high_water_final;
            return "a mark is final or not";
    }
}

// What a person read before approving.
auto shown(const ClusterRecord& record, const RecoveryPlan& plan) {
    return std::tuple(record.lineage, record.epoch, plan.survivors, plan.gone, plan.silent,
                      plan.may_lose);
}

RC_GTEST_PROP(RecoveryLaw, TheTokenIsOfExactlyThisPlan, ()) {
    const ClusterRecord record = any_record();
    ClusterRecord changed = record;
    const std::string what = change_one_thing(changed);
    const auto before = plan_recovery(record);
    const auto after = plan_recovery(changed);
    if (!before || !after) return;
    const bool same = shown(record, *before) == shown(changed, *after);
    classify(!same, what);
    classify(same, "nothing that was shown");
    classify(before->may_lose != after->may_lose, "whether anything may be lost");
    RC_ASSERT(same == (before->token == after->token));
}

// ---- the decision table

// I3, B4 and B5 in one breath, without looking at the rows.
RecoveryVerdict by_the_requirements(const RecoveryCase& c) {
    if (c.paused) return RecoveryVerdict::wait;
    if ((c.continues && !c.data) || (c.unused && c.data)) return RecoveryVerdict::impossible;
    if (!c.founded && c.data) return RecoveryVerdict::refuse_to_found;
    if (!c.founded) return c.wanted ? RecoveryVerdict::tell_empty : RecoveryVerdict::wait;
    if (c.member && (c.continues || c.unused)) return RecoveryVerdict::start;
    if (c.data) return RecoveryVerdict::set_aside;
    return c.wanted ? RecoveryVerdict::ask_admission : RecoveryVerdict::wait;
}

bool fits(const RecoveryRow& row, std::uint32_t bits) {
    for (std::size_t i = 0; i < row.needs.size(); ++i)
        if (row.needs[i] != Need::_ && (row.needs[i] == Need::y) != ((bits >> i & 1) != 0))
            return false;
    return true;
}

RC_GTEST_PROP(RecoveryLaw, OneRowAnswersEachCaseAndSaysWhatTheRequirementsSay, ()) {
    // Half of the cases would be paused ones.
    const std::uint32_t bits = below(1U << 7) & (one_in(4) ? ~0U : ~1U);
    const auto bit = [&](int i) { return (bits >> i & 1) != 0; };
    const RecoveryCase input{bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6)};
    const RecoveryRow& row = recovery_rule(input);
    static const char* verdicts[] = {"wait",      "tell_empty",    "refuse_to_found", "start",
                                     "set_aside", "ask_admission", "impossible"};
    for (std::size_t i = 0; i < std::size(verdicts); ++i)
        classify(row.verdict == static_cast<RecoveryVerdict>(i), verdicts[i]);
    RC_ASSERT(std::count_if(begin_of_recovery_table(), end_of_recovery_table(),
                            [&](const RecoveryRow& one) { return fits(one, bits); }) == 1);
    RC_ASSERT(fits(row, bits));
    // What is empty and unused under no identity at all is asked for by nobody: either may say so.
    const bool nobodys = !input.member && input.unused && input.founded;
    if (!nobodys) RC_ASSERT(row.verdict == by_the_requirements(input));
    if (nobodys) RC_ASSERT(row.verdict != RecoveryVerdict::start);
}

// ---- S5: etcd never starts on a disk that is not the continuation of what it last ran

// The life of one volume, step by step of the two-step start, with a copy taken after each step.
// The record is edited as the agent edits it; what is true is told here alone.
class Volume {
  public:
    struct Copy {
        DiskReport disk;
        std::uint64_t stamp = 0;  // which start it was stamped for last; 0: none
    };

    Volume() {
        ClusterRecord record;
        record.lineage = Lineage{"lineage"};
        record.stage = RecordStage::formed;
        record.replicas[Ordinal{0}].claim = VolumeClaim::holding;
        facts_.record = record;
        keep();
    }

    enum Step { announced, stamped, confirmed, ran };

    // A start that got as far as this; then the agent crashed.
    void start(Step last) {
        const Nonce nonce{++drawn_};
        facts_.disk = now_.disk;
        facts_.record = with_announced(facts_, nonce);
        if (last == announced) return;
        const bool data = now_.disk.shape != DiskShape::empty;
        now_.disk.identity = VolumeIdentity{Lineage{"lineage"}, Epoch{}, Ordinal{0}, nonce, data,
                                            now_.disk.last,     {}};
        now_.stamp = drawn_;
        keep();
        if (last == stamped) return;
        facts_.record = with_confirmed(facts_, nonce);
        if (last == ran) run();
    }

    const Copy& now() const { return now_; }
    const std::vector<Copy>& copies() const { return copies_; }
    // The last start after which etcd ran.
    std::uint64_t ran_last() const { return ran_last_; }
    LogPosition recorded() const { return facts_.record->replicas.find(Ordinal{0})->high_water; }

    bool may_start(const DiskReport& disk) const {
        const VolumeFacts facts{Ordinal{0}, disk, *facts_.record};
        return disk.shape == DiskShape::empty ? start_unused(facts) : !discontinuity(facts);
    }

  private:
    void keep() { copies_.push_back(now_); }

    void run() {
        ran_last_ = drawn_;
        ReplicaEntry& entry = facts_.record->replicas[Ordinal{0}];
        for (std::uint32_t writes = below(4); writes > 0; --writes) {
            DiskReport& disk = now_.disk;
            disk.shape = DiskShape::whole;
            disk.member_id = MemberId{7};
            disk.last = {Term{drawn_}, LogIndex{disk.last.index.value + 1 + below(9)}};
            entry.member_id = MemberId{7};
            if (one_in(3)) entry.high_water = disk.last;
            keep();
        }
    }

    Facts facts_;
    Copy now_;
    std::uint64_t drawn_ = 0;
    std::uint64_t ran_last_ = 0;
    std::vector<Copy> copies_;
};

Volume any_volume() {
    Volume volume;
    for (std::uint32_t starts = 1 + below(4); starts > 0; --starts)
        volume.start(one_in(3) ? static_cast<Volume::Step>(below(4)) : Volume::ran);
    return volume;
}

RC_GTEST_PROP(IdentityLaw, ACopyFromBeforeTheLastStartThatRanNeverStarts, ()) {
    const Volume volume = any_volume();
    const Volume::Copy& copy = test::one_of(volume.copies());
    const bool earlier = copy.stamp < volume.ran_last();
    const bool behind = copy.disk.last < volume.recorded();
    classify(earlier, "of an earlier start");
    classify(!earlier && behind, "of this start, behind its mark");
    classify(!earlier && !behind, "of this start");
    classify(copy.disk.shape == DiskShape::empty, "empty");
    if (earlier || behind) RC_ASSERT(!volume.may_start(copy.disk));
}

// The other half, without which a law that refuses everything would do.
RC_GTEST_PROP(IdentityLaw, TheVolumeItselfStartsWhereverItsStartWasCutShort, ()) {
    const Volume volume = any_volume();
    const DiskReport& disk = volume.now().disk;
    classify(disk.shape == DiskShape::empty, "before its first write");
    classify(disk.shape == DiskShape::whole, "with data");
    classify(volume.now().stamp > volume.ran_last(), "stamped, not run");
    RC_ASSERT(volume.may_start(disk));
}

// Whatever else is wrong with a disk, it does not start under this identity.
RC_GTEST_PROP(IdentityLaw, AForeignDiskNeverStarts, ()) {
    const Volume volume = any_volume();
    DiskReport disk = volume.now().disk;
    if (!disk.identity) disk.identity = VolumeIdentity{};
    switch (below(5)) {
        case 0:
            disk.identity->lineage = Lineage{"another"};
            break;
        case 1:
            disk.identity->ordinal = Ordinal{1};
            break;
        case 2:
            disk.identity->epoch = Epoch{1};
            break;
        case 3:
            disk.identity->nonce = Nonce{1000 + below(9)};
            break;
        default:
            disk.member_id = MemberId{8};
            break;
    }
    const bool whole = disk.shape == DiskShape::whole;
    classify(whole, "with data");
    classify(!whole, "empty");
    if (whole) RC_ASSERT(!volume.may_start(disk));
}

}  // namespace
}  // namespace quorate
