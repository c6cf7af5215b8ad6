// Laws of what is plain arithmetic: quorums, waits, versions of etcd, and the map that state is
// kept in.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <vector>

#include "core/base/small_map.hpp"
#include "core/rules/backoff.hpp"
#include "core/rules/etcd_versions.hpp"
#include "core/rules/quorum.hpp"
#include "tests/property/law.hpp"

namespace quorate {
namespace {

using test::below;
using test::classify;
using test::coin;

// A set of voters as bits.
using Voters = std::uint32_t;
std::size_t size_of(Voters set) { return static_cast<std::size_t>(std::popcount(set)); }

RC_GTEST_PROP(QuorumLaw, TwoQuorumsMeetAndTwoSmallerSetsNeedNot, ()) {
    const std::uint32_t voters = 1 + below(9);
    const Voters one = below(1U << voters);
    const Voters other = below(1U << voters);
    const bool both = size_of(one) >= quorum(voters) && size_of(other) >= quorum(voters);
    classify(both, "both are quorums");
    classify(!both, "one is too small");
    if (both) RC_ASSERT((one & other) != 0U);
    const Voters lowest = (1U << (quorum(voters) - 1)) - 1;
    RC_ASSERT(size_of(lowest << (quorum(voters) - 1) & ((1U << voters) - 1)) == size_of(lowest));
}

RC_GTEST_PROP(QuorumLaw, ARemovalIsAllowedWhenMoreThanHalfOfTheOthersLive, ()) {
    const std::uint32_t voters = 1 + below(9);
    const Voters live = below(1U << voters);
    const Voters others = ((1U << voters) - 1) & ~(1U << below(voters));
    const bool allowed = removal_keeps_quorum(voters, size_of(live & others));
    classify(allowed, "allowed");
    classify(!allowed, "refused");
    RC_ASSERT(allowed == (others != 0 && 2 * size_of(live & others) > size_of(others)));
}

RC_GTEST_PROP(BackoffLaw, NeverShortensAndStaysWithinItsBounds, ()) {
    const Span min{1 + below(10'000'000)};
    const Span max{min.us + below(100'000'000)};
    const std::uint32_t failures = below(coin() ? 12 : 1000);
    const Span now = backoff({min, max}, failures);
    const Span next = backoff({min, max}, failures + 1);
    classify(now == min, "at its least");
    classify(now == max, "at its most");
    classify(min < now && now < max, "between");
    RC_ASSERT(min <= now);
    RC_ASSERT(now <= next);
    RC_ASSERT(next <= max);
    RC_ASSERT(backoff({min, max}, 0) == min);
    if (now < max && failures > 0) RC_ASSERT(next == std::min(max, now * 2));
}

// ---- releases of etcd

// Near the edges of the table as often as elsewhere.
Version any_version() { return {3, 4 + below(5), coin() ? below(60) : 20 + below(12)}; }

constexpr VersionTrait traits[] = {
    VersionTrait::logger_must_be_named,
    VersionTrait::adds_beside_a_dead_voter,
    VersionTrait::corrupt_check_old_flags,
    VersionTrait::corrupt_check_new_flags,
    VersionTrait::acknowledges_before_fsync_alone,
    VersionTrait::diverges_after_crash,
};

// A bug that was fixed stays fixed within its line, and what a line learned it keeps: a trait may
// change once on the way from x.y.0 to the newest patch.
RC_GTEST_PROP(VersionLaw, ATraitChangesAtMostOnceWithinALine, ()) {
    const Version first{3, 4 + below(5), 0};
    Version between = first;
    between.patch = below(60);
    Version later = between;
    later.patch += below(60);
    bool changed = false;
    for (const VersionTrait trait : traits) {
        const bool a = has(first, trait);
        const bool b = has(between, trait);
        const bool c = has(later, trait);
        RC_ASSERT(a == b || b == c);
        changed = changed || a != c;
        const auto rows =
            std::count_if(begin_of_version_rules(), end_of_version_rules(), [&](const auto& row) {
                return row.trait == trait && row.from <= between && between < row.below;
            });
        RC_ASSERT(rows == (b ? 1 : 0));
    }
    classify(changed, "some trait changed on the way");
    classify(!changed, "none did");
}

RC_GTEST_PROP(VersionLaw, ANewerPatchIsNeverRefusedWhereAnOlderOneRuns, ()) {
    const Version older = any_version();
    Version newer = older;
    newer.patch += below(40);
    const bool runs = version_refusal(older).empty();
    classify(runs, "runs");
    classify(!runs && version_refusal(newer).empty(), "only the newer runs");
    if (runs) RC_ASSERT(version_refusal(newer).empty());
    if (older < version_floor) RC_ASSERT(!runs);
}

// etcd 3.7 does not know the old spelling, 3.5 not the new one; both at once are refused
// (etcd-measured.md 2.1).
RC_GTEST_PROP(VersionLaw, TheCorruptionCheckIsAskedForInOneSpelling, ()) {
    const Version version = any_version();
    const std::vector<std::string> flags = flags_for(version);
    const auto spelled = [&](const char* part) {
        return std::count_if(flags.begin(), flags.end(), [&](const std::string& flag) {
            return flag.find(part) != std::string::npos;
        });
    };
    const bool modern = version >= Version{3, 6, 0};
    classify(modern, "modern");
    classify(!modern, "old");
    RC_ASSERT(spelled("--experimental-initial-corrupt-check=true") == (modern ? 0 : 1));
    RC_ASSERT(spelled("InitialCorruptCheck=true") == (modern ? 1 : 0));
    RC_ASSERT(spelled("--experimental") == (modern ? 0 : 1));
}

// As measured (etcd-measured.md 1.1): beside `dead` voters that do not answer.
bool measured_add(Version version, std::uint32_t voters, std::uint32_t dead) {
    if (voters == 1) return true;
    const bool modern = version >= Version{3, 6, 11} ||
                        (version >= Version{3, 5, 30} && version < Version{3, 6, 0});
    if (!modern) return dead == 0;
    return 2 * (voters - dead) > voters + 1;
}

RC_GTEST_PROP(VersionLaw, AMemberIsAddedWhereEtcdWasSeenToTakeIt, ()) {
    const Version version = any_version();
    const std::uint32_t voters = 1 + below(9);
    const std::uint32_t dead = below(voters);
    const bool may = may_add_member(version, voters, voters - dead);
    classify(may && dead > 0, "beside a dead one");
    classify(!may, "refused");
    RC_ASSERT(may == measured_add(version, voters, dead));
    if (may && dead > 0) RC_ASSERT(may_add_member(version, voters, voters - dead + 1));
}

RC_GTEST_PROP(VersionLaw, ItsTextIsReadBackAndAnyOtherTextIsNoVersion, ()) {
    const Version version{below(200), below(200), below(200)};
    RC_ASSERT(parse_version(to_text(version)) == version);
    std::string text = to_text(version);
    for (const std::uint32_t number : test::numbers(3))
        if (number % 8 == 7 && !text.empty())
            text.erase(number / 8 % text.size(), 1);
        else
            text.insert(number / 8 % (text.size() + 1), 1, "0.x-+ 9"[number % 7]);
    const Version read = parse_version(text);
    classify(read == Version{}, "is none");
    classify(read != Version{}, "is one");
    if (read == Version{}) return;
    RC_ASSERT(parse_version(to_text(read)) == read);
    const std::string numbers = text.substr(0, text.find_first_of("-+"));
    RC_ASSERT(numbers.find_first_not_of("0123456789.") == std::string::npos);
    RC_ASSERT(numbers.find("..") == std::string::npos);
    RC_ASSERT((numbers.front() != '.' && numbers.back() != '.'));
}

RC_GTEST_PROP(VersionLaw, DataIsNeverOpenedByAnOlderBinary, ()) {
    const Version binary = any_version();
    const Version data = any_version();
    const bool refused = binary_is_older(binary, data);
    classify(refused, "refused");
    classify(!refused, "opened");
    RC_ASSERT(refused == (binary.minor < data.minor));
}

// ---- small_map

RC_GTEST_PROP(SmallMapLaw, DoesWhatAMapDoes, ()) {
    SmallMap<std::uint32_t, std::uint32_t> map;
    std::map<std::uint32_t, std::uint32_t> model;
    for (const std::uint32_t number : test::numbers(40)) {
        const std::uint32_t key = number / 8 % 12;
        if (number % 8 < 4) {
            map[key] = number;
            model[key] = number;
        } else if (number % 8 < 7) {
            map.erase(key);
            model.erase(key);
        } else if (number % 64 == 7) {
            map.clear();
            model.clear();
        }
        const auto at = model.find(key);
        RC_ASSERT(map.contains(key) == (at != model.end()));
        if (at != model.end()) RC_ASSERT(*map.find(key) == at->second);
        RC_ASSERT(map.size() == model.size());
        RC_ASSERT(map.empty() == model.empty());
    }
    classify(map.empty(), "empty");
    classify(map.size() > 4, "more than four");
    RC_ASSERT(std::equal(
        map.begin(), map.end(), model.begin(), model.end(),
        [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
}

RC_GTEST_PROP(SmallMapLaw, IsEqualHoweverItCameToBe, ()) {
    SmallMap<std::uint32_t, std::uint32_t> there;
    SmallMap<std::uint32_t, std::uint32_t> back;
    const std::vector<std::uint32_t> keys = test::numbers(12);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        there[keys[i] % 16] += 1;
        back[keys[keys.size() - 1 - i] % 16] += 1;
    }
    classify(there.size() > 1, "more than one");
    RC_ASSERT(there == back);
    if (there.empty()) return;
    back[keys.front() % 16] += 1;
    RC_ASSERT(there != back);
}

}  // namespace
}  // namespace quorate
