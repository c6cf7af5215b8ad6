// Events as bytes. What a newer release wrote and this one cannot read (another kind of
// observation, an enum value it does not know) comes back as UnknownObservation with its number and
// bytes, and is encoded as those again: never dropped, never guessed.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/model/observation.hpp"
#include "core/wire/error.hpp"

namespace quorate::wire {

std::string encode(const Event& event);
std::variant<Event, WireError> decode_event(std::string_view bytes);

}  // namespace quorate::wire
