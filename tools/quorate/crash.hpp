// A life that ends the program (an assertion of the core, a bad access) still says which it was:
// the verdict is the first line of stdout, and the exit is 12 (simulator.md 3.9).
#pragma once

#include <cstdint>

namespace quorate::cli {

// For the life that this thread lives from here on.
void expect_crash_of(std::uint64_t seed);

}  // namespace quorate::cli
