// What this program was built from: a life is the same life again only on the same commit.
#pragma once

namespace quorate::cli {

// Short, with "-dirty" for a tree that holds more than its commit; "unknown" outside a checkout.
const char* commit();

}  // namespace quorate::cli
