// The store of a cluster in Kubernetes: the StatefulSet says how many replicas are desired, a
// ConfigMap is the cluster record, a Lease is authority over membership. The agents make the last
// two, and nobody deletes them: a release that is installed again over its old claims goes on with
// them.
//
//     statefulsets NAME             spec.replicas, spec.podManagementPolicy
//     configmaps   NAME-record      data."record.json"
//     leases       NAME-authority   holderIdentity is the pod, leaseTransitions the fence
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/base/store.hpp"
#include "adapters/kube/client.hpp"

namespace quorate::kube {

struct Names {
    std::string statefulset;
    std::string space;
};
Resource statefulset_of(const Names& names);
Resource record_of(const Names& names);
Resource authority_of(const Names& names);

// What the objects say. A Failure names the object and the field that cannot be read.
Result<Desired> desired_in(const Json& statefulset, const Names& names);
Result<std::optional<ClusterRecord>> record_in(const Json& config_map, const Names& names);

class ObjectStore final : public Store {
  public:
    // `deadline`: of one call to the API.
    ObjectStore(std::shared_ptr<const Client> client, Names names, Ordinal self,
                Span deadline = seconds(2));

    Result<std::optional<Desired>> desired() override;
    Result<std::optional<ClusterRecord>> record() override;
    // The fence is compared with the lease first; between that and the write, only the record's own
    // version guards: whoever took authority meanwhile and wrote, wins.
    Result<Swapped> swap(const WriteRecord& write) override;
    // Whether another's lease has run out is measured from when this agent first saw it as it is,
    // by this agent's clock alone: clocks of two nodes differ.
    Result<Fence> acquire(Span ttl) override;
    Result<void> renew(Fence fence, Span ttl) override;
    Result<void> release(Fence fence) override;
    Result<bool> holds(Fence fence, Span margin) override;
    std::optional<Ordinal> holder() override;

  private:
    struct Lease {
        Json object;  // null: there is none
        std::string holder;
        Fence fence;
        Span ttl;
    };
    Result<Lease> read_lease();
    Result<void> write_lease(const Lease& before, const std::string& holder, Fence fence, Span ttl,
                             bool taken);
    bool has_run_out(const Lease& lease);
    std::string own_name() const;
    std::optional<Ordinal> ordinal_of(const std::string& pod) const;
    void saw_holder(const std::string& pod);

    const std::shared_ptr<const Client> client_;
    const Names names_;
    const Ordinal self_;
    const Span deadline_;

    std::mutex mutex_;
    std::string seen_version_;  // of the lease, since `seen_at_`
    Instant seen_at_;
    Fence held_;
    Instant held_until_;
    std::string holder_;
};

}  // namespace quorate::kube
