// YAML as Helm understands it, turned into JSON, with the line of each value. What has no value is
// not there (vCluster and Helm see it so). Bounded, so that no text makes it large or deep.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "adapters/base/result.hpp"

namespace quorate::vcluster {

// "controlPlane.statefulSet", "extraArgs[0]"; empty for the whole document.
using Path = std::string;
Path below(const Path& path, std::string_view key);
Path below(const Path& path, std::size_t item);

struct Document {
    nlohmann::json value = nlohmann::json::object();
    std::map<Path, int> lines;

    // nullptr when it is not there. Keys with dots between: what we ask for has none in a key.
    const nlohmann::json* find(std::string_view path) const;
};

Result<Document> parse_yaml(std::string_view text, std::string_view where);

}  // namespace quorate::vcluster
