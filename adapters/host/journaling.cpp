#include "adapters/host/journaling.hpp"

#include <system_error>
#include <utility>
#include <vector>

#include "adapters/clock/clock.hpp"
#include "core/step.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "core/wire/state.hpp"

namespace quorate::host {
namespace {

constexpr Span deletion_takes = seconds(1);

struct Folded {
    State state;
    std::string disagreement;  // empty: every record agrees
};

std::string fold_one(State& state, EventSeq seq, std::string_view payload) {
    const std::string where = "record " + std::to_string(seq.value) + " ";
    auto entry = wire::decode_entry(payload);
    if (const auto* error = std::get_if<wire::WireError>(&entry)) return where + error->what;
    const auto& read = std::get<wire::JournalEntry>(entry);
    auto event = wire::decode_event(read.event);
    if (const auto* error = std::get_if<wire::WireError>(&event)) return where + error->what;
    Step step = quorate::step(std::move(state), std::get<Event>(event));
    state = std::move(step.next);
    if (wire::encode(step.decision) != read.decision) return where + "holds another decision";
    if (wire::digest(state) != read.digest) return where + "leads to another state";
    return {};
}

Result<Folded> fold_journal(const journal::Source& source) {
    auto latest = source.latest();
    if (!latest) return tl::unexpected(latest.error());
    Folded folded;
    EventSeq from{1};
    if (*latest) {
        auto state = wire::decode_state((*latest)->bytes);
        if (const auto* error = std::get_if<wire::WireError>(&state)) {
            folded.disagreement = "the snapshot cannot be read: " + error->what;
            return folded;
        }
        folded.state = std::get<State>(std::move(state));
        from = EventSeq{(*latest)->at.value + 1};
    }
    auto read = source.for_each(from, [&](EventSeq seq, std::string_view payload) {
        folded.disagreement = fold_one(folded.state, seq, payload);
        return folded.disagreement.empty();
    });
    if (!read) return tl::unexpected(read.error());
    return folded;
}

std::filesystem::path disagreement_name(const std::filesystem::path& path, Instant now) {
    return path.string() + ".set-aside-" + std::to_string(now.us / 1'000'000) + "-other-decisions";
}

}  // namespace

Result<Journaling::Opened> Journaling::open(const std::filesystem::path& path,
                                            const std::string& owner, Bytes max, Instant now) {
    auto opened = journal::open({path, max, owner}, now);
    if (!opened) return tl::unexpected(opened.error());
    Opened result;
    if (!opened->what.empty())
        result.note = "the journal was " + std::string(journal::name_of(opened->condition)) + ": " +
                      opened->what +
                      (opened->set_aside.empty() ? "" : "; it is kept as " + opened->set_aside);
    auto folded = fold_journal(*opened->journal);
    if (!folded) return tl::unexpected(folded.error());
    if (!folded->disagreement.empty()) {
        opened->journal.reset();
        const auto aside = disagreement_name(path, now);
        std::error_code error;
        std::filesystem::rename(path, aside, error);
        if (error) return refused("cannot be set aside: " + error.message(), path);
        opened = journal::open({path, max, owner}, now);
        if (!opened) return tl::unexpected(opened.error());
        result.note = "the journal does not agree with this release (" + folded->disagreement +
                      "); it is kept as " + aside.filename().string();
        folded->state = State{};
    }
    result.state = std::move(folded->state);
    result.journal.reset(new Journaling(std::move(opened->journal), max));
    return result;
}

Durable Journaling::commit(std::span<const Record> records) {
    std::vector<journal::Record> batch;
    for (const Record& record : records) {
        wire::JournalEntry entry{wire::encode(record.event), wire::encode(record.decision),
                                 record.digest};
        batch.push_back({record.event.seq, wire::encode_entry(entry)});
        since_snapshot_ += batch.back().bytes.size();
    }
    if (!journal_) return Durable::no;
    if (auto appended = journal_->append(batch); !appended) {
        failure_ = appended.error().what + " (" + appended.error().where + ")";
        return Durable::no;
    }
    if (told_)
        for (const Record& record : records)
            told_(record);
    return Durable::yes;
}

std::string Journaling::keep(const State& state) {
    if (!journal_->is_gone()) {
        gone_since_.reset();
        keep_small(state);
        return {};
    }
    const Instant now = clock::since_boot();
    if (!gone_since_) gone_since_ = now;
    if (now < *gone_since_ + deletion_takes) return {};
    gone_since_.reset();
    return begin_anew(state);
}

std::string Journaling::begin_anew(const State& state) {
    const journal::Options options = journal_->options();
    const wire::ChainValue chain = journal_->chain();
    journal_.reset();
    auto opened =
        journal::open_after(state.seq, chain, wire::encode(state), options, clock::wall());
    if (!opened) {
        failure_ = opened.error().what + " (" + opened.error().where + ")";
        return "the journal was deleted, and cannot be begun anew: " + failure_;
    }
    journal_ = std::move(*opened);
    since_snapshot_ = 0;
    return "the journal was deleted; a new one begins after event " +
           std::to_string(state.seq.value);
}

void Journaling::keep_small(const State& state) {
    if (since_snapshot_ < max_.value / 16) return;
    since_snapshot_ = 0;
    if (auto put = journal_->put_snapshot(state.seq, wire::encode(state)); !put) {
        failure_ = put.error().what;
        return;
    }
    if (auto pruned = journal_->prune(); !pruned) failure_ = pruned.error().what;
}

}  // namespace quorate::host
