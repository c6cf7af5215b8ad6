#include "core/wire/digest.hpp"

#include <algorithm>
#include <bit>
#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/check.hpp"
#include "core/base/mix.hpp"

namespace quorate::wire {
namespace {

constexpr std::uint64_t kStart = 0x517561'6f7261'7465U;

// One-to-one in the hash for a given word and the reverse: a difference never disappears within one
// word.
constexpr std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ (hash >> 32);
}

// What becomes of the words of a walk: they are mixed at once, and the walk carries the hash, ...
struct Mixing {
    using At = std::uint64_t;
    At put(At hash, std::uint64_t word) { return mixed(hash, word); }
};

// ... or they are noted one after another, and the walk carries the place of the next.
class Noting {
  public:
    using At = std::uint64_t*;

    explicit Noting(std::vector<std::uint64_t>& words)
        : words_(words), end_(words.data() + words.size()) {}

    At begin() { return words_.data(); }
    std::size_t count(At at) const { return static_cast<std::size_t>(at - words_.data()); }

    At put(At at, std::uint64_t word) {
        if (at == end_) at = with_room(at, 1);
        *at = word;
        return at + 1;
    }
    At put(At at, const std::uint64_t* words, std::size_t size) {
        if (static_cast<std::size_t>(end_ - at) < size) at = with_room(at, size);
        return std::copy_n(words, size, at);
    }

  private:
    static constexpr std::size_t kWordsOfAState = 1024;  // of three replicas: about 900

    At with_room(At at, std::size_t size);

    std::vector<std::uint64_t>& words_;
    At end_;
};

// Rare, so apart from what is done for each word.
Noting::At Noting::with_room(At at, std::size_t size) {
    const std::size_t before = count(at);
    words_.resize(words_.size() + std::max(size, kWordsOfAState));
    end_ = words_.data() + words_.size();
    return words_.data() + before;
}

// Each field is told with its place in its struct; a field that equals the one of a fresh struct is
// passed over. Structs are walked by their own list of fields: none can be forgotten.
template <class Words>
class Walk {
  public:
    using At = typename Words::At;

    explicit Walk(Words& words) : words_(words) {}

    template <class T>
    At add(At at, const T& value) {
        if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            return words_.put(at, static_cast<std::uint64_t>(value));
        } else {
            return fields(at, value, std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
        }
    }

    At add(At at, const std::string& text) {
        at = words_.put(at, text.size());
        std::size_t done = 0;
        for (; done + 8 <= text.size(); done += 8)
            at = words_.put(at, load(text.data() + done));
        if (done < text.size()) at = words_.put(at, load(text.data() + done, text.size() - done));
        return at;
    }

    template <class T>
    At add(At at, const std::optional<T>& value) {
        at = words_.put(at, value.has_value());
        return value ? add(at, *value) : at;
    }

    template <class... Ts>
    At add(At at, const std::variant<Ts...>& value) {
        at = words_.put(at, value.index());
        return std::visit([&](const auto& held) { return add(at, held); }, value);
    }

    template <class T>
    At add(At at, const std::vector<T>& values) {
        at = words_.put(at, values.size());
        for (const T& each : values)
            at = add(at, each);
        return at;
    }

    template <class Key, class Value>
    At add(At at, const SmallMap<Key, Value>& values) {
        at = words_.put(at, values.size());
        for (const auto& [key, value] : values)
            at = add(add(at, key), value);
        return at;
    }

    template <std::size_t I, class Field>
    At field(At at, const Field& value, const Field& fresh) {
        if (value == fresh) return at;
        return add(words_.put(at, I + 1), value);
    }

  private:
    // Little endian; fewer than eight bytes with zeros above them.
    static std::uint64_t load(const char* bytes) {
        if constexpr (std::endian::native != std::endian::little) return load(bytes, 8);
        std::uint64_t value = 0;
        std::memcpy(&value, bytes, sizeof value);
        return value;
    }
    static std::uint64_t load(const char* bytes, std::size_t count) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i)
            value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
        return value;
    }

    template <class T, std::size_t... I>
    At fields(At at, const T& value, std::index_sequence<I...>) {
        [[maybe_unused]] static const T fresh{};
        ((at = field<I>(at, boost::pfr::get<I>(value), boost::pfr::get<I>(fresh))), ...);
        return words_.put(at, 0);  // the end; places begin at 1
    }

    Words& words_;
};

template <class T>
constexpr std::size_t fields_of = boost::pfr::tuple_size_v<T>;

