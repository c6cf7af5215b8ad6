#include "adapters/host/unresolved.hpp"

namespace quorate::host {

std::string unresolved_step(const Facts& facts,
                            const std::map<std::uint32_t, MemberStatus>& latest) {
    const auto& addresses = facts.settings.addresses;
    std::string names;
    for (const auto& [ordinal, status] : latest)
        if (status.unresolved && ordinal < addresses.size())
            names += (names.empty() ? "" : ", ") + addresses[ordinal].name;
    if (names.empty()) return "";
    return "mend DNS first: replica " + std::to_string(facts.settings.self.value) +
           " cannot look up " + names;
}

}  // namespace quorate::host
