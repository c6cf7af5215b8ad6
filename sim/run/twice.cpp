#include "sim/run/twice.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "sim/report/story.hpp"
#include "sim/world/onlooker.hpp"

namespace quorate::sim {
namespace {

// Holds every other one of many blocks, so that whoever asks next gets other addresses, and leaves
// its bytes in those that it gives back.
class DisturbedHeap {
  public:
    explicit DisturbedHeap(unsigned char bytes) {
        std::vector<std::unique_ptr<unsigned char[]>> returned;
        for (std::size_t size = 24; size <= 16'384; size += size / 3)
            for (int i = 0; i < 64; ++i)
                (i % 2 == 0 ? held_ : returned).push_back(filled(size, bytes));
    }

  private:
    static std::unique_ptr<unsigned char[]> filled(std::size_t size, unsigned char bytes) {
        auto block = std::make_unique<unsigned char[]>(size);
        // Through volatile: a compiler need not write what is given back unread.
        volatile unsigned char* at = block.get();
        for (std::size_t i = 0; i < size; ++i)
            at[i] = bytes;
        return block;
    }

    std::vector<std::unique_ptr<unsigned char[]>> held_;
};

// The digest after each event, and each decision in words.
class Chain final : public Onlooker {
  public:
    struct Link {
        Happening event;
        std::uint64_t digest = 0;
        std::size_t told = 0;  // how much of the story had been told when it was over
    };

    void said(const World& world, const std::string& line) override { story_.said(world, line); }
    void decided(const World& world, std::uint8_t o, const Event& event,
                 const Decision& decision) override {
        story_.decided(world, o, event, decision);
    }
    void happened(const World& world, const Happening& what) override {
        links_.push_back({what, world.kernel.digest, text_.size()});
    }

    const std::vector<Link>& links() const { return links_; }
    std::string told_before(std::size_t at) const {
        constexpr std::size_t lines = 12;
        const std::size_t end = at == 0 ? 0 : links_[at - 1].told;
        std::size_t begin = end;
        for (std::size_t line = 0; line < lines && begin > 1; ++line)
            begin = text_.rfind('\n', begin - 2) + 1;  // npos + 1 is the first character
        return text_.substr(begin, end - begin);
    }
    std::string told_from(std::size_t at) const {
        constexpr std::size_t events = 40;
        if (at >= links_.size()) return {};
        const std::size_t begin = at == 0 ? 0 : links_[at - 1].told;
        return text_.substr(begin, links_[std::min(at + events, links_.size() - 1)].told - begin);
    }

  private:
    std::vector<Link> links_;
    std::string text_;
    Story story_{text_};
};

// Digests are a chain: once they differ they differ for good, so half of what is left is enough to
// look at each time.
std::size_t first_difference_of(const Chain& a, const Chain& b) {
    std::size_t same = 0;
    std::size_t differs = std::min(a.links().size(), b.links().size());
    while (same < differs) {
        const std::size_t middle = same + (differs - same) / 2;
        if (a.links()[middle].digest == b.links()[middle].digest)
            same = middle + 1;
        else
            differs = middle;
    }
    return differs;
}

std::string event_text(const Chain& chain, std::size_t at) {
    if (at >= chain.links().size()) return "none: it has ended";
    const Happening& event = chain.links()[at].event;
    return std::string(name_of(event.kind)) + " of " + std::to_string(int{event.target}) + " at " +
           std::to_string(event.at.us) + " us";
}

// Both lives once more, written down.
std::string where_they_differ(const Tape& tape, const LifeOptions& options) {
    LifeOptions watched = options;
    Chain first;
    Chain second;
    watched.onlooker = &first;
    run_tape(tape, watched);
    {
        const DisturbedHeap disturbed(0x55);
        watched.onlooker = &second;
        run_tape(tape, watched);
    }
    const std::size_t at = first_difference_of(first, second);
    if (at == first.links().size() && at == second.links().size())
        return "the same life again when it was lived twice more";
    std::string text = "event " + std::to_string(at + 1) + " is the first that differs\n";
    text += "both, before:\n" + first.told_before(at);
    for (const auto& [name, chain] : {std::pair("first", &first), std::pair("second", &second)})
        text += std::string("the ") + name + ", " + event_text(*chain, at) + ":\n" +
                chain->told_from(at);
    return text;
}

}  // namespace

RunVerdict run_twice(const Tape& tape, Step (*core)(State, const Event&)) {
    const LifeOptions options{.core = core};
    RunVerdict first = run_tape(tape, options);
    const auto again = [&] {
        const DisturbedHeap disturbed(0xAA);
        return run_tape(tape, options);
    };
    const RunVerdict second = again();
    if (first.digest == second.digest && first.ending == second.ending && first.what == second.what)
        return first;
    first.ending = Ending::nondeterministic;
    first.violations.clear();
    first.what = where_they_differ(tape, options);
    return first;
}

bool is_lived_twice(std::uint64_t seed) { return scramble(seed) % 50 == 0; }

}  // namespace quorate::sim
