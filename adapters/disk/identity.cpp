#include "adapters/disk/identity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

#include "adapters/disk/checksum.hpp"
#include "core/base/small_map.hpp"
#include "core/wire/record.hpp"

namespace quorate::disk {
namespace {

constexpr std::string_view first_line = "quorate-identity 1";
constexpr std::string_view checksum_name = "checksum ";

std::string hex(std::uint64_t value) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return std::string(digits.data(), end);
}

// JSON has no line breaks but those between its values.
std::string in_one_line(const ClusterRecord& record) {
    std::string text = wire::to_json(record);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

using Lines = SmallMap<std::string, std::string>;

// The part before the checksum line, when the checksum holds.
std::optional<std::string_view> checked(std::string_view text) {
    if (text.size() > identity_size_max || text.empty() || text.back() != '\n') return std::nullopt;
    const std::size_t before = text.rfind('\n', text.size() - 2);
    if (before == std::string_view::npos) return std::nullopt;
    const std::string_view body = text.substr(0, before + 1);
    const std::string expected = std::string(checksum_name) + hex(crc32c(0, body)) + "\n";
    if (text.substr(before + 1) != expected) return std::nullopt;
    return body;
}

std::optional<Lines> split(std::string_view body) {
    Lines lines;
    bool first = true;
    while (!body.empty()) {
        const std::string_view line = body.substr(0, body.find('\n'));
        body.remove_prefix(line.size() + 1);
        if (first && line != first_line) return std::nullopt;
        first = false;
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        lines[std::string(line.substr(0, space))] = line.substr(space + 1);
    }
    return lines;
}

template <class Number>
bool take_number(const Lines& lines, const std::string& name, Number& number, int base = 10) {
    const std::string* text = lines.find(name);
    if (text == nullptr) return false;
    const char* end = text->data() + text->size();
    const auto [parsed, error] = std::from_chars(text->data(), end, number, base);
    return error == std::errc() && parsed == end;
}

}  // namespace

bool valid_lineage(const Lineage& lineage) {
    const auto allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-';
    };
    return !lineage.value.empty() && lineage.value.size() <= 64 &&
           std::all_of(lineage.value.begin(), lineage.value.end(), allowed);
}

std::string identity_text(const VolumeIdentity& identity) {
    std::string text(first_line);
    text += "\nlineage " + identity.lineage.value;
    text += "\nepoch " + std::to_string(identity.epoch.value);
    text += "\nordinal " + std::to_string(identity.ordinal.value);
    text += "\nnonce " + hex(identity.nonce.value);
    text += std::string("\ndata-seen ") + (identity.data_seen ? "yes" : "no");
    text += "\nhigh-water-term " + std::to_string(identity.high_water.term.value);
    text += "\nhigh-water-index " + std::to_string(identity.high_water.index.value);
    if (identity.record) text += "\nrecord " + in_one_line(*identity.record);
    text += "\n";
    return text + std::string(checksum_name) + hex(crc32c(0, text)) + "\n";
}

std::optional<VolumeIdentity> parse_identity(std::string_view text) {
    const auto body = checked(text);
    if (!body) return std::nullopt;
    const auto lines = split(*body);
    if (!lines) return std::nullopt;
    VolumeIdentity identity;
    const std::string* lineage = lines->find("lineage");
    const std::string* data_seen = lines->find("data-seen");
    const bool complete = lineage != nullptr && data_seen != nullptr &&
                          (*data_seen == "yes" || *data_seen == "no") &&
                          take_number(*lines, "epoch", identity.epoch.value) &&
                          take_number(*lines, "ordinal", identity.ordinal.value) &&
                          take_number(*lines, "nonce", identity.nonce.value, 16) &&
                          take_number(*lines, "high-water-term", identity.high_water.term.value) &&
                          take_number(*lines, "high-water-index", identity.high_water.index.value);
    if (!complete) return std::nullopt;
    identity.lineage.value = *lineage;
    identity.data_seen = *data_seen == "yes";
    if (!valid_lineage(identity.lineage)) return std::nullopt;
    // A copy that a newer release wrote is none for this one; the identity stands without it.
    std::string why;
    if (const std::string* record = lines->find("record"))
        identity.record = wire::from_json(*record, why);
    return identity;
}

}  // namespace quorate::disk
