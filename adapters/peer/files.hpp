// The three files that make an agent known to the others: server and client at once. The CA file
// may hold several, so that one can be replaced by another.
#pragma once

#include <filesystem>

namespace quorate::peer {

struct Files {
    std::filesystem::path ca;
    std::filesystem::path cert;
    std::filesystem::path key;
};

}  // namespace quorate::peer
