#include "core/rules/record_edits.hpp"

#include <algorithm>
#include <utility>

#include "core/base/check.hpp"
#include "core/facts/evidence.hpp"
#include "core/rules/identity.hpp"

namespace quorate {
namespace {

ReplicaEntry& own(ClusterRecord& record, const Facts& facts) {
    return record.replicas[facts.settings.self];
}

ClusterRecord known(const Facts& facts) {
    QUORATE_REQUIRE(facts.record.has_value());
    return *facts.record;
}

const MemberStatus* own_status(const Facts& facts) {
    const ProbeFact* probe = facts.probes.find(facts.settings.self);
    return probe != nullptr && probe->status.answers ? &probe->status : nullptr;
}

bool tells_release(const MemberStatus& status) {
    return healthy(status) && status.version != Version{};
}

std::string token_of(const ClusterRecord& record) {
    return record.lineage.value + "-" + std::to_string(record.epoch.value);
}

bool continues(const Facts& facts, const ClusterRecord& record) {
    const bool whole = facts.disk->shape != DiskShape::empty;
    return whole && !discontinuity({facts.settings.self, *facts.disk, record, {}, facts.stamped});
}

void join(std::string& text, const std::string& name, const std::string& url) {
    if (!text.empty()) text += ",";
    text += name + "=" + url;
}

}  // namespace

WriteRecord proposed(const State& state, ClusterRecord next) {
    const Facts& facts = state.facts;
    const RecordRevision now = facts.record ? facts.record->revision : RecordRevision{};
    next.revision = RecordRevision{now.value + 1};
    const bool holding = state.authority.phase == AuthorityPhase::holding;
    if (holding) next.fence = state.authority.fence;
    return WriteRecord{now, std::move(next), holding ? state.authority.fence : Fence{}};
}

WriteRecord put_back(const State& state) {
    const Facts& facts = state.facts;
    QUORATE_REQUIRE(facts.record_there.has_value());
    ClusterRecord record = known(facts);
    // Newer than all that this agent's readers have seen; one that knows more puts its own back.
    // What stands there may be of replicas that gather for another cluster, and further.
    const auto newest = std::max(record.revision, *facts.record_there);
    record.revision = RecordRevision{newest.value + 1};
    return WriteRecord{*facts.record_there, std::move(record), Fence{}};
}

ClusterRecord with_empty_volume(const Facts& facts) {
    ClusterRecord record = facts.record.value_or(ClusterRecord{});
    if (!facts.record) {
        record.lineage = facts.fresh_lineage;
        record.epoch = Epoch{1};
        record.stage = RecordStage::gathering;
    }
    own(record, facts).claim = VolumeClaim::empty;
    return record;
}

ClusterRecord with_founders(const Facts& facts) {
    ClusterRecord record = known(facts);
    record.stage = RecordStage::forming;
    // Whoever founds gives the cluster its name: a record that went back to before a founding would
    // give the next one the ids of the first, and etcd would take the two for one.
    record.lineage = facts.fresh_lineage;
    record.token = token_of(record);
    record.founders.clear();
    // OrderedReady starts replica 1 only when 0 is ready, so 0 must be able to form alone.
    const std::uint32_t founders =
        facts.desired->policy == PodManagement::ordered ? 1 : facts.desired->replicas;
    for (std::uint32_t i = 0; i < founders; ++i) {
        record.founders.push_back(Ordinal{i});
        record.replicas[Ordinal{i}].claim = VolumeClaim::holding;
    }
    return record;
}

ClusterRecord with_announced(const Facts& facts, Nonce next) {
    ClusterRecord record = known(facts);
    ReplicaEntry& entry = own(record, facts);
    // A crash between stamping and confirming leaves the announced one on the volume, a record that
    // went back one that it does not know: it is the current one from here on.
    if (facts.disk && facts.disk->identity) {
        const Nonce stamped = facts.disk->identity->nonce;
        const bool announced = stamped.value != 0 && stamped == entry.nonce_next;
        if (announced || continues(facts, record)) entry.nonce = stamped;
    }
    entry.nonce_next = next;
    entry.high_water_final = false;
    entry.claim = VolumeClaim::holding;
    return record;
}

ClusterRecord with_confirmed(const Facts& facts, Nonce nonce) {
    ClusterRecord record = known(facts);
    ReplicaEntry& entry = own(record, facts);
    entry.nonce = nonce;
    entry.nonce_next = Nonce{};
    // Going back counts from here on: the older one may write before it serves.
    entry.etcd_version = std::min(entry.etcd_version, facts.settings.etcd_version);
    return record;
}

ClusterRecord with_own_truth(const State& state) {
    const Facts& facts = state.facts;
    ClusterRecord record = known(facts);
    ReplicaEntry& entry = own(record, facts);
    entry.surviving.reset();
    entry.seen = LogIndex{};
    const MemberStatus* status = own_status(facts);
    if (status == nullptr) return record;
    if (entry.member_id.value == 0 && entry.claim == VolumeClaim::holding)
        entry.member_id = status->member_id;
    if (record.cluster_id.value == 0) record.cluster_id = status->cluster_id;
    entry.high_water = std::max(entry.high_water, position_of(*status));
    if (tells_release(*status)) entry.etcd_version = status->version;
    if (status->serves && record.stage == RecordStage::forming) record.stage = RecordStage::formed;
    if (status->serves) record.rebuild.reset();
    return record;
}

bool own_truth_is_untold(const State& state) {
    const Facts& facts = state.facts;
    const ReplicaEntry* entry = own_entry(facts);
    const MemberStatus* status = own_status(facts);
    if (entry == nullptr || status == nullptr || entry->claim != VolumeClaim::holding) return false;
    // An entry about another member is the authority's news: this etcd is on its way out.
    if (entry->member_id.value != 0 && entry->member_id != status->member_id) return false;
    if (entry->member_id.value == 0) return true;
    if (facts.record->cluster_id.value == 0) return true;
    if (status->serves && facts.record->stage == RecordStage::forming) return true;
    if (status->serves && facts.record->rebuild) return true;
    if (healthy(*status) && entry->surviving) return true;
    if (tells_release(*status) && entry->etcd_version != status->version) return true;
    // The first mark is told at once: from here on an empty volume is amnesia (S5).
    if (entry->high_water == LogPosition{} && status->index.value != 0) return true;
    return entry->high_water < position_of(*status) &&
           state.now >= state.replica.told_at + facts.settings.policy.high_water_period;
}

ClusterRecord with_final_mark(const Facts& facts) {
    ClusterRecord record = known(facts);
    ReplicaEntry& entry = own(record, facts);
    entry.high_water = std::max(entry.high_water, facts.disk->last);
    entry.high_water_final = true;
    return record;
}

ClusterRecord with_admission_asked(const Facts& facts, const std::string& reason) {
    ClusterRecord record = known(facts);
    ReplicaEntry& entry = own(record, facts);
    entry.claim = VolumeClaim::wants_admission;
    entry.reason = reason;
    entry.surviving.reset();
    entry.seen = LogIndex{};
    // An order to rebuild from this volume is void with it; those that are left make a new plan.
    if (record.rebuild && record.rebuild->survivor == facts.settings.self) record.rebuild.reset();
    return record;
}

ClusterRecord with_admission(const Facts& facts, Ordinal ordinal, MemberId id) {
    ClusterRecord record = known(facts);
    // Told already, by an authority that went: its volume may have run under this identity since,
    // and what is known of it stays known (S5).
    const ReplicaEntry* before = record.replicas.find(ordinal);
    if (before != nullptr && before->member_id == id) return record;
    ReplicaEntry entry;
    entry.member_id = id;
    entry.claim = VolumeClaim::holding;
    entry.initial_cluster = initial_cluster(facts, *facts.list);
    record.replicas[ordinal] = entry;
    return record;
}

ClusterRecord with_expelled(const Facts& facts, Ordinal ordinal) {
    ClusterRecord record = known(facts);
    const ReplicaEntry* before = record.replicas.find(ordinal);
    ReplicaEntry entry;
    const bool asking = before != nullptr && before->claim == VolumeClaim::wants_admission;
    entry.claim = asking ? VolumeClaim::wants_admission : VolumeClaim::expelled;
    if (asking) entry.reason = before->reason;
    record.replicas[ordinal] = entry;
    return record;
}

std::optional<LogPosition> surviving_position(const Facts& facts) {
    const ReplicaEntry* entry = own_entry(facts);
    const DiskReport& disk = *facts.disk;
    // A member that has got no entry yet has nothing to rebuild from.
    if (disk.member_id.value == 0 || disk.last == LogPosition{}) return std::nullopt;
    if (entry->member_id.value != 0 && entry->member_id != disk.member_id) return std::nullopt;
    if (!disk.in_use &&
        discontinuity({facts.settings.self, disk, *facts.record, {}, facts.stamped}))
        return std::nullopt;
    return disk.last;
}

ClusterRecord with_survivor(const Facts& facts) {
    ClusterRecord record = known(facts);
    ReplicaEntry& entry = own(record, facts);
    entry.surviving = surviving_position(facts);
    if (!entry.surviving) return record;
    entry.high_water = std::max(entry.high_water, *entry.surviving);
    if (facts.commit_seen.epoch == record.epoch) entry.seen = facts.commit_seen.index;
    return record;
}

ClusterRecord with_rebuild(const Facts& facts, const Rebuild& rebuild) {
    ClusterRecord record = known(facts);
    record.rebuild = rebuild;
    return record;
}

ClusterRecord without_rebuild(const Facts& facts) {
    ClusterRecord record = known(facts);
    record.rebuild.reset();
    return record;
}

ClusterRecord with_new_epoch(const Facts& facts) {
    ClusterRecord record = known(facts);
    record.rebuild.reset();
    record.epoch = Epoch{record.epoch.value + 1};
    record.token = token_of(record);
    record.stage = RecordStage::forming;
    record.cluster_id = ClusterId{};
    record.founders = {facts.settings.self};
    // A crash between stamping and confirming leaves either on the volume; the epoch that the
    // rebuild stamps beside it tells it from every copy.
    const ReplicaEntry before = own(record, facts);
    for (auto& [ordinal, entry] : record.replicas) {
        const bool asking = entry.claim == VolumeClaim::wants_admission;
        entry = ReplicaEntry{};
        entry.claim = asking ? VolumeClaim::wants_admission : VolumeClaim::expelled;
    }
    ReplicaEntry& entry = own(record, facts);
    entry.claim = VolumeClaim::holding;
    entry.nonce = before.nonce;
    entry.nonce_next = before.nonce_next;
    entry.etcd_version = before.etcd_version;
    return record;
}

std::string initial_cluster(const Facts& facts, const std::vector<Ordinal>& founders) {
    std::string text;
    for (const Ordinal ordinal : founders) {
        if (ordinal.value >= facts.settings.addresses.size()) continue;  // a record edited by hand
        const ReplicaAddress& address = facts.settings.addresses[ordinal.value];
        join(text, address.name, address.peer_url);
    }
    return text;
}

std::string initial_cluster(const Facts& facts, const MemberList& list) {
    std::string text;
    for (const ListedMember& member : list.members) {
        const auto ordinal = ordinal_of(facts, member);
        const std::string& name =
            ordinal ? facts.settings.addresses[ordinal->value].name : member.name;
        for (const std::string& url : member.peer_urls)
            join(text, name, url);
    }
    return text;
}

}  // namespace quorate
