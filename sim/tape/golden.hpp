// The golden block of a scenario: what the life amounted to when a person last agreed with it. It
// is a line "golden" and below it lines that are indented. Whoever lives the scenario passes it
// over; whoever changes what becomes of it writes it anew, and the change stands in the diff.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace quorate::sim {

using Lines = std::vector<std::string>;

// nullopt: the text has no such block.
std::optional<Lines> golden_in(const std::string& text);

// As many lines, those of the block empty: the others keep their numbers.
std::string without_golden(const std::string& text);

// The same text with this block and no other: in the place of the old one, else last.
std::string with_golden(const std::string& text, const Lines& lines);

// "line 3 of its golden block: removes replica 2; now: promotes replica 2"; empty: the same.
std::string first_difference(const Lines& golden, const Lines& now);

}  // namespace quorate::sim
