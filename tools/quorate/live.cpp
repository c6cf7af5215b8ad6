#include "tools/quorate/live.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "tools/quorate/agents.hpp"
#include "tools/quorate/render.hpp"

namespace quorate::cli {
namespace {

constexpr auto frame_period = std::chrono::milliseconds(500);
constexpr std::size_t lines_kept = 50;

constexpr const char* home = "\x1b[H";
constexpr const char* clear_to_line_end = "\x1b[K";
constexpr const char* clear_below = "\x1b[J";
constexpr const char* other_screen = "\x1b[?1049h\x1b[?25l";
constexpr const char* first_screen = "\x1b[?25h\x1b[?1049l";

struct Size {
    std::size_t rows = 24;
    std::size_t columns = 80;
};
Size terminal_size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return {};
    return {size.ws_row, size.ws_col};
}

// One write a frame: nothing half-drawn is ever seen.
void put(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
        if (n <= 0) return;
        done += static_cast<std::size_t>(n);
    }
}

// Cut to the width; what colours a line has no width.
std::string cut(const std::string& line, std::size_t columns) {
    std::string text;
    std::size_t width = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\x1b') {
            const std::size_t end = std::min(line.find('m', i), line.size() - 1);
            text += line.substr(i, end - i + 1);
            i = end;
        } else if ((line[i] & 0xC0) == 0x80) {
            if (width <= columns) text += line[i];  // the rest of a UTF-8 character
        } else if (++width <= columns) {
            text += line[i];
        }
    }
    return text;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

}  // namespace

Live::Live(local::Layout layout) : layout_(std::move(layout)) {
    terminal_ = ::isatty(STDOUT_FILENO) == 1;
    const char* plain = std::getenv("NO_COLOR");  // no-color.org: set and not empty
    const char* kind = std::getenv("TERM");
    if (kind == nullptr || std::string_view(kind) == "dumb") terminal_ = false;
    colour_ = terminal_ && (plain == nullptr || *plain == '\0');
    if (terminal_) put(other_screen);
    drawer_ = std::thread([this] { draw_until_ended(); });
}

Live::~Live() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    ending_told_.notify_all();
    drawer_.join();
    for (auto& [ordinal, one] : follows_) {
        one->client->stop_following();
        one->thread.join();
    }
    if (!terminal_) return;
    put(first_screen);
    for (const std::string& line : lines_)
        put(line + "\n");
}

void Live::tell(const std::string& line) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const Instant at{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
    add(render_time(at) + " " + line);
}

void Live::add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    if (!terminal_) put(line + "\n");
    lines_.push_back(line);
    if (lines_.size() > lines_kept) lines_.pop_front();
}

void Live::follow(Follow& self, Ordinal replica) {
    // However it ended: the drawer looks again who is there.
    (void)self.client->follow(self.last, [&](const api::Explained& decision) {
        self.last = decision.seq;
        if (!decision.reason.empty()) add(render_line(decision, replica));
    });
    self.over = true;
}

void Live::follow_those_that_are_there() {
    for (const Ordinal ordinal : reachable(layout_)) {
        std::unique_ptr<Follow>& one = follows_[ordinal.value];
        if (one && !one->over) continue;
        EventSeq last;
        if (one) {
            one->thread.join();
            last = one->last;
        }
        one = std::make_unique<Follow>();
        one->last = last;
        one->client = std::make_unique<api::Client>(layout_.socket(ordinal));
        one->thread = std::thread([this, self = one.get(), ordinal] { follow(*self, ordinal); });
    }
}

std::string Live::frame(const std::string& status) const {
    const Size size = terminal_size();
    std::vector<std::string> lines = split(status);
    lines.insert(lines.begin(),
                 "quorate " + layout_.root().string() + "   (Ctrl-C stops, data is kept)");
    lines.emplace_back();
    const std::size_t room = size.rows > lines.size() + 1 ? size.rows - lines.size() - 1 : 0;
    const std::size_t shown = std::min({room, lines_.size(), std::size_t{10}});
    lines.insert(lines.end(), lines_.end() - static_cast<std::ptrdiff_t>(shown), lines_.end());
    if (lines.size() + 1 > size.rows) lines.resize(size.rows - 1);
    std::string text = home;
    for (const std::string& line : lines)
        text += cut(line, size.columns) + clear_to_line_end + "\n";
    return text + clear_below;
}

void Live::draw_until_ended() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        lock.unlock();
        follow_those_that_are_there();
        std::string status;
        if (terminal_)
            status = render_status(cluster_status(layout_), colour_ ? Colour::ansi : Colour::none);
        lock.lock();
        if (terminal_ && !ending_) put(frame(status));
        ending_told_.wait_for(lock, frame_period, [this] { return ending_; });
    }
}

}  // namespace quorate::cli
