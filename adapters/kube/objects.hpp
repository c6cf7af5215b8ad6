// What every object that the agents make has in common.
#pragma once

#include <string>

#include "adapters/kube/client.hpp"
#include "adapters/kube/store.hpp"
#include "core/base/instant.hpp"

namespace quorate::kube {

Json labels_of(const Names& names);
std::string micro_time(Instant wall);  // metav1.MicroTime; metav1.Time is read from it too

}  // namespace quorate::kube
