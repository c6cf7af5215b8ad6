#include "core/wire/digest.hpp"

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/mix.hpp"

namespace quorate::wire {
namespace {

// Each field is mixed in with its place in its struct; a field that equals the one of a fresh
// struct is passed over. Structs are walked by their own list of fields: none can be forgotten.
class Walk {
  public:
    std::uint64_t hash() const { return scramble(hash_); }

    template <class T>
    void add(const T& value) {
        if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
            word(static_cast<std::uint64_t>(value));
        } else {
            fields(value, std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
        }
    }

    void add(const std::string& text) {
        word(text.size());
        std::size_t at = 0;
        for (; at + 8 <= text.size(); at += 8)
            word(load(text.data() + at, 8));
        if (at < text.size()) word(load(text.data() + at, text.size() - at));
    }

    template <class T>
    void add(const std::optional<T>& value) {
        word(value.has_value());
        if (value) add(*value);
    }

    template <class... Ts>
    void add(const std::variant<Ts...>& value) {
        word(value.index());
        std::visit([this](const auto& held) { add(held); }, value);
    }

    template <class T>
    void add(const std::vector<T>& values) {
        word(values.size());
        for (const T& each : values)
            add(each);
    }

    template <class Key, class Value>
    void add(const SmallMap<Key, Value>& values) {
        word(values.size());
        for (const auto& [key, value] : values) {
            add(key);
            add(value);
        }
    }

  private:
    // One-to-one in the hash for a given word and the reverse: a difference never disappears within
    // one word.
    void word(std::uint64_t value) {
        hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15U;
        hash_ ^= hash_ >> 32;
    }

    static std::uint64_t load(const char* bytes, std::size_t count) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i)
            value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
        return value;
    }

    template <class T, std::size_t... I>
    void fields(const T& value, std::index_sequence<I...>) {
        [[maybe_unused]] static const T fresh{};
        (field<I>(boost::pfr::get<I>(value), boost::pfr::get<I>(fresh)), ...);
        word(0);  // the end; places begin at 1
    }

    template <std::size_t I, class Field>
    void field(const Field& value, const Field& fresh) {
        if (value == fresh) return;
        word(I + 1);
        add(value);
    }

    std::uint64_t hash_ = 0x517561'6f7261'7465U;
};

}  // namespace

std::uint64_t digest(const State& state) {
    Walk walk;
    walk.add(state);
    return walk.hash();
}

}  // namespace quorate::wire
