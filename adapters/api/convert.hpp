// Between the API's own structs and their wire form.
#pragma once

#include <adapters/api/agent.pb.h>

#include "adapters/api/explained.hpp"

namespace quorate::api {

Decision to_wire(const Explained& explained);
Explained from_wire(const Decision& decision);

}  // namespace quorate::api
