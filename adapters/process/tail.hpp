// The last lines a child wrote, from which its end is classified. Bounded: few lines, each cut to
// a length. A Go program that crashes ends with the traces of its goroutines, often longer than
// the whole tail; of those only the beginning is kept, so that the cause before them stays.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quorate::process {

inline constexpr std::size_t kTailLinesMax = 50;
inline constexpr std::size_t kTailLineMax = 4096;
inline constexpr std::size_t kTraceLinesMax = 10;

class Tail {
  public:
    // Any piece of output; lines may be spread over several.
    void add(std::string_view output);

    // Whole lines, and the last one even if it was not ended.
    std::vector<std::string> lines() const;

  private:
    void end_line();

    std::vector<std::string> lines_;
    std::string open_;
    bool any_open_ = false;  // something was written since the last line end
    bool in_trace_ = false;
    std::size_t trace_lines_ = 0;
};

}  // namespace quorate::process
