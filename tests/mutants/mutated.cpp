#include "tests/mutants/mutated.hpp"

namespace quorate::mutants {

std::array<bool, most> live{};

}  // namespace quorate::mutants
