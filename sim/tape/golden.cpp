#include "sim/tape/golden.hpp"

#include <sstream>

namespace quorate::sim {
namespace {

constexpr const char* head = "golden";
constexpr const char* indent = "  ";

// Calls `other` with each line outside of the block, `inside` with each of it but its head, `begin`
// at its head.
template <class Begin, class Inside, class Other>
void walk(const std::string& text, Begin begin, Inside inside, Other other) {
    std::istringstream in(text);
    bool in_block = false;
    for (std::string line; std::getline(in, line);) {
        if (in_block && line.rfind(indent, 0) == 0) {
            inside(line.substr(2));
            continue;
        }
        in_block = line == head;
        in_block ? begin() : other(line);
    }
}

}  // namespace

std::optional<Lines> golden_in(const std::string& text) {
    std::optional<Lines> lines;
    walk(
        text, [&] { lines.emplace(); }, [&](const std::string& line) { lines->push_back(line); },
        [](const std::string&) {});
    return lines;
}

std::string without_golden(const std::string& text) {
    std::string left;
    const auto empty = [&](const auto&...) { left += "\n"; };
    walk(text, empty, empty, [&](const std::string& line) { left += line + "\n"; });
    return left;
}

std::string with_golden(const std::string& text, const Lines& lines) {
    std::string block = std::string(head) + "\n";
    for (const std::string& line : lines)
        block += indent + line + "\n";
    std::string whole;
    bool written = false;
    walk(
        text,
        [&] {
            if (!written) whole += block;
            written = true;
        },
        [](const std::string&) {}, [&](const std::string& line) { whole += line + "\n"; });
    return written ? whole : whole + block;
}

std::string first_difference(const Lines& golden, const Lines& now) {
    std::size_t at = 0;
    while (at < golden.size() && at < now.size() && golden[at] == now[at])
        ++at;
    if (at == golden.size() && at == now.size()) return {};
    const auto line = [at](const Lines& of) { return at < of.size() ? of[at] : "nothing more"; };
    return "line " + std::to_string(at + 1) + " of its golden block: " + line(golden) +
           "; now: " + line(now);
}

}  // namespace quorate::sim
