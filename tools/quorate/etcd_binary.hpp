// The etcd that is to run: found, asked for its version, and refused when it may not be started.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"

namespace quorate::cli {

struct EtcdBinary {
    std::filesystem::path path;  // absolute
    Version version;
};

// As a shell finds it, absolute; nullopt: in no directory of PATH.
std::optional<std::filesystem::path> in_path(const std::string& name);

// `named` is a path; empty: etcd from PATH.
Result<EtcdBinary> find_etcd(const std::string& named);

}  // namespace quorate::cli
