#include "sim/ports/journal.hpp"

#include "core/facts/evidence.hpp"

namespace quorate::sim {

void keep_newest(Journal& journal, const Facts& facts) {
    const auto& newest = newest_record(facts);
    const bool kept = newest.has_value() == journal.newest.has_value() &&
                      (!newest || (newest->revision == journal.newest->revision &&
                                   newest->lineage == journal.newest->lineage));
    if (!kept) journal.newest = newest;
}

State VolumeJournal::folded() const {
    State state;
    if (kept_.records.empty()) return state;
    state.seq = kept_.records.back().event.seq;
    state.now = kept_.records.back().event.at;
    state.facts.peers = kept_.peers;
    state.facts.settings = kept_.settings;
    state.facts.record_before = kept_.newest;
    state.last_command = kept_.folded.last_command;
    for (auto record = kept_.records.rbegin(); record != kept_.records.rend(); ++record) {
        if (record->decision.commands.empty()) continue;
        state.last_command = record->decision.commands.back().id;
        break;
    }
    return state;
}

Durable VolumeJournal::commit(std::span<const Record> records) {
    if (failing_) return Durable::no;
    kept_.records.insert(kept_.records.end(), records.begin(), records.end());
    return Durable::yes;
}

}  // namespace quorate::sim
