// The switches of all mutants. Generated copies of the core's and the simulator's sources ask them;
// nothing that is shipped includes this or is linked with it.
#pragma once

#include <array>
#include <cstddef>

namespace quorate::mutants {

inline constexpr std::size_t most = 256;

// Set before the first life and never during one.
extern std::array<bool, most> live;

}  // namespace quorate::mutants
