#include "adapters/kube/store.hpp"

#include <utility>

#include "adapters/base/replica_name.hpp"
#include "adapters/clock/clock.hpp"
#include "adapters/kube/objects.hpp"
#include "core/base/limits.hpp"
#include "core/wire/record.hpp"

namespace quorate::kube {
namespace {

constexpr const char* record_key = "record.json";

Json metadata_of(const Resource& resource, const Names& names) {
    return {{"name", resource.name}, {"namespace", resource.space}, {"labels", labels_of(names)}};
}

// For people; nothing here compares it.
std::string now_in_text() { return micro_time(clock::wall()); }

std::string version_of(const Json& object) {
    return object.value("/metadata/resourceVersion"_json_pointer, "");
}

// nullptr in `body`: there is no such object.
Result<Json> found(const Result<Answer>& answer, const Resource& resource) {
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status == 404) return Json();
    if (!answer->ok()) {
        Failure failure = failure_of(*answer, resource);
        // A read changes nothing, whatever became of it.
        if (failure.kind == FailureKind::unknown) failure.kind = FailureKind::unavailable;
        // That this agent may not look says nothing of what is there.
        if (answer->status == 401 || answer->status == 403) failure.kind = FailureKind::unavailable;
        return tl::unexpected(std::move(failure));
    }
    return answer->body;
}

}  // namespace

Resource statefulset_of(const Names& names) {
    return {"apps/v1", "statefulsets", names.space, names.statefulset};
}
Resource record_of(const Names& names) {
    return {"v1", "configmaps", names.space, names.statefulset + "-record"};
}
Resource authority_of(const Names& names) {
    return {"coordination.k8s.io/v1", "leases", names.space, names.statefulset + "-authority"};
}

Result<Desired> desired_in(const Json& statefulset, const Names& names) {
    const std::string where = to_text(statefulset_of(names));
    const Json replicas = statefulset.value("/spec/replicas"_json_pointer, Json(1));
    if (!replicas.is_number_integer() || replicas < 0 || replicas > limits::replicas_max)
        return refused("spec.replicas: " + replicas.dump() + "; there are at most " +
                           std::to_string(limits::replicas_max) + ": scale it down",
                       where);
    const std::string policy =
        statefulset.value("/spec/podManagementPolicy"_json_pointer, "OrderedReady");
    return Desired{replicas.get<std::uint32_t>(),
                   policy == "Parallel" ? PodManagement::parallel : PodManagement::ordered};
}

Result<std::optional<ClusterRecord>> record_in(const Json& config_map, const Names& names) {
    const std::string where = to_text(record_of(names)) + ", data." + record_key;
    const Json data = config_map.value("data", Json::object());
    const Json text = data.is_object() ? data.value(record_key, Json()) : Json();
    if (!text.is_string()) return refused("is missing; put a copy of the record back", where);
    std::string why;
    auto record = wire::from_json(text.get<std::string>(), why);
    if (!record) return refused(why, where);
    return std::optional<ClusterRecord>(std::move(*record));
}

ObjectStore::ObjectStore(std::shared_ptr<const Client> client, Names names, Ordinal self,
                         Span deadline)
    : client_(std::move(client)), names_(std::move(names)), self_(self), deadline_(deadline) {}

Result<std::optional<Desired>> ObjectStore::desired() {
    const Resource resource = statefulset_of(names_);
    auto object = found(client_->get(resource, Read::quorum, deadline_), resource);
    if (!object) return tl::unexpected(object.error());
    if (object->is_null()) return std::optional<Desired>();
    auto desired = desired_in(*object, names_);
    if (!desired) return tl::unexpected(desired.error());
    return std::optional(*desired);
}

Result<std::optional<ClusterRecord>> ObjectStore::record() {
    const Resource resource = record_of(names_);
    auto object = found(client_->get(resource, Read::quorum, deadline_), resource);
    if (!object) return tl::unexpected(object.error());
    if (object->is_null()) return std::optional<ClusterRecord>();
    return record_in(*object, names_);
}

Result<Swapped> ObjectStore::swap(const WriteRecord& write) {
    const Resource resource = record_of(names_);
    auto before = found(client_->get(resource, Read::quorum, deadline_), resource);
    if (!before) return tl::unexpected(before.error());
    std::optional<ClusterRecord> now;
    if (!before->is_null()) {
        auto read = record_in(*before, names_);
        if (!read) return tl::unexpected(read.error());
        now = std::move(*read);
    }
    if ((now ? now->revision : RecordRevision{}) != write.expected) return Swapped{true, now};
    if (write.fence.value != 0) {
        auto lease = read_lease();
        if (!lease) return tl::unexpected(lease.error());
        if (write.fence < lease->fence || (now && write.fence < now->fence))
            return Swapped{true, now};
    }
    Json object = *before;
    if (object.is_null())
        object = {{"apiVersion", "v1"},
                  {"kind", "ConfigMap"},
                  {"metadata", metadata_of(resource, names_)}};
    object["data"][record_key] = wire::to_json(write.record);
    auto answer = before->is_null() ? client_->create(resource, object, deadline_)
                                    : client_->replace(resource, object, deadline_);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->ok()) return Swapped{false, write.record};
    // Deleted meanwhile is a conflict too.
    if (answer->status != 409 && answer->status != 404)
        return tl::unexpected(failure_of(*answer, resource));
    auto moved_on = record();
    if (!moved_on) return tl::unexpected(moved_on.error());
    return Swapped{true, std::move(*moved_on)};
}

