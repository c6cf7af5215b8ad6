// Waiting longer after each failure in a row: min, 2 min, 4 min ... max. No jitter: one child per
// agent, and replicas that fail together must still be told apart in a journal.
#pragma once

#include <cstdint>

#include "core/base/instant.hpp"

namespace quorate {

struct BackoffBounds {
    Span min;
    Span max;
};

constexpr Span backoff(BackoffBounds bounds, std::uint32_t failures_in_a_row) {
    Span span = bounds.min;
    for (std::uint32_t i = 1; i < failures_in_a_row && span < bounds.max; ++i)
        span = span * 2;
    return span < bounds.max ? span : bounds.max;
}

}  // namespace quorate
