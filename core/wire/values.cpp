#include "core/wire/convert.hpp"

namespace quorate::wire {

void put(const LogPosition& from, pb::LogPosition* to) {
    to->set_term(from.term.value);
    to->set_index(from.index.value);
}
bool get(const pb::LogPosition& from, LogPosition& to) {
    to = {Term{from.term()}, LogIndex{from.index()}};
    return true;
}

void put(const Version& from, pb::Version* to) {
    to->set_major(from.major);
    to->set_minor(from.minor);
    to->set_patch(from.patch);
}
bool get(const pb::Version& from, Version& to) {
    to = {from.major(), from.minor(), from.patch()};
    return true;
}

void put(const ChildExit& from, pb::ChildExit* to) {
    to->set_exit_class(wire_value<pb::ExitClass>(from.exit_class));
    to->set_status(from.status);
    to->set_signal(from.signal);
    to->set_last_line(from.last_line);
}
bool get(const pb::ChildExit& from, ChildExit& to) {
    to.status = from.status();
    to.signal = from.signal();
    to.last_line = from.last_line();
    return get_value<pb::ExitClass>(from.exit_class(), to.exit_class);
}

void put(const VolumeIdentity& from, pb::VolumeIdentity* to) {
    to->set_lineage(from.lineage.value);
    to->set_epoch(from.epoch.value);
    to->set_ordinal(from.ordinal.value);
    to->set_nonce(from.nonce.value);
    to->set_data_seen(from.data_seen);
    put(from.high_water, to->mutable_high_water());
    if (from.record) put(*from.record, to->mutable_record());
}
bool get(const pb::VolumeIdentity& from, VolumeIdentity& to) {
    to.lineage = {from.lineage()};
    to.epoch = {from.epoch()};
    to.ordinal = {from.ordinal()};
    to.nonce = {from.nonce()};
    to.data_seen = from.data_seen();
    return get(from.high_water(), to.high_water) &&
           get_optional(from.has_record(), from.record(), to.record);
}

void put(const StoredMember& from, pb::StoredMember* to) {
    to->set_id(from.id.value);
    to->set_learner(from.learner);
}
bool get(const pb::StoredMember& from, StoredMember& to) {
    to = {{from.id()}, from.learner()};
    return true;
}

void put(const MembershipStores& from, pb::MembershipStores* to) {
    put_all(from.v2, to->mutable_v2());
    put_all(from.db, to->mutable_db());
}
bool get(const pb::MembershipStores& from, MembershipStores& to) {
    return get_all(from.v2(), to.v2) && get_all(from.db(), to.db);
}

void put(const DiskReport& from, pb::DiskReport* to) {
    to->set_shape(wire_value<pb::DiskShape>(from.shape));
    if (from.identity) put(*from.identity, to->mutable_identity());
    to->set_identity_unreadable(from.identity_unreadable);
    to->set_member_id(from.member_id.value);
    to->set_cluster_id(from.cluster_id.value);
    put(from.last, to->mutable_last());
    to->set_first_index(from.first_index.value);
    to->set_snapshot_index(from.snapshot_index.value);
    to->set_commit(from.commit.value);
    to->set_consistent_index(from.consistent_index.value);
    to->set_storage_version(from.storage_version);
    to->set_in_use(from.in_use);
    to->set_fault(from.fault);
    to->set_bytes_free(from.bytes_free.value);
    to->set_bytes_used(from.bytes_used.value);
    to->set_cluster_version(from.cluster_version);
    to->set_v2_request(from.v2_request.value);
    if (from.stores) put(*from.stores, to->mutable_stores());
}
bool get(const pb::DiskReport& from, DiskReport& to) {
    to.identity_unreadable = from.identity_unreadable();
    to.member_id = {from.member_id()};
    to.cluster_id = {from.cluster_id()};
    to.first_index = {from.first_index()};
    to.snapshot_index = {from.snapshot_index()};
    to.commit = {from.commit()};
    to.consistent_index = {from.consistent_index()};
    to.storage_version = from.storage_version();
    to.in_use = from.in_use();
    to.fault = from.fault();
    to.bytes_free = {from.bytes_free()};
    to.bytes_used = {from.bytes_used()};
    to.cluster_version = from.cluster_version();
    to.v2_request = {from.v2_request()};
    return get_value<pb::DiskShape>(from.shape(), to.shape) && get(from.last(), to.last) &&
           get_optional(from.has_identity(), from.identity(), to.identity) &&
           get_optional(from.has_stores(), from.stores(), to.stores);
}

void put(const ListedMember& from, pb::ListedMember* to) {
    to->set_id(from.id.value);
    to->set_name(from.name);
    put_texts(from.peer_urls, to->mutable_peer_urls());
    to->set_learner(from.learner);
}
bool get(const pb::ListedMember& from, ListedMember& to) {
    to.id = {from.id()};
    to.name = from.name();
    to.peer_urls.assign(from.peer_urls().begin(), from.peer_urls().end());
    to.learner = from.learner();
    return true;
}

void put(const MemberList& from, pb::MemberList* to) {
    to->set_freshness(wire_value<pb::Freshness>(from.freshness));
    to->set_cluster_id(from.cluster_id.value);
    put_all(from.members, to->mutable_members());
    to->set_term(from.term.value);
}
bool get(const pb::MemberList& from, MemberList& to) {
    to.cluster_id = {from.cluster_id()};
    to.term = {from.term()};
    return get_value<pb::Freshness>(from.freshness(), to.freshness) &&
           get_all(from.members(), to.members);
}

void put(const MemberStatus& from, pb::MemberStatus* to) {
    to->set_answers(from.answers);
    to->set_serves(from.serves);
    to->set_member_id(from.member_id.value);
    to->set_cluster_id(from.cluster_id.value);
    to->set_leader(from.leader.value);
    to->set_term(from.term.value);
    to->set_index(from.index.value);
    to->set_applied(from.applied.value);
    to->set_revision(from.revision.value);
    to->set_db_size(from.db_size.value);
    put(from.version, to->mutable_version());
    to->set_learner(from.learner);
    to->set_alarm_nospace(from.alarm_nospace);
    to->set_alarm_corrupt(from.alarm_corrupt);
    for (const MemberId id : from.accused)
        to->add_accused(id.value);
    to->set_db_size_in_use(from.db_size_in_use.value);
    to->set_unresolved(from.unresolved);
}
bool get(const pb::MemberStatus& from, MemberStatus& to) {
    to.answers = from.answers();
    to.serves = from.serves();
    to.member_id = {from.member_id()};
    to.cluster_id = {from.cluster_id()};
    to.leader = {from.leader()};
    to.term = {from.term()};
    to.index = {from.index()};
    to.applied = {from.applied()};
    to.revision = {from.revision()};
    to.db_size = {from.db_size()};
    to.learner = from.learner();
    to.alarm_nospace = from.alarm_nospace();
    to.alarm_corrupt = from.alarm_corrupt();
    for (const std::uint64_t id : from.accused())
        to.accused.push_back({id});
    to.db_size_in_use = {from.db_size_in_use()};
    to.unresolved = from.unresolved();
    return get(from.version(), to.version);
}

void put(const ContentHash& from, pb::ContentHash* to) {
    to->set_member_id(from.member_id.value);
    to->set_answered(from.answered);
    to->set_revision(from.revision.value);
    to->set_compact_revision(from.compact_revision.value);
    to->set_hash(from.hash);
}
bool get(const pb::ContentHash& from, ContentHash& to) {
    to = {{from.member_id()},
          from.answered(),
          {from.revision()},
          {from.compact_revision()},
          from.hash()};
    return true;
}

void put(const ContentCompared& from, pb::ContentCompared* to) {
    to->set_revision(from.revision.value);
    for (const auto& [ordinal, hash] : from.hashes) {
        pb::ContentOf* each = to->add_hashes();
        each->set_ordinal(ordinal.value);
        put(hash, each->mutable_hash());
    }
}
bool get(const pb::ContentCompared& from, ContentCompared& to) {
    to.revision = {from.revision()};
    for (const pb::ContentOf& each : from.hashes())
        if (!get_entry(Ordinal{each.ordinal()}, each.hash(), to.hashes)) return false;
    return true;
}

void put(const Policy& from, pb::Policy* to) {
    to->set_probe_period_us(from.probe_period.us);
    to->set_heartbeat_period_us(from.heartbeat_period.us);
    to->set_unresponsive_after_us(from.unresponsive_after.us);
    to->set_stability_window_us(from.stability_window.us);
    to->set_restart_backoff_min_us(from.restart_backoff_min.us);
    to->set_restart_backoff_max_us(from.restart_backoff_max.us);
    to->set_retry_period_us(from.retry_period.us);
    to->set_catch_up_period_us(from.catch_up_period.us);
    to->set_learner_stuck_after_us(from.learner_stuck_after.us);
    to->set_quorum_lost_after_us(from.quorum_lost_after.us);
    to->set_survivors_wait_us(from.survivors_wait.us);
    to->set_hash_check_period_us(from.hash_check_period.us);
    to->set_high_water_period_us(from.high_water_period.us);
    to->set_authority_ttl_us(from.authority_ttl.us);
    to->set_authority_stagger_us(from.authority_stagger.us);
    to->set_command_deadline_us(from.command_deadline.us);
    to->set_stop_grace_us(from.stop_grace.us);
    to->set_peers_wait_us(from.peers_wait.us);
    to->set_record_copies(from.record_copies);
}
bool get(const pb::Policy& from, Policy& to) {
    to.probe_period = {from.probe_period_us()};
    to.heartbeat_period = {from.heartbeat_period_us()};
    to.unresponsive_after = {from.unresponsive_after_us()};
    to.stability_window = {from.stability_window_us()};
    to.restart_backoff_min = {from.restart_backoff_min_us()};
    to.restart_backoff_max = {from.restart_backoff_max_us()};
    to.retry_period = {from.retry_period_us()};
    to.catch_up_period = {from.catch_up_period_us()};
    to.learner_stuck_after = {from.learner_stuck_after_us()};
    to.quorum_lost_after = {from.quorum_lost_after_us()};
    to.survivors_wait = {from.survivors_wait_us()};
    to.hash_check_period = {from.hash_check_period_us()};
    to.high_water_period = {from.high_water_period_us()};
    to.authority_ttl = {from.authority_ttl_us()};
    to.authority_stagger = {from.authority_stagger_us()};
    to.command_deadline = {from.command_deadline_us()};
    to.stop_grace = {from.stop_grace_us()};
    to.peers_wait = {from.peers_wait_us()};
    to.record_copies = from.record_copies();
    return true;
}

void put(const Remembered& from, pb::Remembered* to) {
    to->set_epoch(from.epoch.value);
    to->set_member_id(from.member_id.value);
    to->set_nonce(from.nonce.value);
    put(from.position, to->mutable_position());
}
bool get(const pb::Remembered& from, Remembered& to) {
    to.epoch = {from.epoch()};
    to.member_id = {from.member_id()};
    to.nonce = {from.nonce()};
    return get(from.position(), to.position);
}

void put(const ContentFound& from, pb::ContentFound* to) {
    to->set_epoch(from.epoch.value);
    to->set_at_us(from.at.us);
    to->set_age_us(from.age.us);
    for (const MemberId id : from.doubted)
        to->add_doubted(id.value);
    for (const MemberId id : from.agreed)
        to->add_agreed(id.value);
}
bool get(const pb::ContentFound& from, ContentFound& to) {
    to.epoch = {from.epoch()};
    to.at = {from.at_us()};
    to.age = {from.age_us()};
    for (const std::uint64_t id : from.doubted())
        to.doubted.push_back({id});
    for (const std::uint64_t id : from.agreed())
        to.agreed.push_back({id});
    return true;
}

void put(const PeerReport& from, pb::PeerReport* to) {
    to->set_lineage(from.lineage.value);
    to->set_boot(from.boot);
    to->set_sequence(from.sequence);
    to->set_founded(from.founded.value);
    put(from.self, to->mutable_self());
    for (const auto& [ordinal, remembered] : from.others) {
        pb::RememberedReplica* each = to->add_others();
        each->set_ordinal(ordinal.value);
        put(remembered, each->mutable_remembered());
    }
    if (from.content) put(*from.content, to->mutable_content());
}
bool get(const pb::PeerReport& from, PeerReport& to) {
    to.lineage = {from.lineage()};
    to.boot = from.boot();
    to.sequence = from.sequence();
    to.founded = {from.founded()};
    for (const pb::RememberedReplica& each : from.others())
        if (!get_entry(Ordinal{each.ordinal()}, each.remembered(), to.others)) return false;
    return get(from.self(), to.self) &&
           get_optional(from.has_content(), from.content(), to.content);
}

void put(const ReplicaAddress& from, pb::ReplicaAddress* to) {
    to->set_name(from.name);
    to->set_peer_url(from.peer_url);
    to->set_client_url(from.client_url);
}
bool get(const pb::ReplicaAddress& from, ReplicaAddress& to) {
    to = {from.name(), from.peer_url(), from.client_url()};
    return true;
}

void put(const Settings& from, pb::Settings* to) {
    to->set_self(from.self.value);
    put_all(from.addresses, to->mutable_addresses());
    put(from.etcd_version, to->mutable_etcd_version());
    put(from.policy, to->mutable_policy());
    to->set_quota(from.quota.value);
}
bool get(const pb::Settings& from, Settings& to) {
    to.self = {from.self()};
    to.quota = {from.quota()};
    return get_all(from.addresses(), to.addresses) && get(from.etcd_version(), to.etcd_version) &&
           get(from.policy(), to.policy);
}

void put(const Desired& from, pb::Desired* to) {
    to->set_replicas(from.replicas);
    to->set_policy(wire_value<pb::PodManagement>(from.policy));
}
bool get(const pb::Desired& from, Desired& to) {
    to.replicas = from.replicas();
    return get_value<pb::PodManagement>(from.policy(), to.policy);
}

}  // namespace quorate::wire
