#include "tools/xv/flags.hpp"

namespace quorate::xv {
namespace {

std::string seconds_of(Span span) { return std::to_string(span.us / 1'000'000) + "s"; }

}  // namespace

std::vector<std::string> spelled(const sim::xv::Flags& flags, Version version) {
    const bool gates = version >= Version{3, 6, 0};
    std::vector<std::string> list;
    if (!flags.strict) list.emplace_back("--strict-reconfig-check=false");
    std::string features;
    if (flags.initial_check) {
        if (gates)
            features = "InitialCorruptCheck=true";
        else
            list.emplace_back("--experimental-initial-corrupt-check=true");
    }
    if (flags.corrupt_check.us != 0)
        list.push_back((gates ? "--corrupt-check-time=" : "--experimental-corrupt-check-time=") +
                       seconds_of(flags.corrupt_check));
    if (flags.compact_check.us != 0 && gates) {
        features += (features.empty() ? "" : ",") + std::string("CompactHashCheck=true");
        list.push_back("--compact-hash-check-time=" + seconds_of(flags.compact_check));
    } else if (flags.compact_check.us != 0 && version >= Version{3, 5, 0}) {
        list.emplace_back("--experimental-compact-hash-check-enabled=true");
        list.push_back("--experimental-compact-hash-check-time=" + seconds_of(flags.compact_check));
    }
    if (!features.empty()) list.push_back("--feature-gates=" + features);
    if (flags.snapshot_count != 0)
        list.push_back("--snapshot-count=" + std::to_string(flags.snapshot_count));
    if (flags.quota_mib != 0)
        list.push_back("--quota-backend-bytes=" +
                       std::to_string(std::uint64_t{flags.quota_mib} << 20));
    return list;
}

}  // namespace quorate::xv
