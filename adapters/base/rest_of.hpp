// What is left to read of a stream. A read that fails ends it: stream iterators would throw, as
// they do for the file of a process that ends meanwhile, or on a disk that gives up.
#pragma once

#include <istream>
#include <sstream>
#include <string>

namespace quorate {

inline std::string rest_of(std::istream& in) {
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace quorate
