// Commands as bytes.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/model/command.hpp"
#include "core/wire/error.hpp"

namespace quorate::wire {

std::string encode(const Command& command);
std::variant<Command, WireError> decode_command(std::string_view bytes);

}  // namespace quorate::wire
