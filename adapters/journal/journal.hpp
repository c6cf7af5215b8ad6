// The durable order of an agent's events and decisions, in RocksDB. `append` returns when the
// records are on disk; what it acknowledged survives a crash at any moment.
//
// Opening never fails because of what is inside: a journal that is torn at its tail is cut there;
// one that is damaged, another replica's or too new is renamed and kept for a person, and a fresh
// one is started, because the state can be rebuilt from observation. It does fail when the
// directory cannot be used at all (in use, no permission, disk full), and then nothing is renamed.
//
// One thread uses a Journal. The directory is locked while it is open; open_read_only needs no
// lock and disturbs nobody.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "adapters/base/result.hpp"
#include "adapters/journal/source.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"

namespace quorate::journal {

inline constexpr std::uint32_t kFormat = 1;     // of keys and values; raised when an older binary
                                                // could misread what a newer one wrote
inline constexpr std::size_t kSetAsideMax = 4;  // kept for a person; the oldest is removed beyond

struct Options {
    std::filesystem::path path;
    Bytes max_bytes{Bytes{std::uint64_t{64} << 20}};
    std::string owner;  // whose journal it is; a journal with another owner is foreign
};

enum class Condition {
    fresh,          // there was none
    intact,         // every record verified
    torn_tail_cut,  // verified up to a torn end, which was never acknowledged; cut there
    damaged,        // set aside
    foreign,        // set aside: another owner
    newer_format,   // set aside: written by a newer binary
};

std::string_view name_of(Condition condition);

struct Record {
    EventSeq seq;
    std::string bytes;
};

class Journal final : public Source {
  public:
    struct Store;  // RocksDB stays in store.hpp
    struct Extent {
        EventSeq first;
        EventSeq last;
        wire::ChainValue chain;  // of the last record
        Bytes content;           // keys and values, before any overhead
    };

    Journal(std::unique_ptr<Store> store, Options options, Extent extent);
    ~Journal() override;

    const std::string& owner() const override { return options_.owner; }
    EventSeq first() const override { return extent_.first; }
    EventSeq last() const override { return extent_.last; }
    Result<std::optional<Snapshot>> snapshot(EventSeq not_after) const override;
    Result<void> for_each(EventSeq from, const Visit& visit) const override;
    wire::ChainValue chain() const { return extent_.chain; }
    const Options& options() const { return options_; }
    // The directory was deleted or moved away: what is appended from now on is not kept. Cheap.
    bool is_gone() const;
    Bytes size() const;           // of the directory, now
    std::uint64_t syncs() const;  // how often the log was forced to disk: one for each append

    // All or nothing, on disk when it returns. The records must continue last(). A failure is
    // `unknown`: the records may be there; the journal then takes no more until it is reopened.
    Result<void> append(std::span<const Record> records);

    // The state as of record `at`, which must be there.
    Result<void> put_snapshot(EventSeq at, const std::string& bytes);

    // Keeps the latest snapshot and everything after it, and of what is older (so that `explain`
    // can look back) as much as fits into half of max_bytes. Cheap when nothing is to be done;
    // otherwise tens of milliseconds. Call it after put_snapshot: between two calls the journal
    // grows by what is appended, so a snapshot is due at least every max_bytes / 8.
    Result<void> prune();

  private:
    struct Keep {
        EventSeq at;    // of the snapshot; 0: there is none
        Bytes content;  // of it and everything after it
    };

    Result<void> usable() const;
    Keep oldest_to_keep() const;
    Result<wire::ChainValue> chain_at(EventSeq at) const;

    std::unique_ptr<Store> store_;
    Options options_;
    Extent extent_;
    int directory_ = -1;  // held open, so that its inode is not another's by now
    bool broken_ = false;
};

struct Opened {
    std::unique_ptr<Journal> journal;
    Condition condition = Condition::fresh;
    std::string what;       // why it is not intact; empty for fresh and intact
    std::string set_aside;  // where the old one went; empty when it stayed
};

Result<Opened> open(Options options, Instant now);

// A journal that goes on after record `at` of one that is gone: nothing is in it but the state as
// of that record. What lies at the path by now is set aside. The old one must be closed.
Result<std::unique_ptr<Journal>> open_after(EventSeq at, wire::ChainValue chain,
                                            const std::string& state, Options options, Instant now);

// A view as of now; a running agent may own the journal and goes on writing.
Result<std::unique_ptr<Source>> open_read_only(const std::filesystem::path& path);

}  // namespace quorate::journal
