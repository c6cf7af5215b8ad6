// quorate journal: a journal as it lies there: what is in it, as one file, is it whole.
#include <iostream>

#include "adapters/journal/export.hpp"
#include "tools/quorate/records.hpp"
#include "tools/quorate/render.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::string path;
    std::string file = "quorate-journal.bin";
    std::uint64_t from = 0;
};

std::string extent_of(const journal::Source& source) {
    if (source.last() < source.first()) return source.owner() + ": no records";
    return source.owner() + ": records " + std::to_string(source.first().value) + " to " +
           std::to_string(source.last().value);
}

Exit list(const Asked& asked) {
    const auto source = open_source(asked.path);
    if (!source) return fail(Exit::journal, source.error());
    const Ordinal replica = replica_of(**source).value_or(Ordinal{});
    const EventSeq from = std::max(EventSeq{asked.from}, (*source)->first());
    auto read = for_each_record(**source, from, [&](const api::Explained& record) {
        std::cout << render_line(record, replica) << "\n";
    });
    std::cout << std::flush;
    return read ? Exit::ok : fail(Exit::journal, read.error());
}

Exit export_to(const Asked& asked) {
    const auto source = open_source(asked.path);
    if (!source) return fail(Exit::journal, source.error());
    if (asked.file == "-") {
        auto done = journal::export_to_stream(**source, std::cout, EventSeq{asked.from});
        return done ? Exit::ok : fail(Exit::journal, done.error());
    }
    if (auto done = journal::export_to_file(**source, asked.file, EventSeq{asked.from}); !done)
        return fail(Exit::journal, done.error());
    std::cout << extent_of(**source) << "\nexported to " << asked.file << std::endl;
    return Exit::ok;
}

// Checksums, order and chain; whether its decisions are what this release decides: quorate replay.
Exit verify(const Asked& asked) {
    const auto source = open_source(asked.path);
    if (!source) return fail(Exit::journal, source.error());
    if (auto read = for_each_record(**source, (*source)->first(), [](const auto&) {}); !read)
        return fail(Exit::journal, read.error());
    std::cout << extent_of(**source) << ", all whole" << std::endl;
    return Exit::ok;
}

}  // namespace

void add_journal(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("journal", "looks into a journal; agents may be running");
    verb->require_subcommand(1);
    const auto add = [&](const char* name, const char* meaning, Exit (*act)(const Asked&)) {
        CLI::App* part = verb->add_subcommand(name, meaning);
        part->add_option("path", asked->path, "a journal directory or an exported file")
            ->required();
        part->callback([asked, act, &exit] { exit = act(*asked); });
        return part;
    };
    add("list", "one line a record", list)->add_option("--from", asked->from, "first event");
    CLI::App* exporting = add("export", "makes one file of it", export_to);
    exporting->add_option("file", asked->file, "what to write; - is stdout")->capture_default_str();
    exporting->add_option("--from", asked->from, "first event that must be replayable");
    add("verify", "checksums, order, chain", verify);
}

}  // namespace quorate::cli
