// A journaled record in words.
#pragma once

#include "adapters/api/explained.hpp"
#include "core/model/decision.hpp"
#include "core/model/observation.hpp"

namespace quorate::host {

api::Explained explained_of(const Event& event, const Decision& decision);

}  // namespace quorate::host
