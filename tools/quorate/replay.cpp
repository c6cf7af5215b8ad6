// quorate replay: decides everything in a journal once more and compares byte for byte; then tells
// the story of it.
#include "replay/replay.hpp"

#include <iostream>

#include "replay/timeline.hpp"
#include "tools/quorate/records.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

// A journal as the replay reads it: from its oldest record on.
class WholeJournal final : public replay::Source {
  public:
    static Result<WholeJournal> of(const journal::Source& source) {
        WholeJournal whole(source);
        if (source.first() == EventSeq{1}) return whole;
        auto oldest = source.snapshot(EventSeq{source.first().value - 1});
        if (!oldest) return tl::unexpected(oldest.error());
        if (!*oldest)
            return refused("its first record is " + std::to_string(source.first().value) +
                               " and the state before it is not there",
                           "journal");
        whole.snapshot_ = replay::Snapshot{(*oldest)->at, (*oldest)->bytes};
        return whole;
    }

    const std::optional<replay::Snapshot>& snapshot() const override { return snapshot_; }

    std::string for_each(const Visit& visit) const override {
        const auto read =
            source_.for_each(source_.first(), [&](EventSeq seq, std::string_view entry) {
                visit(seq, entry);
                return true;
            });
        return read ? std::string() : text_of(read.error());
    }

  private:
    explicit WholeJournal(const journal::Source& source) : source_(source) {}

    const journal::Source& source_;
    std::optional<replay::Snapshot> snapshot_;
};

Exit replay_journal(const std::string& path, bool quiet) {
    const auto source = open_source(path);
    if (!source) return fail(Exit::journal, source.error());
    const auto whole = WholeJournal::of(**source);
    if (!whole) return fail(Exit::journal, whole.error());
    const replay::Verdict verdict = replay::replay(*whole);
    if (!quiet) std::cout << replay::render(*whole);
    if (!verdict.agrees()) {
        std::cout << std::flush;
        return fail(Exit::journal, path + ": " + replay::explain(verdict));
    }
    std::cout << (*source)->owner() << ": " << replay::explain(verdict) << std::endl;
    return Exit::ok;
}

}  // namespace

void add_replay(CLI::App& app, Exit& exit) {
    auto path = std::make_shared<std::string>();
    auto quiet = std::make_shared<bool>(false);
    CLI::App* verb = app.add_subcommand("replay", "decides a journal again, bit for bit");
    verb->add_option("path", *path, "a journal directory or an exported file")->required();
    verb->add_flag("--quiet", *quiet, "only the verdict, no timeline");
    verb->callback([path, quiet, &exit] { exit = replay_journal(*path, *quiet); });
}

}  // namespace quorate::cli
