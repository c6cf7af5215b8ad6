#include "core/rules/version_gate.hpp"

#include <algorithm>

#include "core/facts/evidence.hpp"
#include "core/rules/etcd_versions.hpp"

namespace quorate {
namespace {

using Gate = std::optional<VersionGate>;

constexpr std::size_t differences_told = 4;  // of a line that a person reads

// What etcd sets before the leader has heard of every member [version.MinClusterVersion].
constexpr Version undecided{3, 0, 0};

bool known(Version version) { return version != Version{}; }

// "3.5.x (>= 3.5.26)": which patch of this minor release leads on to the next one.
std::string way_through(Version minor) {
    const Version floor = upgrade_floor(minor_after(minor)).floor;
    const std::string text = minor_text(minor) + ".x";
    return floor.patch == 0 ? text : text + " (>= " + to_text(floor) + ")";
}

std::string etcd(Version version) { return "etcd " + to_text(version); }
std::string replica(const OtherRelease& other) {
    return "replica " + std::to_string(other.ordinal.value);
}

// The minor release the volume stands at. A cluster that has not agreed on a newer one yet may
// still go back, so the smaller of both counts on the way up.
Version base_of(const VersionCase& input) {
    if (!known(input.last)) return minor_of(input.cluster_version);
    if (!known(input.cluster_version)) return minor_of(input.last);
    return std::min(minor_of(input.last), minor_of(input.cluster_version));
}

// The first start of a newer minor release on this volume, or of any on an empty one.
bool begins_here(const VersionCase& input) {
    if (!input.has_data) return true;
    const Version before = known(input.last) ? input.last : input.cluster_version;
    return known(before) && minor_of(before) < minor_of(input.binary);
}

Gate unsafe_release(const VersionCase& input) {
    const std::string refusal = version_refusal(input.binary);
    if (refusal.empty()) return std::nullopt;
    return VersionGate{RuleId::U01, refusal, "put another etcd in its place"};
}

std::string way_back(Version data) {
    const std::string stay = "run etcd " + minor_text(data) + " again";
    if (data < Version{3, 6, 0}) return stay + "; from there no etcd goes back";
    const std::string before = minor_text({data.major, data.minor - 1, 0});
    return stay + "; to go back for good: etcdctl downgrade enable " + before +
           " while all serve, and " + before +
           " once every member logs that the server is ready to downgrade";
}

Gate newer_data(const VersionCase& input) {
    const Version data = std::max(input.stored, input.cluster_version);
    if (!input.has_data || !binary_is_older(input.binary, data)) return std::nullopt;
    return VersionGate{
        RuleId::U02,
        "the data is of etcd " + minor_text(data) + ", but the binary is " + to_text(input.binary),
        way_back(data)};
}

Gate refused_by_etcd(const VersionCase& input) {
    if (!input.has_data || !input.refused_by_etcd) return std::nullopt;
    return VersionGate{RuleId::U03,
                       etcd(input.binary) + " says that the cluster is newer: " + input.etcd_said,
                       "run the newer etcd again, then start this agent anew"};
}

Gate skipped_minor(const VersionCase& input) {
    const Version base = base_of(input);
    if (!input.has_data || !begins_here(input) || !known(base)) return std::nullopt;
    if (minor_of(input.binary) <= minor_after(base)) return std::nullopt;
    return VersionGate{RuleId::U04,
                       "the cluster is at etcd " + minor_text(base) + ", the binary is " +
                           to_text(input.binary) + "; no minor release may be left out",
                       "run " + way_through(minor_after(base)) + " on every replica first"};
}

Gate behind_the_others(const VersionCase& input) {
    if (input.others.empty()) return std::nullopt;
    const auto [oldest, newest] =
        std::minmax_element(input.others.begin(), input.others.end(),
                            [](const auto& a, const auto& b) { return a.version < b.version; });
    // A volume with data knows what its cluster agreed on; an empty one learns it too late.
    const bool all_newer = !input.has_data && binary_is_older(input.binary, oldest->version);
    const bool too_far = minor_after(input.binary) < minor_of(newest->version);
    if (!all_newer && !too_far) return std::nullopt;
    return VersionGate{RuleId::U05,
                       replica(*newest) + " runs etcd " + to_text(newest->version) +
                           ", the binary is " + to_text(input.binary),
                       "run " + minor_text(newest->version) + ".x here"};
}

// Everyone below what the binary's minor release asks for, this replica first.
std::string below(const VersionCase& input, Version floor) {
    std::string text;
    const auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
    if (input.has_data && !known(input.last)) add("this one has not served yet");
    if (known(input.last) && input.last < floor) add("this one last ran " + to_text(input.last));
    for (const OtherRelease& other : input.others)
        if (other.version < floor) add(replica(other) + " last ran " + to_text(other.version));
    return text;
}

Gate below_floor(const VersionCase& input) {
    if (!begins_here(input)) return std::nullopt;
    const UpgradeFloor row = upgrade_floor(input.binary);
    const std::string who = below(input, row.floor);
    if (who.empty()) return std::nullopt;
    std::string why = "before etcd " + minor_text(input.binary) + " every replica must have run " +
                      to_text(row.floor) + " or later, and " + who;
    if (row.because[0] != '\0') why += std::string("; ") + row.because;
    return VersionGate{RuleId::U06, why,
                       "run " + way_through(minor_of(row.floor)) +
                           " on every replica until all serve, then " + to_text(input.binary)};
}

Gate bad_first_release(const VersionCase& input) {
    if (!begins_here(input)) return std::nullopt;
    const UpgradeFloor row = upgrade_floor(input.binary);
    const bool from_before =
        (input.has_data && known(base_of(input)) && base_of(input) < row.to) ||
        std::any_of(input.others.begin(), input.others.end(),
                    [&](const OtherRelease& other) { return other.version < row.to; });
    if (!from_before || input.binary >= row.first) return std::nullopt;
    return VersionGate{RuleId::U07,
                       etcd(input.binary) + " may fail on what " + minor_text(row.floor) +
                           " wrote (" + row.source + ")",
                       "use " + to_text(row.first) + " or later"};
}

Gate stores_differ(const VersionCase& input) {
    if (!input.has_data || !input.stores || !begins_here(input)) return std::nullopt;
    if (minor_of(input.binary) < Version{3, 6, 0}) return std::nullopt;
    const std::string difference = difference_of(*input.stores);
    if (difference.empty()) return std::nullopt;
    return VersionGate{RuleId::U08,
                       "the database of this member does not have the members that the cluster has "
                       "(" +
                           difference + "), and 3.6 would go by the database",
                       "run " + way_through({3, 5, 0}) +
                           " here and compare etcdctl member list on all members; if it stays so, "
                           "delete this replica's volume and let it join afresh"};
}

// A member publishes its name by API v2 until the first cluster version is agreed on. 3.7 knows no
// such request and panics when it replays one: "unmarshal should never fail" (measured, 3.7.3).
Gate replays_v2(const VersionCase& input) {
    if (!input.has_data || !input.v2_requests || minor_of(input.binary) < Version{3, 7, 0})
        return std::nullopt;
    return VersionGate{RuleId::U09,
                       "the log of this member still begins with what 3.5 or older wrote, and " +
                           minor_text(input.binary) + " cannot replay it",
                       "run 3.6.x until every member has written a raft snapshot: that is after "
                       "snapshot_count (10000) entries; a smaller one makes it sooner"};
}

// What it runs just now; else what it last served with.
Version release_of(const Facts& facts, Ordinal ordinal, const ReplicaEntry& entry) {
    const ProbeFact* probe = facts.probes.find(ordinal);
    const bool answers = probe != nullptr && healthy(probe->status);
    return answers && known(probe->status.version) ? probe->status.version : entry.etcd_version;
}

}  // namespace

std::optional<VersionGate> version_gate(const VersionCase& input) {
    for (const auto gate :
         {unsafe_release, newer_data, refused_by_etcd, skipped_minor, behind_the_others,
          below_floor, bad_first_release, stores_differ, replays_v2})
        if (Gate closed = gate(input)) return closed;
    return std::nullopt;
}

VersionCase version_case(const Facts& facts) {
    VersionCase input;
    input.binary = facts.settings.etcd_version;
    const DiskReport& disk = *facts.disk;
    input.has_data = disk.shape != DiskShape::empty;
    if (input.has_data) {
        input.stored = parse_version(disk.storage_version);
        input.cluster_version = parse_version(disk.cluster_version);
        if (input.cluster_version == undecided) input.cluster_version = {};
        input.stores = disk.stores;
        input.v2_requests = disk.v2_request.value != 0;
        if (const ReplicaEntry* entry = own_entry(facts)) input.last = entry->etcd_version;
        // The database would tell what was agreed on; without one it is what served here last.
        const bool told = known(input.stored) || known(input.cluster_version);
        if (disk.shape == DiskShape::wal_without_db && !told)
            input.cluster_version = minor_of(input.last);
        input.refused_by_etcd =
            facts.last_exit && facts.last_exit->exit_class == ExitClass::older_binary;
        if (input.refused_by_etcd) input.etcd_said = facts.last_exit->last_line;
    }
    if (!facts.record) return input;
    for (const auto& [ordinal, entry] : facts.record->replicas) {
        if (ordinal == facts.settings.self || entry.claim != VolumeClaim::holding) continue;
        const Version version = release_of(facts, ordinal, entry);
        if (known(version)) input.others.push_back({ordinal, version});
    }
    return input;
}

std::string difference_of(const MembershipStores& stores) {
    std::vector<std::string> told;
    const auto find = [](const std::vector<StoredMember>& all, MemberId id) {
        return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == id; });
    };
    for (const StoredMember& member : stores.v2) {
        const auto stored = find(stores.db, member.id);
        if (stored == stores.db.end())
            told.push_back(hex(member.id) + " is missing");
        else if (stored->learner != member.learner)
            told.push_back(hex(member.id) + (member.learner ? " is a learner" : " was promoted"));
    }
    for (const StoredMember& member : stores.db)
        if (find(stores.v2, member.id) == stores.v2.end())
            told.push_back(hex(member.id) + " was removed");
    std::string text;
    for (std::size_t i = 0; i < std::min(told.size(), differences_told); ++i)
        text += (i == 0 ? "" : ", ") + told[i];
    if (told.size() > differences_told)
        text += " and " + std::to_string(told.size() - differences_told) + " more";
    return text;
}

const char* because_of_gate(RuleId rule) {
    switch (static_cast<std::uint16_t>(rule) - static_cast<std::uint16_t>(RuleId::U01)) {
        case 0:
            return "this release loses or damages data by itself";
        case 1:
            return "the data, or what the cluster agreed on, is newer than the binary";
        case 2:
            return "etcd itself says that the cluster is newer than the binary";
        case 3:
            return "a minor release would be left out";
        case 4:
            return "the others run a release that is too new for this binary";
        case 5:
            return "some replica has not run the release that must come before this one";
        case 6:
            return "the first releases of this minor release fail on what the one before wrote";
        case 7:
            return "the two membership stores of this volume differ";
        case 8:
            return "the log still holds requests that this minor release cannot replay";
        default:
            return "";
    }
}

}  // namespace quorate
