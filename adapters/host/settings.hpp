// What a person may set, by name: every timing of the policy and the few bounds of an agent, in one
// table of keys. `quorate up --set KEY=VALUE` and D/quorate.yaml speak it, docs/operations.md lists
// it. A wrong key or value is refused by name, before anything starts.
//
// Values: durations are whole numbers with units (200ms, 5s, 2m, 1m30s), sizes too (64MiB), counts
// are bare numbers, arguments are separated by spaces.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/base/result.hpp"
#include "core/model/policy.hpp"

namespace quorate::host {

enum class PeersOver { unix_sockets, tcp };

struct Choices {
    Policy policy = default_policy();
    PeersOver peers_over = PeersOver::unix_sockets;
    Span grace_period = seconds(60);  // an agent that was asked to end is killed after it
    Span desired_wait = seconds(20);  // well below it, and below the grace of a pod
    Span control_plane_grace = seconds(20);
    Span agent_backoff_min = milliseconds(200);
    Span agent_backoff_max = seconds(10);
    std::uint32_t snapshot_count = 10'000;
    Bytes journal_bytes_max{std::uint64_t{64} << 20};
    std::vector<std::string> etcd_arguments;  // beside those that quorate manages
    bool operator==(const Choices&) const = default;
};

struct KeyText {
    std::string key;
    std::string value;
    std::string meaning;
};
// Every key with the value it has in `choices`, in the order of the table.
std::vector<KeyText> keys_of(const Choices& choices);

Result<void> set(Choices& choices, std::string_view key, const std::string& value);
Result<void> set(Choices& choices, const std::string& assignment);  // "KEY=VALUE"

// A mapping of keys to plain values (for etcd_arguments also a list). A file that is not there, or
// is empty, sets nothing.
Result<void> set_from_yaml(Choices& choices, const std::filesystem::path& file);

// Values that are fine by themselves and not together.
Result<void> check_together(const Choices& choices);

std::optional<Span> parse_span(std::string_view text);
std::string to_text(Span span);

// The known word with the fewest different letters.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace quorate::host
