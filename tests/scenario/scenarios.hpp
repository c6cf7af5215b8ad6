// The scenarios of the repository that simulated agents live through: every scenarios/**/*.scn but
// those of scenarios/xv, which are etcd's alone and of another grammar.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace quorate::sim {

inline std::filesystem::path root_of_scenarios() {
    const char* set = std::getenv("QUORATE_SCENARIOS");
    return set != nullptr ? set : "scenarios";
}

// Relative to the root, sorted.
inline std::vector<std::string> all_scenarios() {
    namespace fs = std::filesystem;
    std::vector<std::string> names;
    const fs::path root = root_of_scenarios();
    if (!fs::exists(root)) return names;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.path().extension() == ".scn" && entry.path().parent_path().filename() != "xv")
            names.push_back(fs::relative(entry.path(), root).string());
    std::sort(names.begin(), names.end());
    return names;
}

inline std::string text_of_scenario(const std::string& name) {
    std::ifstream in(root_of_scenarios() / name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace quorate::sim