// Walks a state beside the one before: a field that is the same has the words that it had there.
class Beside {
  public:
    using At = Noting::At;
    using Run = Digests::Run;

    static constexpr std::size_t runs_of_a_state = fields_of<State> + fields_of<Facts>;

    // `last` are the words of `before`, and `runs` where in them each field is. Both become those
    // of the state that is added.
    Beside(Noting& words, State& before, const std::uint64_t* last, std::vector<Run>& runs)
        : words_(words), walk_(words), before_(before), last_(last), runs_(runs) {
        runs_.resize(runs_of_a_state);
    }

    At add(At at, const State& state) {
        at = fields<0>(at, state, before_, std::make_index_sequence<fields_of<State>>{});
        return words_.put(with_same(at), 0);
    }

  private:
    template <std::size_t First, class T, std::size_t... I>
    At fields(At at, const T& value, T& before, std::index_sequence<I...>) {
        static const T fresh{};
        ((at = field<First, I>(at, boost::pfr::get<I>(value), boost::pfr::get<I>(before),
                               boost::pfr::get<I>(fresh))),
         ...);
        return at;
    }

    template <std::size_t First, std::size_t I, class Field>
    At field(At at, const Field& value, Field& before, const Field& fresh) {
        Run& run = runs_[First + I];
        if (value == before) {
            if (same_.size == 0) same_.begin = run.begin;
            run.begin = words_.count(at) + same_.size;
            same_.size += run.size;
            return at;
        }
        before = value;
        at = with_same(at);
        run.begin = words_.count(at);
        at = walk_.field<I>(at, value, fresh);
        run.size = words_.count(at) - run.begin;
        return at;
    }

    // Most of a state are its facts, so each of them is a field of its own.
    template <std::size_t First, std::size_t I>
    At field(At at, const Facts& value, Facts& before, const Facts&) {
        at = words_.put(with_same(at), I + 1);
        const std::size_t begin = words_.count(at);
        at = with_same(fields<fields_of<State>>(at, value, before,
                                                std::make_index_sequence<fields_of<Facts>>{}));
        return words_.count(at) == begin ? at - 1 : words_.put(at, 0);
    }

    At with_same(At at) {
        return words_.put(at, last_ + same_.begin, std::exchange(same_.size, 0));
    }

    Noting& words_;
    Walk<Noting> walk_;
    State& before_;
    const std::uint64_t* last_;
    std::vector<Run>& runs_;
    Run same_;  // in `last`: of the fields just passed, which are still to be copied
};

// One word of each. Written out, so that no hash leaves its register.
template <class Lanes, std::size_t... I>
void mix_in(std::array<std::uint64_t, sizeof...(I)>& hashes, const Lanes& lanes, std::size_t at,
            std::index_sequence<I...>) {
    ((hashes[I] = mixed(hashes[I], lanes[I][at])), ...);
}

}  // namespace

std::uint64_t digest(const State& state) {
    Mixing words;
    return scramble(Walk(words).add(kStart, state));
}

void Digests::add(const State& state) {
    QUORATE_REQUIRE(!full());
    const std::size_t lane = (first_ + size_++) % most;
    Noting words(words_[lane]);
    const std::uint64_t* last = words_[(lane + most - 1) % most].data();
    counts_[lane] = words.count(Beside(words, before_, last, runs_).add(words.begin(), state));
}

std::span<const std::uint64_t> Digests::take() {
    std::array<const std::uint64_t*, most> words;
    std::array<std::uint64_t, most> hashes;
    std::transform(words_.begin(), words_.end(), words.begin(), [](auto& w) { return w.data(); });
    hashes.fill(kStart);
    // As far as the shortest reaches; a lane that is not in use has no words.
    const std::size_t common = *std::min_element(counts_.begin(), counts_.end());
    for (std::size_t at = 0; at < common; ++at)
        mix_in(hashes, words, at, std::make_index_sequence<most>{});
    for (std::size_t i = 0; i < size_; ++i) {
        const std::size_t lane = (first_ + i) % most;
        std::uint64_t hash = hashes[lane];
        for (std::size_t at = common; at < counts_[lane]; ++at)
            hash = mixed(hash, words[lane][at]);
        hashes_[i] = scramble(hash);
    }
    counts_.fill(0);
    first_ = (first_ + size_) % most;
    return {hashes_.data(), std::exchange(size_, 0)};
}

}  // namespace quorate::wire
