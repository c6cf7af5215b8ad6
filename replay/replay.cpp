#include "replay/replay.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <variant>
#include <vector>

#include "core/explain.hpp"
#include "core/step.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "core/wire/state.hpp"

namespace quorate::replay {
namespace {

using wire::WireError;

std::string numbered(EventSeq seq) { return "event " + std::to_string(seq.value); }

std::string hex_of(std::uint64_t number) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
}

std::string picture(const Decision& decision) {
    std::string text = decision.hits.empty() ? "nothing decided" : quorate::explain(decision);
    for (const Command& command : decision.commands)
        text +=
            "; #" + std::to_string(command.id.value) + " " + std::string(quorate::explain(command));
    return text;
}

std::string picture(std::string_view bytes) {
    const auto decoded = wire::decode_decision(bytes);
    if (const auto* error = std::get_if<WireError>(&decoded)) return error->what;
    return picture(std::get<Decision>(decoded));
}

// Two decisions may read alike and differ in a precondition: then the place of the first byte.
std::string first_difference(std::string_view expected, std::string_view got) {
    const auto [at, unused] =
        std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
    return " (" + std::to_string(expected.size()) + " and " + std::to_string(got.size()) +
           " bytes, different from byte " + std::to_string(at - expected.begin()) + ")";
}

class Fold {
  public:
    const Verdict& verdict() const { return verdict_; }

    void begin(const std::optional<Snapshot>& snapshot) {
        if (!snapshot) return;
        auto decoded = wire::decode_state(snapshot->bytes);
        if (const auto* error = std::get_if<WireError>(&decoded)) {
            diverge(snapshot->at, "the snapshot cannot be read", "a state", error->what);
            return;
        }
        state_ = std::move(std::get<State>(decoded));
        if (state_.seq != snapshot->at)
            diverge(snapshot->at, "the snapshot is of another event", numbered(snapshot->at),
                    numbered(state_.seq));
    }

    void add(EventSeq seq, std::string_view payload) {
        if (verdict_.divergence) return;
        const EventSeq due{state_.seq.value + 1};
        if (seq != due) {
            diverge(due, "the record is missing or out of place", numbered(due), numbered(seq));
            return;
        }
        const auto entry = wire::view_entry(payload);
        if (const auto* error = std::get_if<WireError>(&entry)) {
            diverge(due, "the record cannot be read", "a journal entry", error->what);
            return;
        }
        decide(due, std::get<wire::JournalEntryView>(entry));
    }

    // There are no more.
    const Verdict& end() {
        settle();
        return verdict_;
    }

  private:
    void decide(EventSeq due, const wire::JournalEntryView& entry) {
        const auto decoded = wire::decode_event(entry.event);
        if (const auto* error = std::get_if<WireError>(&decoded)) {
            diverge(due, "the event cannot be read", "an event", error->what);
            return;
        }
        const Event& event = std::get<Event>(decoded);
        if (event.seq != due) {
            diverge(due, "the record holds another event", numbered(due), numbered(event.seq));
            return;
        }
        compare(due, entry, advance(state_, event));
    }

    void compare(EventSeq at, const wire::JournalEntryView& entry, const Decision& decision) {
        const std::string bytes = wire::encode(decision);
        if (bytes != entry.decision) {
            diverge(at, "the decision is another one", picture(entry.decision),
                    picture(decision) + first_difference(entry.decision, bytes));
            return;
        }
        digests_.add(state_);
        awaited_.push_back({at, entry.digest});
        if (digests_.full()) settle();
    }

    // Compares the states that wait for it.
    void settle() {
        const auto digests = digests_.take();
        for (std::size_t i = 0; i < digests.size() && !verdict_.divergence; ++i) {
            const auto& [at, expected] = awaited_[i];
            if (digests[i] == expected)
                ++verdict_.events;
            else
                verdict_.divergence = {at, "the state after it is another one",
                                       "digest " + hex_of(expected),
                                       "digest " + hex_of(digests[i])};
        }
        awaited_.clear();
    }

    // Unless it is a state before it that was another one.
    void diverge(EventSeq at, std::string what, std::string expected, std::string got) {
        settle();
        if (verdict_.divergence) return;
        verdict_.divergence = {at, std::move(what), std::move(expected), std::move(got)};
    }

    struct Awaited {
        EventSeq at;
        std::uint64_t digest;
    };

    State state_;
    wire::Digests digests_;
    std::vector<Awaited> awaited_;  // by the journal, of the states in digests_
    Verdict verdict_;
};

}  // namespace

Verdict replay(const Source& source) {
    Fold fold;
    fold.begin(source.snapshot());
    if (fold.verdict().divergence) return fold.verdict();
    std::string unreadable = source.for_each(
        [&fold](EventSeq seq, std::string_view payload) { fold.add(seq, payload); });
    Verdict verdict = fold.end();
    verdict.unreadable = std::move(unreadable);
    return verdict;
}

std::string explain(const Verdict& verdict) {
    std::string text = std::to_string(verdict.events) + " events agree";
    if (verdict.divergence) {
        const Divergence& divergence = *verdict.divergence;
        text += "; " + numbered(divergence.at) + " does not: " + divergence.what +
                "\n  journal: " + divergence.expected + "\n  now:     " + divergence.got;
    }
    if (!verdict.unreadable.empty()) text += "; then: " + verdict.unreadable;
    return text;
}

}  // namespace quorate::replay
