#include "adapters/local/layout.hpp"

#include "core/base/mix.hpp"

namespace quorate::local {

std::filesystem::path Layout::socket(Ordinal ordinal, const char* program) const {
    // sun_path holds 108 bytes with its terminating zero (unix(7)).
    constexpr std::size_t longest = 107;
    const std::filesystem::path inside = running(ordinal, program, ".sock");
    if (inside.string().size() <= longest) return inside;
    const std::uint64_t hash = mix_text(0, root_.string());
    return std::filesystem::path("/tmp") / ("quorate-" + std::to_string(hash)) / inside.filename();
}

}  // namespace quorate::local
