#include "tests/e2e/support/ports.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>

#include "adapters/local/layout.hpp"
#include "core/base/limits.hpp"
#include "tests/support/free_port.hpp"

namespace quorate::e2e {
namespace {

// Below the ports that the kernel hands out by itself.
constexpr std::uint16_t first = 20'000;
constexpr std::uint16_t last = 32'000;
constexpr std::uint16_t range = 100;

bool all_free(std::uint16_t base) {
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        const local::Ports ports = local::ports_of(base, Ordinal{i});
        for (const std::uint16_t port : {ports.client, ports.peer, ports.metrics, ports.agent})
            if (!test::nobody_listens(port)) return false;
    }
    return true;
}

}  // namespace

Ports::Ports() {
    const std::filesystem::path dir = "/tmp/quorate-e2e-ports";
    std::filesystem::create_directories(dir);
    for (std::uint16_t base = first; base < last; base = static_cast<std::uint16_t>(base + range)) {
        auto lock = local::FileLock::attempt(dir / std::to_string(base));
        if (!lock || !all_free(base)) continue;
        base_ = base;
        lock_ = std::move(*lock);
        return;
    }
    throw std::runtime_error("no free range of ports on 127.0.0.1");
}

}  // namespace quorate::e2e
