// What every law here stands on: draws that are as wide in the first case as in the last, and
// classes of inputs that are counted. rapidcheck prints the histogram; a class that no case of a
// whole run fell into fails its law, because the law then says nothing about it.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <string>
#include <vector>

namespace quorate::test {

// Says that the case is of this class, or is not: for rapidcheck's histogram and for the count.
// After the preconditions of a law.
void classify(bool is, const std::string& name);

// What rapidcheck calls its nominal size: draws reach over their whole range. Its own sizes begin
// at 0, where every number is the smallest and every list is empty.
inline constexpr int wide = 100;

// In [0, bound), every number as often; shrinks to 0, so the benign value belongs there.
inline std::uint32_t below(std::uint32_t bound) {
    return *rc::gen::resize(wide, rc::gen::inRange<std::uint32_t>(0, bound));
}
inline bool coin() { return below(2) == 1; }
inline bool one_in(std::uint32_t n) { return below(n) == n - 1; }

template <class T>
const T& one_of(const std::vector<T>& all) {
    return all[below(static_cast<std::uint32_t>(all.size()))];
}

// Up to `most` numbers of all sizes; shrinks by leaving some out.
inline std::vector<std::uint32_t> numbers(int most) {
    return *rc::gen::resize(most, rc::gen::container<std::vector<std::uint32_t>>(
                                      rc::gen::resize(wide, rc::gen::arbitrary<std::uint32_t>())));
}

// Any number.
inline std::uint64_t word() { return *rc::gen::resize(wide, rc::gen::arbitrary<std::uint64_t>()); }

}  // namespace quorate::test
