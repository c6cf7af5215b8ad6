// What the engine needs from the world; the only virtuals of the core. Each port has a real form in
// adapters/ and a simulated one in sim/, and one contract suite for both.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/instant.hpp"
#include "core/model/command.hpp"
#include "core/model/decision.hpp"
#include "core/model/observation.hpp"
#include "core/model/state.hpp"

namespace quorate {

// One event, its decision, and the digest of the state after it.
struct Record {
    Event event;
    Decision decision;
    std::uint64_t digest = 0;
};

enum class Durable { yes, no };  // no: nothing of it may be believed; the agent must stop acting

class JournalPort {
  public:
    virtual ~JournalPort() = default;
    // All or nothing, on disk when it returns `yes`.
    [[nodiscard]] virtual Durable commit(std::span<const Record> records) = 0;
};

class OutboxPort {
  public:
    virtual ~OutboxPort() = default;
    // Starts each command of one decision; its outcome comes back as an observation. Never blocks.
    virtual void release(std::span<const Command> commands) = 0;
};

class ClockPort {
  public:
    virtual ~ClockPort() = default;
    virtual Instant now() = 0;
};

}  // namespace quorate
