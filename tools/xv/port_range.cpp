#include "tools/xv/port_range.hpp"

#include <filesystem>

#include "tools/quorate/ports.hpp"

namespace quorate::xv {
namespace {

constexpr std::uint16_t first = 5'000;
constexpr std::uint16_t last = 9'900;
constexpr std::uint16_t range = PortRange::members * PortRange::of_each;

bool all_free(std::uint16_t base) {
    for (std::uint16_t port = base; port < base + range; ++port)
        if (cli::holder_of_port(port)) return false;
    return true;
}

}  // namespace

PortRange::PortRange() {
    const std::filesystem::path dir = "/tmp/quorate-xv-ports";
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    for (std::uint16_t base = first; base < last; base = static_cast<std::uint16_t>(base + range)) {
        auto lock = local::FileLock::attempt(dir / std::to_string(base));
        if (!lock || !all_free(base)) continue;
        base_ = base;
        lock_ = std::move(*lock);
        return;
    }
    fault_ = "no free range of ports on 127.0.0.1";
}

}  // namespace quorate::xv
