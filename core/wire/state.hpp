// The whole state as bytes: a snapshot, from which the fold of a journal may begin.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/model/state.hpp"
#include "core/wire/error.hpp"

namespace quorate::wire {

std::string encode(const State& state);
std::variant<State, WireError> decode_state(std::string_view bytes);

}  // namespace quorate::wire
