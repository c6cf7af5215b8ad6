#include "core/facts/growth.hpp"

#include <utility>

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

// A comparison that finds the same doubt again is news: another agent may have ended the first
// meanwhile, and whoever heard of that takes this one's silence for consent (S14).
std::optional<ContentFound> without_growth(std::optional<ContentFound> found) {
    if (!found) return found;
    if (found->doubted.empty()) found->at = {};
    found->age = {};
    return found;
}

PeerReport without_growth(PeerReport report) {
    report.sequence = 0;
    report.self.position = {};
    for (auto& [ordinal, remembered] : report.others)
        remembered.position = {};
    report.content = without_growth(std::move(report.content));
    return report;
}

}  // namespace quorate
