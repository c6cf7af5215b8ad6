#include "adapters/host/settings.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <span>
#include <sstream>
#include <utility>
#include <variant>

namespace quorate::host {
namespace {

constexpr Span span_max = hours(24 * 365);
constexpr Bytes journal_least{std::uint64_t{1} << 20};  // a snapshot and a tail must fit

using Arguments = std::vector<std::string>;
using Field = std::variant<Span Policy::*, Span Choices::*, std::uint32_t Choices::*,
                           Bytes Choices::*, Arguments Choices::*, PeersOver Choices::*>;

struct Key {
    const char* name;
    Field field;
    Span least;  // of a duration
    const char* meaning;
};

constexpr Span none{};
constexpr Span tick = milliseconds(1);

// clang-format off
constexpr Key keys[] = {
    {"probe_period",         &Policy::probe_period,         milliseconds(10), "how often each replica's client port is asked"},
    {"heartbeat_period",     &Policy::heartbeat_period,     milliseconds(10), "an unchanged answer is still told this often"},
    {"unresponsive_after",   &Policy::unresponsive_after,   tick, "a member silent for so long is replaced"},
    {"stability_window",     &Policy::stability_window,     none, "a change that etcd refused for lack of health is asked again after"},
    {"restart_backoff_min",  &Policy::restart_backoff_min,  tick, "first wait before etcd, or a control plane beside it, is started again"},
    {"restart_backoff_max",  &Policy::restart_backoff_max,  tick, "longest wait before etcd, or a control plane beside it, is started again"},
    {"retry_period",         &Policy::retry_period,         tick, "a refused or unknown command is looked at again after"},
    {"catch_up_period",      &Policy::catch_up_period,      tick, "how often a learner's content is compared"},
    {"learner_stuck_after",  &Policy::learner_stuck_after,  tick, "a learner without progress gives up the only slot"},
    {"quorum_lost_after",    &Policy::quorum_lost_after,    tick, "no member served for so long: quorum is lost"},
    {"survivors_wait",       &Policy::survivors_wait,       none, "better survivors may return before the cluster parks"},
    {"hash_check_period",    &Policy::hash_check_period,    tick, "how often the voters' content is compared"},
    {"high_water_period",    &Policy::high_water_period,    tick, "how stale the recorded high-water mark may be"},
    {"authority_ttl",        &Policy::authority_ttl,        milliseconds(100), "authority not renewed for so long is free"},
    {"authority_stagger",    &Policy::authority_stagger,    none, "head start of the agent beside etcd's leader"},
    {"command_deadline",     &Policy::command_deadline,     milliseconds(100), "a command without an answer is unknown after"},
    {"stop_grace",           &Policy::stop_grace,           none, "from SIGTERM to SIGKILL of etcd"},
    {"desired_wait",         &Choices::desired_wait,        none, "an agent that is asked to end asks so long how many replicas are desired, then stops etcd as for a restart"},
    {"control_plane_grace",  &Choices::control_plane_grace, none, "from SIGTERM to SIGKILL of a control plane beside etcd"},
    {"peers_wait",           &Policy::peers_wait,           none, "a start waits so long for what other agents remember of its volume; 0s: none is asked"},
    {"peers_over",           &Choices::peers_over,          none, "how agents reach each other: by unix sockets in D/cluster, or by tcp on a port of their own"},
    {"grace_period",         &Choices::grace_period,        none, "from SIGTERM to SIGKILL of an agent"},
    {"agent_backoff_min",    &Choices::agent_backoff_min,   tick, "first wait before an agent is started again"},
    {"agent_backoff_max",    &Choices::agent_backoff_max,   tick, "longest wait before an agent is started again"},
    {"snapshot_count",       &Choices::snapshot_count,      none, "etcd's --snapshot-count"},
    {"journal_bytes_max",    &Choices::journal_bytes_max,   none, "size of one agent's journal"},
    {"etcd_arguments",       &Choices::etcd_arguments,      none, "more arguments of etcd; what quorate manages is refused"},
};
// clang-format on

struct Unit {
    std::string_view name;
    std::int64_t size;
};
constexpr Unit units_of_time[] = {
    {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}};
constexpr Unit units_of_size[] = {
    {"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"B", 1}};

// "1m30s": whole numbers, each with a unit; each unit smaller than the one before.
std::optional<std::int64_t> parse_units(std::string_view text, std::span<const Unit> units) {
    if (text.empty()) return std::nullopt;
    std::int64_t total = 0;
    std::size_t allowed = 0;
    while (!text.empty()) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || number < 0) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
        const std::string_view name = text.substr(0, letters);
        text.remove_prefix(letters);
        while (allowed < units.size() && units[allowed].name != name)
            ++allowed;
        if (allowed == units.size()) return std::nullopt;
        const std::int64_t size = units[allowed++].size;
        if (number > (std::numeric_limits<std::int64_t>::max() - total) / size) return std::nullopt;
        total += number * size;
    }
    return total;
}

std::string text_in(std::int64_t value, std::span<const Unit> units) {
    for (const Unit& unit : units)
        if (value != 0 && value % unit.size == 0)
            return std::to_string(value / unit.size) + std::string(unit.name);
    return value == 0 ? "0s" : std::to_string(value) + std::string(units.back().name);
}

tl::unexpected<Failure> bad_value(std::string_view key, const std::string& value,
                                  const std::string& wanted) {
    return refused(std::string(key) + ": \"" + value + "\" is not " + wanted, std::string(key));
}

std::string text_of(PeersOver over) { return over == PeersOver::tcp ? "tcp" : "unix"; }

Result<void> put(Span& field, const Key& key, const std::string& value) {
    const auto span = parse_span(value);
    if (!span) return bad_value(key.name, value, "a duration such as 200ms, 5s or 1m30s");
    if (*span < key.least || span_max < *span)
        return bad_value(key.name, value,
                         "from " + to_text(key.least) + " to " + to_text(span_max));
    field = *span;
    return {};
}

Result<void> put(std::uint32_t& field, const Key& key, const std::string& value) {
    std::uint32_t number = 0;
    const char* end = value.data() + value.size();
    const auto [at, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc() || at != end || number == 0)
        return bad_value(key.name, value, "a whole number from 1 on");
    field = number;
    return {};
}

Result<void> put(Bytes& field, const Key& key, const std::string& value) {
    const auto bytes = parse_units(value, units_of_size);
    if (!bytes) return bad_value(key.name, value, "a size such as 512KiB, 64MiB or 1GiB");
    const Bytes size{static_cast<std::uint64_t>(*bytes)};
    if (size < journal_least) return bad_value(key.name, value, "at least 1MiB");
    field = size;
    return {};
}

Result<void> put(Arguments& field, const Key& key, const std::string& value) {
    Arguments arguments;
    std::istringstream words(value);
    for (std::string word; words >> word;) {
        if (!word.starts_with("-"))
            return bad_value(key.name, word, "an argument of the form --flag=value");
        arguments.push_back(word);
    }
    field = std::move(arguments);
    return {};
}

Result<void> put(PeersOver& field, const Key& key, const std::string& value) {
    for (const PeersOver known : {PeersOver::unix_sockets, PeersOver::tcp})
        if (value == text_of(known)) {
            field = known;
            return {};
        }
    return bad_value(key.name, value, "unix or tcp");
}

std::string text_of(Span span) { return to_text(span); }
std::string text_of(std::uint32_t number) { return std::to_string(number); }
std::string text_of(Bytes bytes) {
    return text_in(static_cast<std::int64_t>(bytes.value), units_of_size);
}
std::string text_of(const Arguments& arguments) {
    std::string text;
    for (const std::string& argument : arguments)
        text += (text.empty() ? "" : " ") + argument;
    return text;
}

// Calls `use` with the field of `choices` that the key names.
template <class Choosable, class Use>
auto with_field(Choosable& choices, const Key& key, const Use& use) {
    struct Visitor {
        Choosable& choices;
        const Use& use;
        auto operator()(Span Policy::*field) const { return use(choices.policy.*field); }
        auto operator()(Span Choices::*field) const { return use(choices.*field); }
        auto operator()(std::uint32_t Choices::*field) const { return use(choices.*field); }
        auto operator()(Bytes Choices::*field) const { return use(choices.*field); }
        auto operator()(Arguments Choices::*field) const { return use(choices.*field); }
        auto operator()(PeersOver Choices::*field) const { return use(choices.*field); }
    };
    return std::visit(Visitor{choices, use}, key.field);
}

std::string place(const std::filesystem::path& file, const YAML::Mark& mark) {
    return file.string() + ":" + std::to_string(mark.line + 1);
}

// A scalar, or for a list its items with spaces between.
std::optional<std::string> value_of(const YAML::Node& node) {
    if (node.IsScalar()) return node.Scalar();
    if (!node.IsSequence()) return std::nullopt;
    std::string text;
    for (const YAML::Node& item : node) {
        if (!item.IsScalar()) return std::nullopt;
        text += (text.empty() ? "" : " ") + item.Scalar();
    }
    return text;
}

Result<void> set_entry(Choices& choices, const std::filesystem::path& file, const YAML::Node& key,
                       const YAML::Node& value, std::set<std::string>& seen) {
    const std::string where = place(file, key.Mark());
    if (!key.IsScalar()) return refused("a key is not a plain word", where);
    if (!seen.insert(key.Scalar()).second)
        return refused("key " + key.Scalar() + " stands there twice; keep one", where);
    const auto text = value_of(value);
    if (!text) return refused("the value of " + key.Scalar() + " is not a plain value", where);
    auto done = set(choices, key.Scalar(), *text);
    if (!done) return refused(done.error().what, where);
    return {};
}

}  // namespace

std::vector<KeyText> keys_of(const Choices& choices) {
    std::vector<KeyText> texts;
    for (const Key& key : keys) {
        std::string value =
            with_field(choices, key, [](const auto& field) { return text_of(field); });
        texts.push_back({key.name, std::move(value), key.meaning});
    }
    return texts;
}

Result<void> set(Choices& choices, std::string_view name, const std::string& value) {
    for (const Key& key : keys)
        if (name == key.name)
            return with_field(choices, key,
                              [&](auto& field) -> Result<void> { return put(field, key, value); });
    std::vector<std::string> known;
    for (const Key& key : keys)
        known.emplace_back(key.name);
    return refused("unknown key \"" + std::string(name) + "\"; the nearest is \"" +
                       nearest(name, known) + "\"; all are listed in docs/operations.md",
                   std::string(name));
}

Result<void> set(Choices& choices, const std::string& assignment) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
        return refused("\"" + assignment + "\" is not of the form KEY=VALUE", assignment);
    return set(choices, assignment.substr(0, equals), assignment.substr(equals + 1));
}

