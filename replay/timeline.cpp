#include "replay/timeline.hpp"

#include <chrono>
#include <cstdio>
#include <utility>
#include <variant>

#include "core/explain.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"

namespace quorate::replay {
namespace {

std::string number(std::uint64_t value) { return "#" + std::to_string(value); }

std::string unreadable(EventSeq seq, const wire::WireError& error) {
    return number(seq.value) + " cannot be read: " + error.what + "\n";
}

}  // namespace

std::string utc(Instant at) {
    using namespace std::chrono;
    const sys_time<std::chrono::microseconds> time{std::chrono::microseconds{at.us}};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    char text[64];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return text;
}

std::string Timeline::outcome_of(CommandId id) {
    const auto found = wanted_.find(id);
    if (found == wanted_.end()) return "";  // wanted before the first line
    std::string text = " [" + found->second + "]";
    wanted_.erase(found);
    return text;
}

std::string Timeline::add(const Event& event, const Decision& decision) {
    std::string text =
        utc(event.at) + " " + number(event.seq.value) + " " + quorate::explain(event.observation);
    if (const auto* ended = std::get_if<CommandEnded>(&event.observation))
        text += outcome_of(ended->id);
    if (std::holds_alternative<AgentStarted>(event.observation)) wanted_.clear();
    text += "\n";
    for (const RuleHit& hit : decision.hits)
        text += "    " + quorate::explain(hit) + "\n";
    for (const Command& command : decision.commands) {
        const std::string wish = quorate::explain(command);
        text += "    wants " + number(command.id.value) + " " + wish + "\n";
        if (has_outcome(command.body)) wanted_[command.id] = wish;
    }
    return text;
}

std::string Timeline::add(EventSeq seq, std::string_view entry) {
    const auto decoded = wire::decode_entry(entry);
    if (const auto* error = std::get_if<wire::WireError>(&decoded)) return unreadable(seq, *error);
    const auto& record = std::get<wire::JournalEntry>(decoded);
    const auto event = wire::decode_event(record.event);
    if (const auto* error = std::get_if<wire::WireError>(&event)) return unreadable(seq, *error);
    const auto decision = wire::decode_decision(record.decision);
    if (const auto* error = std::get_if<wire::WireError>(&decision)) return unreadable(seq, *error);
    return add(std::get<Event>(event), std::get<Decision>(decision));
}

std::string render(const Source& source) {
    std::string text;
    if (const auto& snapshot = source.snapshot())
        text += "from the snapshot at " + number(snapshot->at.value) + "\n";
    Timeline timeline;
    const std::string error = source.for_each(
        [&](EventSeq seq, std::string_view entry) { text += timeline.add(seq, entry); });
    if (!error.empty()) text += "then: " + error + "\n";
    return text;
}

}  // namespace quorate::replay
