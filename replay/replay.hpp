// Reads a journal again and decides everything once more. The core is a function: from the same
// events the same decisions follow, byte for byte, and the same states. Where they do not, the
// journal was altered or the binary is another; the first such event is named.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.hpp"

namespace quorate::replay {

struct Snapshot {
    EventSeq at;        // the last event it contains
    std::string bytes;  // wire::encode(State)
};

// Where records come from, whatever holds them.
class Source {
  public:
    using Visit = std::function<void(EventSeq, std::string_view entry)>;

    virtual ~Source() = default;
    // What the records continue. Nothing: the first record is number 1.
    virtual const std::optional<Snapshot>& snapshot() const = 0;
    // Visits the records after the snapshot in order: their number and payload
    // (wire::JournalEntry). Returns why it could not visit all of them; empty when it has.
    virtual std::string for_each(const Visit& visit) const = 0;
};

struct Divergence {
    EventSeq at;
    std::string what;
    std::string expected;  // by the journal
    std::string got;       // now
    bool operator==(const Divergence&) const = default;
};

struct Verdict {
    std::uint64_t events = 0;              // that were decided again and agreed
    std::optional<Divergence> divergence;  // the first; nothing after it was looked at
    std::string unreadable;                // why the source ended early; empty when it did not
    bool operator==(const Verdict&) const = default;

    bool agrees() const { return !divergence && unreadable.empty(); }
};

Verdict replay(const Source& source);

// "4711 events agree", or where and how they do not.
std::string explain(const Verdict& verdict);

}  // namespace quorate::replay
