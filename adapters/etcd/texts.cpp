#include "adapters/etcd/texts.hpp"

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace quorate::etcd {
namespace {

template <class Number>
Number number_at(std::string_view text, std::size_t at) {
    Number number = 0;
    if (at < text.size()) std::from_chars(text.data() + at, text.data() + text.size(), number);
    return number;
}

// Go leaves out fields that are zero.
template <class Number>
Number field_or_zero(const nlohmann::json& object, const char* name) {
    return object.value(name, Number{0});
}

}  // namespace

Version parse_version(std::string_view text) {
    Version version;
    version.major = number_at<std::uint32_t>(text, 0);
    const auto first = text.find('.');
    if (first == std::string_view::npos) return version;
    version.minor = number_at<std::uint32_t>(text, first + 1);
    const auto second = text.find('.', first + 1);
    if (second == std::string_view::npos) return version;
    version.patch = number_at<std::uint32_t>(text, second + 1);
    return version;
}

// Status.errors holds each alarm as printed protobuf text, `memberID:17 alarm:NOSPACE `, whose
// spaces differ between versions; a zero memberID is not printed. Other errors stand beside them.
std::optional<Alarm> parse_alarm(std::string_view text) {
    if (text.find("alarm:") == std::string_view::npos) return std::nullopt;
    Alarm alarm;
    if (text.find("NOSPACE") != std::string_view::npos) {
        alarm.kind = AlarmKind::nospace;
    } else if (text.find("CORRUPT") != std::string_view::npos) {
        alarm.kind = AlarmKind::corrupt;
    } else {
        return std::nullopt;
    }
    constexpr std::string_view name = "memberID:";
    if (const auto at = text.find(name); at != std::string_view::npos) {
        const auto digit = text.find_first_not_of(' ', at + name.size());
        alarm.member.value = number_at<std::uint64_t>(text, digit);
    }
    return alarm;
}

Answer<ContentHash> parse_hash(const std::string& text) {
    try {
        const auto body = nlohmann::json::parse(text);
        const auto header = body.value("header", nlohmann::json::object());
        ContentHash hash;
        hash.member_id = MemberId{field_or_zero<std::uint64_t>(header, "member_id")};
        hash.answered = true;
        hash.revision = Revision{field_or_zero<std::int64_t>(header, "revision")};
        hash.compact_revision = Revision{field_or_zero<std::int64_t>(body, "compact_revision")};
        hash.hash = field_or_zero<std::uint32_t>(body, "hash");
        return hash;
    } catch (const nlohmann::json::exception& error) {
        return Unknown{std::string("the peer port's answer is not a hash: ") + error.what()};
    }
}

}  // namespace quorate::etcd
