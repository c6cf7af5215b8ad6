// The core's whole answer to one event: which rules answered and how, and what it wants done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/model/command.hpp"
#include "core/model/rules.hpp"

namespace quorate {

// One answer of one machine. `from` and `to` are that machine's phases as numbers; explain names
// them.
struct RuleHit {
    RuleId rule = RuleId::R01;
    Machine machine = Machine::replica;
    Verdict verdict = Verdict::taken;
    std::uint8_t from = 0;
    std::uint8_t to = 0;
    std::optional<Ordinal> subject;  // which replica it is about
    std::string detail;              // the fact that decided it, in words of the facts
    bool operator==(const RuleHit&) const = default;
};

struct Decision {
    std::vector<RuleHit> hits;
    std::vector<Command> commands;
    bool operator==(const Decision&) const = default;
};

}  // namespace quorate