Result<ObjectStore::Lease> ObjectStore::read_lease() {
    const Resource resource = authority_of(names_);
    auto object = found(client_->get(resource, Read::quorum, deadline_), resource);
    if (!object) return tl::unexpected(object.error());
    Lease lease;
    lease.object = std::move(*object);
    if (!lease.object.is_null()) {
        const Json spec = lease.object.value("spec", Json::object());
        const auto number = [&spec](const char* key) -> std::int64_t {
            const auto value = spec.find(key);
            return value != spec.end() && value->is_number_integer() ? value->get<std::int64_t>()
                                                                     : 0;
        };
        const auto holder = spec.find("holderIdentity");
        if (holder != spec.end() && holder->is_string()) lease.holder = holder->get<std::string>();
        lease.fence = Fence{static_cast<std::uint64_t>(number("leaseTransitions"))};
        lease.ttl = seconds(number("leaseDurationSeconds"));
    }
    saw_holder(lease.holder);
    return lease;
}

bool ObjectStore::has_run_out(const Lease& lease) {
    const std::lock_guard guard(mutex_);
    const std::string version = version_of(lease.object);
    if (version != seen_version_ || seen_at_ == Instant{}) {
        seen_version_ = version;
        seen_at_ = clock::since_boot();
    }
    return clock::since_boot() >= seen_at_ + lease.ttl;
}

Result<void> ObjectStore::write_lease(const Lease& before, const std::string& holder, Fence fence,
                                      Span ttl, bool taken) {
    const Resource resource = authority_of(names_);
    Json object = before.object;
    if (object.is_null())
        object = {{"apiVersion", "coordination.k8s.io/v1"},
                  {"kind", "Lease"},
                  {"metadata", metadata_of(resource, names_)}};
    Json& spec = object["spec"];
    spec["holderIdentity"] = holder;
    spec["leaseTransitions"] = fence.value;
    spec["renewTime"] = now_in_text();
    if (taken) spec["acquireTime"] = now_in_text();
    // Whole seconds, and none is no lease for the API: never shorter than what was asked for.
    if (ttl.us > 0)
        spec["leaseDurationSeconds"] = (ttl.us + 999'999) / 1'000'000;
    else
        spec.erase("leaseDurationSeconds");
    auto answer = before.object.is_null() ? client_->create(resource, object, deadline_)
                                          : client_->replace(resource, object, deadline_);
    if (!answer) return tl::unexpected(answer.error());
    if (answer->status == 409) return refused("somebody else was faster", to_text(resource));
    if (!answer->ok()) return tl::unexpected(failure_of(*answer, resource));
    saw_holder(holder);
    return {};
}

Result<Fence> ObjectStore::acquire(Span ttl) {
    auto lease = read_lease();
    if (!lease) return tl::unexpected(lease.error());
    const bool free = lease->holder.empty() || lease->holder == own_name();
    if (!free && !has_run_out(*lease))
        return refused("is held by " + lease->holder, to_text(authority_of(names_)));
    // A lease that was deleted counts from one again; the record remembers how far it had come.
    auto known = record();
    if (!known && known.error().kind != FailureKind::refused) return tl::unexpected(known.error());
    Fence highest = lease->fence;
    if (known && *known && highest < (*known)->fence) highest = (*known)->fence;
    const Fence fence{highest.value + 1};
    const Instant asked_at = clock::since_boot();
    if (auto written = write_lease(*lease, own_name(), fence, ttl, true); !written)
        return tl::unexpected(written.error());
    const std::lock_guard guard(mutex_);
    held_ = fence;
    held_until_ = asked_at + ttl;
    return fence;
}

Result<void> ObjectStore::renew(Fence fence, Span ttl) {
    auto lease = read_lease();
    if (!lease) return tl::unexpected(lease.error());
    if (lease->fence != fence || lease->holder != own_name())
        return refused("was taken by somebody else", to_text(authority_of(names_)));
    const Instant asked_at = clock::since_boot();
    if (auto written = write_lease(*lease, own_name(), fence, ttl, false); !written) return written;
    const std::lock_guard guard(mutex_);
    held_ = fence;
    held_until_ = asked_at + ttl;
    return {};
}

Result<void> ObjectStore::release(Fence fence) {
    {
        const std::lock_guard guard(mutex_);
        if (held_ == fence) held_ = Fence{};
    }
    auto lease = read_lease();
    if (!lease) return tl::unexpected(lease.error());
    if (lease->fence != fence || lease->holder != own_name()) return {};
    return write_lease(*lease, "", fence, Span{}, false);
}

Result<bool> ObjectStore::holds(Fence fence, Span margin) {
    {
        const std::lock_guard guard(mutex_);
        if (held_ != fence || clock::since_boot() + margin >= held_until_) return false;
    }
    auto lease = read_lease();
    if (!lease) return tl::unexpected(lease.error());
    return lease->holder == own_name() && lease->fence == fence;
}

std::optional<Ordinal> ObjectStore::holder() {
    const std::lock_guard guard(mutex_);
    return ordinal_of(holder_);
}

std::string ObjectStore::own_name() const {
    return names_.statefulset + "-" + std::to_string(self_.value);
}

std::optional<Ordinal> ObjectStore::ordinal_of(const std::string& pod) const {
    const auto parsed = parse_replica_name(pod);
    if (!parsed || parsed->set != names_.statefulset) return std::nullopt;
    return parsed->ordinal;
}

void ObjectStore::saw_holder(const std::string& pod) {
    const std::lock_guard guard(mutex_);
    holder_ = pod;
}

}  // namespace quorate::kube
