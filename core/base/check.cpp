#include "core/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace quorate {

void require_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "quorate: broken promise: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace quorate
