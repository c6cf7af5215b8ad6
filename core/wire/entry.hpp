// The payload of one journal frame: an event, the decision it led to, and the digest of the state
// after it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/wire/error.hpp"

namespace quorate::wire {

struct JournalEntry {
    std::string event;         // of the Event
    std::string decision;      // of the Decision
    std::uint64_t digest = 0;  // of the State
    bool operator==(const JournalEntry&) const = default;
};

// The same where it lies: its texts point into the bytes that were read.
struct JournalEntryView {
    std::string_view event;
    std::string_view decision;
    std::uint64_t digest = 0;
};

std::string encode_entry(const JournalEntry& entry);
std::variant<JournalEntryView, WireError> view_entry(std::string_view bytes);
std::variant<JournalEntry, WireError> decode_entry(std::string_view bytes);

}  // namespace quorate::wire
