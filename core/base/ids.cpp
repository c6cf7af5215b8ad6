#include "core/base/ids.hpp"

namespace quorate {

std::string hex(MemberId id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (std::uint64_t rest = id.value; rest != 0; rest >>= 4)
        text.insert(text.begin(), digits[rest & 15]);
    return text.empty() ? "0" : text;
}

}  // namespace quorate
