// The three files that make a TLS client of etcd.
#pragma once

#include <filesystem>

namespace quorate::etcd {

struct Tls {
    std::filesystem::path ca;
    std::filesystem::path cert;
    std::filesystem::path key;
};

}  // namespace quorate::etcd
