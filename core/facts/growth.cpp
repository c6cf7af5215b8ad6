#include "core/facts/growth.hpp"

namespace quorate {

MemberStatus without_growth(MemberStatus status) {
    status.term = {};
    status.index = {};
    status.applied = {};
    status.revision = {};
    status.db_size = {};
    status.db_size_in_use = {};
    return status;
}

PeerReport without_growth(PeerReport report) {
    report.sequence = 0;
    report.self.position = {};
    for (auto& [ordinal, remembered] : report.others)
        remembered.position = {};
    return report;
}

}  // namespace quorate
