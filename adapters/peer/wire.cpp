#include "adapters/peer/wire.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include "adapters/base/rest_of.hpp"
#include "core/base/limits.hpp"

namespace quorate::peer {
namespace {

void put(const Remembered& from, pb::Remembered* to) {
    to->set_epoch(from.epoch.value);
    to->set_member_id(from.member_id.value);
    to->set_nonce(from.nonce.value);
    to->set_term(from.position.term.value);
    to->set_index(from.position.index.value);
}

Remembered remembered_in(const pb::Remembered& from) {
    return {{from.epoch()}, {from.member_id()}, {from.nonce()}, {{from.term()}, {from.index()}}};
}

void put(const ContentFound& from, pb::ContentFound* to) {
    to->set_epoch(from.epoch.value);
    to->set_at_us(from.at.us);
    to->set_age_us(from.age.us);
    for (const MemberId id : from.doubted)
        to->add_doubted(id.value);
    for (const MemberId id : from.agreed)
        to->add_agreed(id.value);
}

// Only what one comparison of so many replicas can have found.
std::optional<ContentFound> found_in(const pb::ContentFound& from) {
    const auto members = std::max(from.doubted_size(), from.agreed_size());
    if (from.age_us() < 0 || members > static_cast<int>(limits::replicas_max)) return std::nullopt;
    ContentFound found{{from.epoch()}, {from.at_us()}, {from.age_us()}, {}, {}};
    for (const std::uint64_t id : from.doubted())
        found.doubted.push_back({id});
    for (const std::uint64_t id : from.agreed())
        found.agreed.push_back({id});
    return found;
}

}  // namespace

pb::Letter to_wire(const Letter& letter) {
    pb::Letter message;
    message.set_from(letter.from.value);
    message.set_to(letter.to.value);
    message.set_session(letter.session);
    pb::Report* report = message.mutable_report();
    report->set_lineage(letter.report.lineage.value);
    report->set_boot(letter.report.boot);
    report->set_sequence(letter.report.sequence);
    report->set_founded(letter.report.founded.value);
    put(letter.report.self, report->mutable_self());
    for (const auto& [ordinal, remembered] : letter.report.others) {
        pb::RememberedReplica* each = report->add_others();
        each->set_ordinal(ordinal.value);
        put(remembered, each->mutable_remembered());
    }
    if (letter.report.content) put(*letter.report.content, report->mutable_content());
    return message;
}

std::optional<Letter> from_wire(const pb::Letter& message) {
    Letter letter{{message.from()}, {message.to()}, {}, message.session()};
    const pb::Report& report = message.report();
    letter.report.lineage = {report.lineage()};
    letter.report.boot = report.boot();
    letter.report.sequence = report.sequence();
    letter.report.founded = {report.founded()};
    letter.report.self = remembered_in(report.self());
    for (const pb::RememberedReplica& each : report.others()) {
        const Ordinal ordinal{each.ordinal()};
        if (ordinal.value >= limits::replicas_max || letter.report.others.contains(ordinal))
            return std::nullopt;
        letter.report.others[ordinal] = remembered_in(each.remembered());
    }
    if (!report.has_content()) return letter;
    letter.report.content = found_in(report.content());
    if (!letter.report.content) return std::nullopt;
    return letter;
}

gpr_timespec deadline_after(Span span) {
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(span.us, GPR_TIMESPAN));
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text = rest_of(file);
    if (text.empty())
        return refused("a file of the agent's certificate is missing or empty; quorate up makes it",
                       path);
    return text;
}

Result<Pem> read(const Files& files, End end) {
    auto ca = read_file(files.ca);
    if (!ca) return tl::unexpected(ca.error());
    auto cert = read_file(files.cert);
    if (!cert) return tl::unexpected(cert.error());
    auto key = read_file(files.key);
    if (!key) return tl::unexpected(key.error());
    if (!belong_together(*cert, *key))
        return refused(
            "the key does not belong to the certificate beside it; put back the one "
            "that does",
            files.key);
    if (const auto distrusted = distrust(*cert, *ca, end))
        return refused(distrusted->cause + ": " + meaning_of(distrusted->doubt), files.cert);
    return Pem{std::move(*ca), std::move(*cert), std::move(*key)};
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "a certificate without names" : text;
}

std::string in_words(const Distrust& distrusted, const Shown& shown) {
    return listed(shown.names) + " (" + distrusted.cause + "): " + meaning_of(distrusted.doubt);
}

}  // namespace quorate::peer
