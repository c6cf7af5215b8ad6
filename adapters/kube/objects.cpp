#include "adapters/kube/objects.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace quorate::kube {

Json labels_of(const Names& names) {
    return {{"app.kubernetes.io/name", "quorate"},
            {"app.kubernetes.io/instance", names.statefulset},
            {"app.kubernetes.io/managed-by", "quorate"}};
}

std::string micro_time(Instant wall) {
    const std::time_t whole = wall.us / 1'000'000;
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    std::array<char, 40> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text.data() + length, text.size() - length, ".%06dZ",
                  static_cast<int>(wall.us % 1'000'000));
    return text.data();
}

}  // namespace quorate::kube
