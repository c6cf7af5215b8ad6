#include "adapters/process/tail.hpp"

#include <algorithm>

namespace quorate::process {

void Tail::add(std::string_view output) {
    while (!output.empty()) {
        const std::size_t end = output.find('\n');
        const std::string_view part = output.substr(0, end);
        open_ += part.substr(0, kTailLineMax - std::min(kTailLineMax, open_.size()));
        any_open_ = true;
        if (end == std::string_view::npos) return;
        end_line();
        output.remove_prefix(end + 1);
    }
}

std::vector<std::string> Tail::lines() const {
    std::vector<std::string> lines = lines_;
    if (any_open_) lines.push_back(open_);
    return lines;
}

void Tail::end_line() {
    if (open_.starts_with("goroutine ")) in_trace_ = true;
    if (in_trace_) ++trace_lines_;
    if (!in_trace_ || trace_lines_ <= kTraceLinesMax) {
        if (lines_.size() == kTailLinesMax) lines_.erase(lines_.begin());
        lines_.push_back(std::move(open_));
    }
    open_.clear();
    any_open_ = false;
}

}  // namespace quorate::process
