#include "core/wire/entry.hpp"

#include "core/wire/convert.hpp"

namespace quorate::wire {

void put(const JournalEntry& from, pb::JournalRecord* to) {
    to->set_event(from.event);
    to->set_decision(from.decision);
    to->set_state_digest(from.digest);
}
bool get(const pb::JournalRecord& from, JournalEntry& to) {
    to = {from.event(), from.decision(), from.state_digest()};
    return true;
}

std::string encode_entry(const JournalEntry& entry) { return encode_as<pb::JournalRecord>(entry); }
std::variant<JournalEntry, WireError> decode_entry(std::string_view bytes) {
    return decode_as<pb::JournalRecord, JournalEntry>(bytes, "journal entry");
}

}  // namespace quorate::wire
