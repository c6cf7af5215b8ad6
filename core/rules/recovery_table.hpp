// What a stopped replica may do with its disk. The heart of I3 and B4 as a decision table: rows are
// disjoint and complete, a test walks all inputs.
#pragma once

#include <array>
#include <cstdint>

#include "core/model/rules.hpp"

namespace quorate {

struct RecoveryCase {
    bool paused = false;     // desired replicas are 0
    bool founded = false;    // the record is past gathering
    bool member = false;     // the record gives this ordinal an identity
    bool data = false;       // etcd's directory holds something
    bool continues = false;  // ... and it is the continuation of that identity
    bool unused = false;     // nothing was ever written under that identity
    bool wanted = false;     // ordinal < desired replicas
};

enum class RecoveryVerdict : std::uint8_t {
    wait,             // do nothing until something changes
    tell_empty,       // gathering: say that nothing is here
    refuse_to_found,  // data but no cluster record: a person must say whose it is
    start,            // claim the volume and start etcd on it
    set_aside,        // move the data out of the way, then look again
    ask_admission,    // ask to be added as a learner
    impossible,       // contradicts itself: broken classification
};

// One column: y, n, or _ (either).
enum class Need : std::uint8_t { y, n, _ };

struct RecoveryRow {
    RuleId id;
    std::array<Need, 7> needs;  // in the order of RecoveryCase
    RecoveryVerdict verdict;
    const char* because;
};

// The rows, for tests and docs/rules.md.
const RecoveryRow* begin_of_recovery_table();
const RecoveryRow* end_of_recovery_table();

// The one row that matches.
const RecoveryRow& recovery_rule(const RecoveryCase& input);

}  // namespace quorate
