// The etcd programs on this machine that scenarios are played on: the one in PATH (Debian's 3.4),
// and those that tools/etcd-versions has built.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/ids.hpp"

namespace quorate::xv {

struct Release {
    Version version;
    std::filesystem::path etcd;
};

// Oldest first; one that does not tell its version is left out.
std::vector<Release> releases_at_hand();

// "3.5" is the newest of its line, "3.5.23" that release. nullopt: it is not here.
const Release* find_release(const std::vector<Release>& all, const std::string& wanted);

}  // namespace quorate::xv
