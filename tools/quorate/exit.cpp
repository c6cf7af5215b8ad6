#include "tools/quorate/exit.hpp"

#include <iostream>

namespace quorate::cli {

Exit fail(Exit exit, const std::string& line) {
    std::cerr << "quorate: " << line << std::endl;
    return exit;
}

Exit fail(Exit exit, const Failure& failure) { return fail(exit, text_of(failure)); }

void warn(const std::string& line) { std::cerr << "quorate: warning: " << line << std::endl; }

std::string text_of(const Failure& failure) {
    return failure.where.empty() ? failure.what : failure.where + ": " + failure.what;
}

}  // namespace quorate::cli
