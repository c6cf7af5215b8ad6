#include "core/rules/etcd_versions.hpp"

#include <algorithm>
#include <iterator>

#include "core/rules/quorum.hpp"

namespace quorate {
namespace {

using enum VersionTrait;

constexpr Version forever{99, 0, 0};
constexpr std::uint32_t part_max = 99'999;  // longer numbers are no version, and must not wrap

// clang-format off
constexpr VersionRule rules[] = {
    {logger_must_be_named,            {3, 4, 0},  {3, 5, 0},  "etcd facts 4.2: measured on 3.4.23"},
    {adds_beside_a_dead_voter,        {3, 5, 30}, {3, 6, 0},  "etcd v3.5.30 util.go isConnectedToQuorumAfterAddingNewMemberSince"},
    {adds_beside_a_dead_voter,        {3, 6, 11}, forever,    "etcd v3.6.11, measured on 3.6.10 and 3.6.11"},
    {corrupt_check_old_flags,         {3, 4, 0},  {3, 6, 0},  "etcd-measured.md 2.1: the only form to 3.5"},
    {corrupt_check_new_flags,         {3, 6, 0},  forever,    "etcd-measured.md 2.1: 3.6 refuses both spellings together, 3.7 the old one"},
    {acknowledges_before_fsync_alone, {3, 4, 0},  {3, 4, 21}, "etcd#14370"},
    {acknowledges_before_fsync_alone, {3, 5, 0},  {3, 5, 5},  "etcd#14370"},
    {diverges_after_crash,            {3, 5, 0},  {3, 5, 3},  "etcd#13766"},
    {skews_when_defragmenting,        {3, 5, 0},  {3, 5, 6},  "etcd#14685"},
};

// "At least this everywhere, and then that": what went wrong on the way.
constexpr UpgradeFloor floors[] = {
    {{3, 6, 0}, {3, 5, 26}, {3, 6, 4},  "older ones leave promotions and removals out of the database that 3.6 reads its members from",
     "etcd#19557, etcd#20793, etcd#20967: cleaned by 3.5.26 when it serves; etcd#20387: 3.6.0 to 3.6.3 fail replaying such a promotion"},
    {{3, 7, 0}, {3, 6, 11}, {3, 7, 0},  "etcd asks for it", "etcd's upgrade guide to 3.7"},
};
// clang-format on

}  // namespace

const VersionRule* begin_of_version_rules() { return std::begin(rules); }
const VersionRule* end_of_version_rules() { return std::end(rules); }

bool has(Version version, VersionTrait trait) {
    return std::any_of(std::begin(rules), std::end(rules), [&](const VersionRule& rule) {
        return rule.trait == trait && rule.from <= version && version < rule.below;
    });
}

std::string version_refusal(Version version) {
    if (version < version_floor)
        return "etcd " + to_text(version) + " is older than " + to_text(version_floor) +
               ", the oldest release that keeps acknowledged writes";
    if (has(version, diverges_after_crash))
        return "etcd " + to_text(version) +
               " lets members diverge after a crash (etcd#13766); use 3.5.6 or later";
    if (has(version, acknowledges_before_fsync_alone))
        return "etcd " + to_text(version) +
               " acknowledges before fsync in a one-member cluster (etcd#14370); use 3.5.6 or "
               "later";
    if (has(version, skews_when_defragmenting))
        return "etcd " + to_text(version) +
               " counts revisions wrong after a crash while it defragments (etcd#14685); use 3.5.6 "
               "or later";
    return {};
}

std::vector<std::string> flags_for(Version version) {
    std::vector<std::string> flags;
    if (has(version, logger_must_be_named)) {
        flags.emplace_back("--logger=zap");
        flags.emplace_back("--log-outputs=stderr");
    }
    if (has(version, corrupt_check_old_flags))
        flags.emplace_back("--experimental-initial-corrupt-check=true");
    if (has(version, corrupt_check_new_flags))
        flags.emplace_back("--feature-gates=InitialCorruptCheck=true");
    return flags;
}

bool may_add_member(Version version, std::size_t voters, std::size_t connected) {
    if (voters == 1) return true;
    if (has(version, adds_beside_a_dead_voter)) return connected >= quorum(voters + 1);
    return connected >= voters;
}

bool binary_is_older(Version binary, Version data) { return minor_of(binary) < minor_of(data); }

const UpgradeFloor* begin_of_upgrade_floors() { return std::begin(floors); }
const UpgradeFloor* end_of_upgrade_floors() { return std::end(floors); }

UpgradeFloor upgrade_floor(Version binary) {
    const Version to = minor_of(binary);
    for (const UpgradeFloor& row : floors)
        if (row.to == to) return row;
    return {to, {to.major, to.minor == 0 ? 0 : to.minor - 1, 0}, to, "", ""};
}

std::string minor_text(Version version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor);
}

Version parse_version(const std::string& text) {
    Version version;
    std::uint32_t* parts[] = {&version.major, &version.minor, &version.patch};
    std::size_t part = 0;
    bool digit = false;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            *parts[part] = *parts[part] * 10 + static_cast<std::uint32_t>(c - '0');
            if (*parts[part] > part_max) return {};
            digit = true;
        } else if (c == '.' && digit && part < 2) {
            ++part;
            digit = false;
        } else if ((c == '-' || c == '+') && digit && part == 2) {
            return version;  // 3.8.0-alpha.0
        } else {
            return {};
        }
    }
    return digit && part >= 1 ? version : Version{};
}

std::string to_text(Version version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch);
}

}  // namespace quorate
