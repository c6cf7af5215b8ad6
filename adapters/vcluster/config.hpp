// vCluster's vcluster.yaml, read as it is: what of it concerns etcd in this StatefulSet, checked
// against the schema of the chart (deploy/chart/values.schema.json, a part of this library). An
// unknown key is an error in what Quorate owns: controlPlane.backingStore, of
// controlPlane.statefulSet highAvailability, persistence, scheduling and security, and the section
// `quorate`. Keys of others are left alone. The first error is told, as file and line, path, value
// and what to write instead.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/host/settings.hpp"
#include "core/model/policy.hpp"

namespace quorate::vcluster {

// controlPlane.backingStore: exactly one is on. The embedded database is never read: it is refused,
// as long as there is no migration.
enum class Store { external_database, embedded_etcd, external_etcd, deployed_etcd };

struct Config {
    Store store = Store::embedded_etcd;
    std::uint32_t replicas = 1;  // as written; the StatefulSet's own number is what counts
    PodManagement pod_management = PodManagement::parallel;
    bool persistent = true;  // the volume outlives its pod
    std::string etcd;        // path of the etcd to run; empty: the one that is found
    std::vector<std::string>
        control_plane;  // command of the child that needs etcd; empty: there is none
    std::vector<std::string> control_plane_env;  // names of variables that are meant for it
    host::Choices choices;
    std::vector<std::string> warnings;  // one line each
    bool operator==(const Config&) const = default;
};

// Of the path where the switch of a store is, below controlPlane.backingStore.
std::string_view name_of(Store store);

Result<Config> read_config(const std::filesystem::path& file);
Result<Config> parse_config(std::string_view text, std::string_view where);

}  // namespace quorate::vcluster
