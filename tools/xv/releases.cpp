#include "tools/xv/releases.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/rules/etcd_versions.hpp"
#include "tools/quorate/etcd_binary.hpp"

namespace quorate::xv {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

// Where tools/etcd-versions puts them.
fs::path built() {
    if (const std::string dir = variable("QUORATE_ETCD_DIR"); !dir.empty()) return dir;
    if (const std::string cache = variable("QUORATE_CACHE"); !cache.empty())
        return fs::path(cache) / "etcd";
    if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty())
        return fs::path(cache) / "quorate" / "etcd";
    return fs::path(variable("HOME")) / ".cache" / "quorate" / "etcd";
}

}  // namespace

std::vector<Release> releases_at_hand() {
    std::vector<Release> all;
    const auto add = [&](const std::string& path) {
        const auto found = cli::find_etcd(path);
        if (!found) return;
        const auto same = [&](const Release& one) { return one.version == found->version; };
        if (std::none_of(all.begin(), all.end(), same))
            all.push_back({found->version, found->path});
    };
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(built(), error))
        if (fs::exists(entry.path() / "etcd", error)) add(entry.path() / "etcd");
    add("");
    std::sort(all.begin(), all.end(),
              [](const Release& a, const Release& b) { return a.version < b.version; });
    return all;
}

const Release* find_release(const std::vector<Release>& all, const std::string& wanted) {
    const Release* found = nullptr;
    for (const Release& one : all) {
        const std::string text = to_text(one.version);
        if (text == wanted || text.starts_with(wanted + ".")) found = &one;
    }
    return found;
}

}  // namespace quorate::xv