Result<void> set_from_yaml(Choices& choices, const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return {};
    try {
        const YAML::Node document = YAML::LoadFile(file.string());
        if (document.IsNull()) return {};
        if (!document.IsMap()) return refused("is not a mapping of keys to values", file);
        std::set<std::string> seen;
        for (const auto& entry : document)
            if (auto done = set_entry(choices, file, entry.first, entry.second, seen); !done)
                return done;
        return {};
    } catch (const YAML::BadFile&) {
        return refused("cannot be read", file);
    } catch (const YAML::Exception& fault) {
        return refused("is not YAML: " + fault.msg, place(file, fault.mark));
    }
}

Result<void> check_together(const Choices& choices) {
    const Policy& policy = choices.policy;
    struct Order {
        const char* less;
        Span low;
        const char* more;
        Span high;
    };
    const Order orders[] = {
        {"restart_backoff_min", policy.restart_backoff_min, "restart_backoff_max",
         policy.restart_backoff_max},
        {"agent_backoff_min", choices.agent_backoff_min, "agent_backoff_max",
         choices.agent_backoff_max},
        {"probe_period", policy.probe_period, "heartbeat_period", policy.heartbeat_period},
        {"probe_period", policy.probe_period, "unresponsive_after", policy.unresponsive_after},
        {"probe_period", policy.probe_period, "quorum_lost_after", policy.quorum_lost_after},
    };
    for (const Order& order : orders)
        if (order.high < order.low)
            return refused(std::string(order.less) + " (" + to_text(order.low) +
                               ") is longer than " + order.more + " (" + to_text(order.high) + ")",
                           order.less);
    return {};
}

std::optional<Span> parse_span(std::string_view text) {
    const auto us = parse_units(text, units_of_time);
    return us ? std::optional(microseconds(*us)) : std::nullopt;
}

std::string to_text(Span span) { return text_in(span.us, units_of_time); }

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::pair<std::size_t, std::string> best{std::numeric_limits<std::size_t>::max(), {}};
    for (const std::string& candidate : known) {
        // Levenshtein's distance, one row at a time.
        std::vector<std::size_t> row(candidate.size() + 1);
        for (std::size_t i = 0; i < row.size(); ++i)
            row[i] = i;
        for (std::size_t i = 0; i < word.size(); ++i) {
            std::size_t diagonal = std::exchange(row[0], i + 1);
            for (std::size_t j = 0; j < candidate.size(); ++j) {
                const std::size_t changed = diagonal + (word[i] == candidate[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
            }
        }
        if (row.back() < best.first) best = {row.back(), candidate};
    }
    return best.second;
}

}  // namespace quorate::host
