#include "core/wire/record.hpp"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "core/base/check.hpp"

#include "core/wire/convert.hpp"

namespace quorate::wire {
namespace {

// The record has two messages of one shape: pb::ClusterRecord in the journal, and its Document.
template <class Message>
void put_entry(Ordinal ordinal, const ReplicaEntry& from, Message* to) {
    to->set_ordinal(ordinal.value);
    to->set_member_id(from.member_id.value);
    to->set_nonce(from.nonce.value);
    to->set_nonce_next(from.nonce_next.value);
    put(from.high_water, to->mutable_high_water());
    to->set_high_water_final(from.high_water_final);
    to->set_claim(wire_value<pb::VolumeClaim>(from.claim));
    to->set_reason(from.reason);
    to->set_initial_cluster(from.initial_cluster);
    if (from.surviving) put(*from.surviving, to->mutable_surviving());
    to->set_seen(from.seen.value);
    if (from.etcd_version != Version{}) put(from.etcd_version, to->mutable_etcd_version());
}
template <class Message>
bool get_entry_of(const Message& from, ReplicaEntry& to) {
    to.member_id = {from.member_id()};
    to.nonce = {from.nonce()};
    to.nonce_next = {from.nonce_next()};
    to.high_water_final = from.high_water_final();
    to.reason = from.reason();
    to.initial_cluster = from.initial_cluster();
    to.seen = {from.seen()};
    return get(from.high_water(), to.high_water) && get(from.etcd_version(), to.etcd_version) &&
           get_value<pb::VolumeClaim>(from.claim(), to.claim) &&
           get_optional(from.has_surviving(), from.surviving(), to.surviving);
}

template <class Message>
void put_rebuild(const Rebuild& from, Message* to) {
    to->set_survivor(from.survivor.value);
    put(from.position, to->mutable_position());
    to->set_bump(from.bump.value);
    to->set_token(from.token);
}
template <class Message>
bool get_rebuild(const Message& from, Rebuild& to) {
    to.survivor = {from.survivor()};
    to.bump = {from.bump()};
    to.token = from.token();
    return get(from.position(), to.position);
}

template <class Message>
void put_record(const ClusterRecord& from, Message* to) {
    to->set_revision(from.revision.value);
    to->set_lineage(from.lineage.value);
    to->set_epoch(from.epoch.value);
    to->set_stage(wire_value<pb::RecordStage>(from.stage));
    to->set_token(from.token);
    put_ordinals(from.founders, to->mutable_founders());
    to->set_cluster_id(from.cluster_id.value);
    for (const auto& [ordinal, entry] : from.replicas)
        put_entry(ordinal, entry, to->add_replicas());
    if (from.rebuild) put_rebuild(*from.rebuild, to->mutable_rebuild());
    to->set_fence(from.fence.value);
}

// "" when all is understood, else what is not.
template <class Message>
std::string get_record(const Message& from, ClusterRecord& to) {
    to.revision = {from.revision()};
    to.lineage = {from.lineage()};
    to.epoch = {from.epoch()};
    if (!get_value<pb::RecordStage>(from.stage(), to.stage)) return "stage is missing or not known";
    to.token = from.token();
    get_ordinals(from.founders(), to.founders);
    to.cluster_id = {from.cluster_id()};
    for (const auto& each : from.replicas()) {
        const Ordinal ordinal{each.ordinal()};
        const std::string name = "replica " + std::to_string(ordinal.value);
        if (to.replicas.contains(ordinal)) return name + " is there twice";
        if (!get_entry_of(each, to.replicas[ordinal]))
            return name + ": claim is missing or not known";
    }
    if (from.has_rebuild()) get_rebuild(from.rebuild(), to.rebuild.emplace());
    to.fence = {from.fence()};
    return "";
}

// The length of the UTF-8 character at the front (RFC 3629), 0 when there is none.
std::size_t character_size(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
    for (std::size_t at = 1; at < size; ++at)
        if ((byte(at) & 0xc0) != 0x80) return 0;
    const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    const bool too_high = first == 0xf4 && byte(1) >= 0x90;
    return overlong || surrogate || too_high ? 0 : size;
}

std::string readable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t size = character_size(text);
        if (size == 0)
            out += '?';
        else
            out += text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return out;
}

// protobuf draws the place of a fault in lines below its words.
std::string in_one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text.empty() ? "it is no JSON" : text;
}

ClusterRecord readable(ClusterRecord record) {
    record.lineage = {readable(record.lineage.value)};
    record.token = readable(record.token);
    for (auto& [ordinal, entry] : record.replicas) {
        entry.reason = readable(entry.reason);
        entry.initial_cluster = readable(entry.initial_cluster);
    }
    if (record.rebuild) record.rebuild->token = readable(record.rebuild->token);
    return record;
}

}  // namespace

void put(const ClusterRecord& from, pb::ClusterRecord* to) { put_record(from, to); }
bool get(const pb::ClusterRecord& from, ClusterRecord& to) { return get_record(from, to).empty(); }

std::string to_json(const ClusterRecord& record) {
    pb::ClusterRecordDocument document;
    put_record(readable(record), &document);
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.always_print_primitive_fields = true;
    options.preserve_proto_field_names = true;
    std::string text;
    const auto status = google::protobuf::util::MessageToJsonString(document, &text, options);
    QUORATE_REQUIRE(status.ok());
    return text;
}

std::optional<ClusterRecord> from_json(const std::string& text, std::string& why) {
    pb::ClusterRecordDocument document;
    const auto status = google::protobuf::util::JsonStringToMessage(text, &document);
    if (!status.ok()) {
        why = in_one_line(status.message().as_string());
        return std::nullopt;
    }
    ClusterRecord record;
    why = get_record(document, record);
    if (!why.empty()) return std::nullopt;
    return record;
}

}  // namespace quorate::wire
