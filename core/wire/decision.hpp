// Decisions as bytes. Equal decisions have equal bytes: the replay compares them byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/model/decision.hpp"
#include "core/wire/error.hpp"

namespace quorate::wire {

std::string encode(const Decision& decision);
std::variant<Decision, WireError> decode_decision(std::string_view bytes);

}  // namespace quorate::wire
