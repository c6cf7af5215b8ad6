#include "tools/quorate/records.hpp"

#include <deque>
#include <system_error>

#include "adapters/base/replica_name.hpp"
#include "adapters/host/explained_of.hpp"
#include "adapters/journal/export.hpp"
#include "adapters/journal/journal.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"

namespace quorate::cli {
namespace {

tl::unexpected<Failure> unreadable(EventSeq seq, const std::string& what) {
    return refused("record " + std::to_string(seq.value) + " cannot be read: " + what, "journal");
}

Result<api::Explained> explained(EventSeq seq, std::string_view bytes) {
    const auto entry = wire::decode_entry(bytes);
    if (const auto* error = std::get_if<wire::WireError>(&entry))
        return unreadable(seq, error->what);
    const auto& known = std::get<wire::JournalEntry>(entry);
    const auto event = wire::decode_event(known.event);
    if (const auto* error = std::get_if<wire::WireError>(&event))
        return unreadable(seq, error->what);
    const auto decision = wire::decode_decision(known.decision);
    if (const auto* error = std::get_if<wire::WireError>(&decision))
        return unreadable(seq, error->what);
    return host::explained_of(std::get<Event>(event), std::get<Decision>(decision));
}

}  // namespace

Result<std::unique_ptr<journal::Source>> open_source(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return refused("there is no journal", path);
    return std::filesystem::is_directory(path, error) ? journal::open_read_only(path)
                                                      : journal::open_exported(path);
}

Result<void> for_each_record(const journal::Source& source, EventSeq from,
                             const std::function<void(const api::Explained&)>& visit) {
    std::optional<Failure> failure;
    auto read = source.for_each(from, [&](EventSeq seq, std::string_view bytes) {
        const auto record = explained(seq, bytes);
        if (!record) {
            failure = record.error();
            return false;
        }
        visit(*record);
        return true;
    });
    if (!read) return read;
    if (failure) return tl::unexpected(*failure);
    return {};
}

Result<std::vector<api::Explained>> last_decisions(const journal::Source& source,
                                                   std::size_t count) {
    std::deque<api::Explained> last;
    auto read = for_each_record(source, source.first(), [&](const api::Explained& record) {
        if (record.reason.empty()) return;
        last.push_back(record);
        if (last.size() > count) last.pop_front();
    });
    if (!read) return tl::unexpected(read.error());
    return std::vector<api::Explained>(last.begin(), last.end());
}

Result<api::Explained> decision_at(const journal::Source& source, EventSeq seq) {
    const std::string range = "this journal holds " + std::to_string(source.first().value) +
                              " to " + std::to_string(source.last().value);
    std::optional<Result<api::Explained>> found;
    auto read = source.for_each(seq, [&](EventSeq at, std::string_view bytes) {
        if (at == seq) found = explained(at, bytes);
        return false;
    });
    if (!read) return tl::unexpected(read.error());
    if (!found) return refused("there is no such event; " + range, "--event");
    return std::move(*found);
}

std::optional<Ordinal> replica_of(const journal::Source& source) {
    const auto owner = parse_replica_name(source.owner());
    return owner ? std::optional(owner->ordinal) : std::nullopt;
}

}  // namespace quorate::cli
