// What can be read from a journal, wherever it lies: the journal of a running agent, a copy of its
// directory, or one exported file. `explain` and `replay` see only this.
//
// Records are numbered without gaps. A snapshot is the state as of the record it names, so that
// snapshot plus the records after it give every later state; the first record is either number 1
// or the one after the oldest snapshot. The content of records and snapshots is opaque here.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/base/result.hpp"
#include "core/base/ids.hpp"
#include "core/wire/frame.hpp"

namespace quorate::journal {

struct Snapshot {
    EventSeq at;             // the last record it contains
    wire::ChainValue chain;  // of that record
    std::string bytes;
    bool operator==(const Snapshot&) const = default;
};

// Returns false to stop.
using Visit = std::function<bool(EventSeq, std::string_view)>;

inline constexpr EventSeq kSeqMax{std::numeric_limits<std::uint64_t>::max()};

class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    virtual const std::string& owner() const = 0;
    virtual EventSeq first() const = 0;  // the first record there is; last() + 1 when there is none
    virtual EventSeq last() const = 0;   // the last record, or the latest snapshot; 0: nothing

    // The youngest snapshot that contains no record after `not_after`.
    virtual Result<std::optional<Snapshot>> snapshot(EventSeq not_after) const = 0;
    Result<std::optional<Snapshot>> latest() const { return snapshot(kSeqMax); }

    // Visits the records from `from` on, in order, each verified against its checksum and its
    // predecessor. A failure names the record that could not be read.
    virtual Result<void> for_each(EventSeq from, const Visit& visit) const = 0;
};

}  // namespace quorate::journal
