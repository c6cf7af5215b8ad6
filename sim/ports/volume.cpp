#include "sim/ports/volume.hpp"

namespace quorate::sim {

DiskReport examine(const Volume& volume, InUse in_use) {
    DiskReport report;
    report.shape = volume.data ? DiskShape::whole : DiskShape::empty;
    report.identity = volume.identity;
    report.in_use = in_use == InUse::yes;
    if (!volume.data) return report;
    const EtcdData& data = *volume.data;
    report.member_id = data.id;
    report.cluster_id = data.cluster;
    report.last = data.last();
    report.first_index = LogIndex{data.log.empty() ? 0U : 1U};
    report.commit = LogIndex{data.commit};
    report.consistent_index = LogIndex{data.commit};
    return report;
}

bool set_aside(Volume& volume, const std::string& reason, InUse in_use) {
    if (in_use == InUse::yes) return false;
    if (!volume.data) return true;
    volume.set_aside.push_back(reason);
    volume.data.reset();
    return true;
}

}  // namespace quorate::sim
